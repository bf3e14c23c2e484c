import type { Frame } from '@gatehouse/wire';
import { bodyOf, encodeMessage } from './message-body.ts';
import { BACKEND } from './message-type.ts';

/** Small messages of a backend that the gateway words itself while a client logs in. */
export function encodeAuthentication(code: number, data: Buffer = Buffer.alloc(0)): Buffer {
  return encodeMessage(BACKEND.authentication, (body) => body.int32be(code).bytes(data));
}

/** AuthenticationSASL with the mechanisms in the order of preference. */
export function encodeSaslMechanisms(mechanisms: readonly string[]): Buffer {
  return encodeMessage(BACKEND.authentication, (body) => {
    body.int32be(AUTHENTICATION.sasl);
    for (const mechanism of mechanisms) body.cstring(mechanism);
    body.uint8(0);
  });
}

export function encodeParameterStatus(name: string, value: string): Buffer {
  return encodeMessage(BACKEND.parameterStatus, (body) => body.cstring(name).cstring(value));
}

export function decodeParameterStatus(frame: Frame): { readonly name: string; readonly value: string } {
  const body = bodyOf(frame);
  const status = { name: body.cstring(), value: body.cstring() };
  body.end();
  return status;
}

export function encodeBackendKeyData(processId: number, secret: Buffer): Buffer {
  return encodeMessage(BACKEND.backendKeyData, (body) => body.int32be(processId).bytes(secret));
}

export function decodeBackendKeyData(frame: Frame): { readonly processId: number; readonly secret: Buffer } {
  const body = bodyOf(frame);
  return { processId: body.int32be(), secret: Buffer.from(body.rest()) };
}

/** Tells a client which protocol and options are spoken here instead of what it asked for. */
export function encodeNegotiateProtocolVersion(version: number, options: readonly string[]): Buffer {
  return encodeMessage(BACKEND.negotiateProtocolVersion, (body) => {
    body.int32be(version).int32be(options.length);
    for (const option of options) body.cstring(option);
  });
}

/** `I` idle, `T` in a transaction, `E` in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E';

export function decodeReadyForQuery(frame: Frame): TransactionStatus {
  const status = String.fromCharCode(bodyOf(frame).uint8());
  return status === 'I' || status === 'T' ? status : 'E';
}

export function encodeReadyForQuery(status: TransactionStatus): Buffer {
  return encodeMessage(BACKEND.readyForQuery, (body) => body.uint8(status.charCodeAt(0)));
}

/** Codes of Authentication messages. */
export const AUTHENTICATION = {
  ok: 0,
  cleartext: 3,
  md5: 5,
  sasl: 10,
  saslContinue: 11,
  saslFinal: 12,
} as const;
