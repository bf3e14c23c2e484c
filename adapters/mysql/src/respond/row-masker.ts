/**
 * Rewrites text and binary rows: masked columns get other values of the same type, the others are copied.
 *
 * Text row: length-encoded strings, 0xFB for NULL. Binary row: 0x00, NULL bitmap from bit 2, values.
 * A value that cannot be masked in its type becomes NULL.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
import type { MaskerSpec } from '@gatehouse/model';
import { ByteReader, ByteWriter, WireError } from '@gatehouse/wire';
import { NULL_VALUE, readNullableBytes, writeLenencBytes } from '../codec/lenenc.ts';
import { HEADER_BYTES } from '../codec/packet-codec.ts';
import type { ColumnDefinition41 } from '../messages/column-definition-41.ts';
import { type Layout, layoutOf, readBinaryValue } from '../messages/column-type.ts';
import { type CellMasker, createCellMasker } from './cell-masker.ts';

export interface RowMasker {
  /** The packet `bytes[start, end)` with its masked columns replaced, and how many values were. */
  mask(bytes: Buffer, start: number, end: number): MaskedRow;
}

export interface MaskedRow {
  readonly bytes: Buffer;
  readonly cells: number;
}

/** `specs` has one entry per column; null leaves it as it is. */
export function createRowMasker(
  columns: readonly ColumnDefinition41[],
  specs: readonly (MaskerSpec | null)[],
  options: { readonly binary: boolean; readonly key: Buffer },
): RowMasker {
  const maskers = columns.map((column, i) => {
    const spec = specs[i] ?? null;
    return spec === null ? null : createCellMasker(column, spec, options.key);
  });
  if (!options.binary) return { mask: (bytes, start, end) => maskTextRow(bytes, start, end, maskers) };
  const layouts = columns.map((column) => layoutOf(column.type));
  return { mask: (bytes, start, end) => maskBinaryRow(bytes, start, end, layouts, maskers) };
}

type CellMaskers = readonly (CellMasker | null)[];

function maskTextRow(bytes: Buffer, start: number, end: number, maskers: CellMaskers): MaskedRow {
  const reader = new ByteReader(bytes, start + HEADER_BYTES, end);
  const writer = new ByteWriter(end - start + 64);
  writer.gap(HEADER_BYTES);
  let cells = 0;
  for (const masker of maskers) {
    const from = reader.offset;
    const value = readNullableBytes(reader);
    if (masker === null || value === null) {
      writer.bytes(bytes.subarray(from, reader.offset));
      continue;
    }
    cells += 1;
    const masked = masker.text(value);
    if (masked === null) writer.uint8(NULL_VALUE);
    else writeLenencBytes(writer, masked);
  }
  reader.end();
  return { bytes: finish(writer, bytes[start + 3]!), cells };
}

function maskBinaryRow(
  bytes: Buffer,
  start: number,
  end: number,
  layouts: readonly Layout[],
  maskers: CellMaskers,
): MaskedRow {
  const reader = new ByteReader(bytes, start + HEADER_BYTES, end);
  if (reader.uint8() !== 0x00) throw new WireError('malformed', 'binary row');
  const bitmapBytes = (layouts.length + 9) >> 3;
  const nulls = Buffer.from(reader.bytes(bitmapBytes));
  const writer = new ByteWriter(end - start + 64);
  writer.gap(HEADER_BYTES);
  writer.uint8(0x00);
  const bitmapAt = writer.gap(bitmapBytes);
  let cells = 0;
  for (const [i, layout] of layouts.entries()) {
    const bit = i + 2;
    if (((nulls[bit >> 3]! >> (bit & 7)) & 1) === 1) continue;
    const masker = maskers[i] ?? null;
    const from = reader.offset;
    const value = readBinaryValue(reader, layout);
    if (masker === null) {
      writer.bytes(bytes.subarray(from, reader.offset));
      continue;
    }
    cells += 1;
    const masked = masker.binary(value, layout);
    if (masked === null) nulls[bit >> 3]! |= 1 << (bit & 7);
    else writer.bytes(masked);
  }
  reader.end();
  for (const [i, byte] of nulls.entries()) writer.patchUint8(bitmapAt + i, byte);
  return { bytes: finish(writer, bytes[start + 3]!), cells };
}

function finish(writer: ByteWriter, sequence: number): Buffer {
  writer.patchUint24le(0, writer.length - HEADER_BYTES).patchUint8(3, sequence);
  return writer.take();
}
