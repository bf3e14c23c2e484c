/**
 * Makes packets of payloads and payloads of packets. Payloads of 16 MB - 1 and more are split and joined.
 */
import { WireError } from '@gatehouse/wire';
import { FULL_PAYLOAD_BYTES, HEADER_BYTES } from './packet-codec.ts';

/** Encodes one payload as one or more packets, counting on from `sequence`. */
export function encodePacket(sequence: number, payload: Buffer): Buffer {
  if (payload.length < FULL_PAYLOAD_BYTES) return encodeOne(sequence, payload);
  const parts: Buffer[] = [];
  for (let at = 0, number = sequence; ; at += FULL_PAYLOAD_BYTES, number++) {
    const part = payload.subarray(at, at + FULL_PAYLOAD_BYTES);
    parts.push(encodeOne(number, part));
    if (part.length < FULL_PAYLOAD_BYTES) return Buffer.concat(parts);
  }
}

/** The payload of a frame that was received whole or collected from its pieces; lends where one packet holds it. */
export function payloadOf(bytes: Buffer, start = 0, end = bytes.length): Buffer {
  const parts: Buffer[] = [];
  for (let at = start; at < end; ) {
    if (end - at < HEADER_BYTES) throw new WireError('read-past-end', 'packet header');
    const length = bytes.readUIntLE(at, 3);
    if (end - at - HEADER_BYTES < length) throw new WireError('read-past-end', 'packet payload');
    parts.push(bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length));
    at += HEADER_BYTES + length;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function encodeOne(sequence: number, payload: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  packet.writeUIntLE(payload.length, 0, 3);
  packet[3] = sequence & 0xff;
  payload.copy(packet, HEADER_BYTES);
  return packet;
}
