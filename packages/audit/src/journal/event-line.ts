/**
 * One event as one line of text: what the journal writes, the queue carries and the store keeps.
 *
 *   {"v":1,"node":"gw-1","seq":42,"at":"2026-01-31T12:00:00.000Z","prev":"<64 hex>","body":{…}}
 *
 * `prev` is SHA-256 over the bytes of the line before, without its line feed; the first event of a
 * node has 64 zeros. Keys stand in exactly this order. The line itself is the record: it is passed
 * on byte for byte and never parsed and written again.
 */
import * as crypto from 'node:crypto';
import type { AuditBody } from '@gatehouse/model';

/** `prev` of the first event of a node. */
export const GENESIS = '0'.repeat(64);

/** A line, parsed. */
export interface AuditEvent {
  readonly v: 1;
  readonly node: string;
  /** Counts from 1 per node without gaps. */
  readonly seq: number;
  /** UTC, ISO 8601 with milliseconds, from the clock of the node. */
  readonly at: string;
  readonly prev: string;
  readonly body: AuditBody;
}

/** Gives the line without its line feed. `body` is JSON text; `node` must need no escaping. */
export function formatLine(node: string, seq: number, at: string, prev: string, body: string): string {
  return `{"v":1,"node":"${node}","seq":${seq},"at":"${at}","prev":"${prev}","body":${body}}`;
}

/** SHA-256 over the line's UTF-8 bytes, as 64 hex digits. What was read from a file is hashed as bytes, which may be damaged. */
export const hashLine: (line: string | Uint8Array) => string =
  typeof crypto.hash === 'function'
    ? (line) => crypto.hash('sha256', line, 'hex')
    : (line) => crypto.createHash('sha256').update(line).digest('hex');

/** Gives the event, or null for a text that is not a line of a journal. Does not check the chain. */
export function parseLine(line: string): AuditEvent | null {
  // Half a character cannot have come out of a file, and no store keeps it.
  if (/[\ud800-\udfff]/.test(line) && /\p{Surrogate}/u.test(line)) return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  return isEvent(value) ? value : null;
}

function isEvent(value: unknown): value is AuditEvent {
  if (typeof value !== 'object' || value === null) return false;
  const event = value as Readonly<Record<string, unknown>>;
  return (
    event['v'] === 1 &&
    typeof event['node'] === 'string' &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no name of a node has one, and stores separate by them
    !/[\0-\x1f]/.test(event['node']) &&
    Number.isSafeInteger(event['seq']) &&
    (event['seq'] as number) > 0 &&
    typeof event['at'] === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(event['at']) &&
    !Number.isNaN(Date.parse(event['at'])) &&
    typeof event['prev'] === 'string' &&
    /^[0-9a-f]{64}$/.test(event['prev']) &&
    isBody(event['body'])
  );
}

function isBody(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string'
  );
}
