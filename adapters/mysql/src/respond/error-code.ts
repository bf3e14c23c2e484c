/**
 * A GatewayError in MySQL's own numbers.
 *
 * Total over every kind; a few codes of the gateway have a better number of their own. Only server
 * codes: client codes (2000-2999) mean something else to a client library.
 * https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
 */
import type { ErrorKind, GatewayError } from '@gatehouse/model';
import { encodePacket } from '../codec/packet.ts';
import { type ErrPacket, encodeErrPacket } from '../messages/err-packet.ts';

export interface ServerCode {
  readonly code: number;
  readonly sqlState: string;
}

export const CODE_OF_KIND: Readonly<Record<ErrorKind, ServerCode>> = {
  denied: { code: 1142, sqlState: '42000' },
  'needs-approval': { code: 1227, sqlState: '42000' },
  authentication: { code: 1045, sqlState: '28000' },
  throttled: { code: 1226, sqlState: '42000' },
  protocol: { code: 1835, sqlState: 'HY000' },
  limit: { code: 1104, sqlState: '42000' },
  timeout: { code: 3024, sqlState: 'HY000' },
  unavailable: { code: 1158, sqlState: '08S01' },
  overloaded: { code: 1040, sqlState: '08004' },
  shutdown: { code: 1053, sqlState: '08S01' },
  unsupported: { code: 1235, sqlState: '42000' },
  config: { code: 1105, sqlState: 'HY000' },
  audit: { code: 1290, sqlState: 'HY000' },
  internal: { code: 1105, sqlState: 'HY000' },
};

/** By the error's own code, before its kind. */
const CODE_OF_ERROR: ReadonlyMap<string, ServerCode> = new Map([
  ['tls-required', { code: 3159, sqlState: 'HY000' }],
  ['frame-too-large', { code: 1153, sqlState: '08S01' }],
  ['statement-too-large', { code: 1153, sqlState: '08S01' }],
  ['packet-out-of-order', { code: 1156, sqlState: '08S01' }],
  ['unknown-command', { code: 1047, sqlState: '08S01' }],
  ['unknown-statement', { code: 1243, sqlState: 'HY000' }],
  ['too-many-statements', { code: 1461, sqlState: '42000' }],
  ['empty-query', { code: 1065, sqlState: '42000' }],
  ['unknown-thread', { code: 1094, sqlState: 'HY000' }],
  ['not-thread-owner', { code: 1095, sqlState: 'HY000' }],
  ['character-set-unsupported', { code: 1115, sqlState: '42000' }],
  ['syntax-error', { code: 1064, sqlState: '42000' }],
  ['database-denied', { code: 1044, sqlState: '42000' }],
]);

/** Answered by the gateway in the server's place and in its words: nothing of the gateway's is told by them. */
const WORDS_OF_SERVER: readonly string[] = [
  'empty-query',
  'unknown-statement',
  'unknown-thread',
  'not-thread-owner',
];

export function serverCodeOf(error: GatewayError): ServerCode {
  return CODE_OF_ERROR.get(error.code) ?? CODE_OF_KIND[error.kind];
}

/** `gatehouse: what; hint: what else; request id`, the same in every dialect: the protocol has one text for all of it. */
export function errPacketOf(error: GatewayError, hint?: string): ErrPacket {
  if (WORDS_OF_SERVER.includes(error.code)) return { ...serverCodeOf(error), message: error.message };
  const { request } = error.context;
  const parts = [
    `gatehouse: ${error.message}`,
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
    ...(typeof request === 'string' ? [`request ${request}`] : []),
  ];
  return { ...serverCodeOf(error), message: parts.join('; ') };
}

/** The whole ERR packet for the client. */
export function encodeError(sequence: number, error: GatewayError, hint?: string): Buffer {
  return encodePacket(sequence, encodeErrPacket(errPacketOf(error, hint)));
}
