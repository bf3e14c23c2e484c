/**
 * Takes the text out of an ERR: duplicate keys, truncated values and conversion errors quote data.
 */
import { encodePacket } from '../codec/packet.ts';
import { decodeErrPacket, encodeErrPacket } from '../messages/err-packet.ts';

/** The packet for the client: code and SQLSTATE stay. */
export function redactErr(sequence: number, payload: Buffer): Buffer {
  return encodePacket(sequence, encodeErrPacket({ ...decodeErrPacket(payload), message: REDACTED }));
}

const REDACTED = 'the statement failed; the details are withheld because it touches protected data';
