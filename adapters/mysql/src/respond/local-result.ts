/**
 * An empty result set that the gateway answers itself.
 */
import { ByteWriter } from '@gatehouse/wire';
import { writeLenencBytes } from '../codec/lenenc.ts';
import { encodePacket } from '../codec/packet.ts';
import type { Negotiated } from '../handshake/negotiated.ts';
import { DEFAULT_COLLATION } from '../messages/character-set.ts';
import { TYPE } from '../messages/column-type.ts';
import { encodeEofPacket } from '../messages/eof-packet.ts';
import { encodeOkPacket } from '../messages/ok-packet.ts';

/** All packets of a text result set with these columns and no rows. */
export function encodeEmptyResult(
  columns: readonly string[],
  sequence: number,
  status: number,
  { deprecateEof, extendedMetadata }: Pick<Negotiated, 'deprecateEof' | 'extendedMetadata'>,
): Buffer {
  const definitions = columns.map((name) => columnDefinition(name, extendedMetadata));
  const payloads = [Buffer.of(columns.length), ...definitions];
  if (!deprecateEof) payloads.push(encodeEofPacket(status));
  payloads.push(deprecateEof ? encodeOkPacket(status, 0xfe) : encodeEofPacket(status));
  return Buffer.concat(payloads.map((payload, i) => encodePacket(sequence + i, payload)));
}

function columnDefinition(name: string, extendedMetadata: boolean): Buffer {
  const writer = new ByteWriter(64);
  for (const part of ['def', '', '', '', name, '']) writeLenencBytes(writer, Buffer.from(part, 'utf8'));
  if (extendedMetadata) writer.uint8(0);
  return writer
    .uint8(0x0c)
    .uint16le(DEFAULT_COLLATION)
    .uint32le(1024)
    .uint8(TYPE.varString)
    .uint16le(0)
    .uint8(31)
    .zeros(2)
    .take();
}
