/**
 * Length-encoded integers and strings.
 *
 * `< 0xFB` is the value; 0xFC, 0xFD, 0xFE announce 2, 3, 8 bytes; 0xFB is NULL in text rows and nothing
 * elsewhere; 0xFF is nothing anywhere.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html
 */
import { type ByteReader, type ByteWriter, WireError } from '@gatehouse/wire';

/** NULL in a text row. */
export const NULL_VALUE = 0xfb;

/** Reads a length or count; values above 2^53 are lies. */
export function readLenencInt(reader: ByteReader): number {
  return lenencAfter(reader.uint8(), reader);
}

/** Lends a length-encoded string. */
export function readLenencBytes(reader: ByteReader): Buffer {
  return reader.bytes(readLenencInt(reader));
}

/** Lends one value of a text row; null for NULL. */
export function readNullableBytes(reader: ByteReader): Buffer | null {
  const first = reader.uint8();
  return first === NULL_VALUE ? null : reader.bytes(lenencAfter(first, reader));
}

export function writeLenencInt(writer: ByteWriter, value: number): void {
  if (value < 0xfb) writer.uint8(value);
  else if (value <= 0xffff) writer.uint8(0xfc).uint16le(value);
  else if (value <= 0xff_ffff) writer.uint8(0xfd).uint24le(value);
  else writer.uint8(0xfe).uint64le(BigInt(value));
}

export function writeLenencBytes(writer: ByteWriter, value: Uint8Array): void {
  writeLenencInt(writer, value.length);
  writer.bytes(value);
}

function lenencAfter(first: number, reader: ByteReader): number {
  if (first < NULL_VALUE) return first;
  if (first === 0xfc) return reader.uint16le();
  if (first === 0xfd) return reader.uint24le();
  if (first !== 0xfe) throw new WireError('malformed', 'length-encoded integer');
  const value = reader.uint64le();
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new WireError('malformed', 'length-encoded integer');
  return Number(value);
}
