/**
 * OK: a command succeeded, or (with 0xFE and CLIENT_DEPRECATE_EOF) rows have ended.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_ok_packet.html
 *
 * Session-state information behind the human-readable text is left unread: the gateway asks for what it needs.
 */
import { ByteReader, ByteWriter } from '@gatehouse/wire';
import { writeLenencInt } from '../codec/lenenc.ts';

export interface OkPacket {
  readonly affectedRows: number;
  readonly status: number;
}

/** Decodes a payload that starts with 0x00 or 0xFE. */
export function decodeOkPacket(payload: Buffer): OkPacket {
  const reader = new ByteReader(payload, 1);
  const affectedRows = readAnyInt(reader);
  readAnyInt(reader);
  const status = reader.uint16le();
  return { affectedRows, status };
}

/** The payload of an OK that the gateway says itself. */
export function encodeOkPacket(status: number, header: 0x00 | 0xfe = 0x00): Buffer {
  const writer = new ByteWriter(8);
  writer.uint8(header);
  writeLenencInt(writer, 0);
  writeLenencInt(writer, 0);
  return writer.uint16le(status).uint16le(0).take();
}

/** Affected rows and insert ids may be any 64-bit value; what a number cannot hold is cut to the largest that it can. */
function readAnyInt(reader: ByteReader): number {
  const lead = reader.uint8();
  if (lead < 0xfb) return lead;
  if (lead === 0xfc) return reader.uint16le();
  if (lead === 0xfd) return reader.uint24le();
  return Math.min(Number(reader.uint64le()), Number.MAX_SAFE_INTEGER);
}
