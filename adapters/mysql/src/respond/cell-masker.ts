/**
 * Masks one column's values in the text and in the binary form.
 *
 * The wire form becomes canonical text, the masker of `packages/masking` gives canonical text back, and
 * that becomes the wire form again. What does not fit on the way becomes NULL, never the original.
 */
import { type ColumnMask, createMasker, type MaskColumn } from '@gatehouse/masking';
import type { MaskerSpec } from '@gatehouse/model';
import { ByteWriter } from '@gatehouse/wire';
import { formatBinaryValue, parseBinaryValue, type ValueShape } from '../codec/binary-value.ts';
import { writeLenencBytes } from '../codec/lenenc.ts';
import {
  type CharacterSet,
  characterSetOf,
  decodeText,
  encodeText,
  maxBytesPerCharacter,
} from '../messages/character-set.ts';
import { type ColumnDefinition41, UNSIGNED_FLAG } from '../messages/column-definition-41.ts';
import { type Layout, TYPE } from '../messages/column-type.ts';

export interface CellMasker {
  /** A text value, without its length; null becomes NULL. */
  text(value: Buffer): Buffer | null;
  /** A binary value without its length; gives bytes with their length where the layout has one. */
  binary(value: Buffer, layout: Layout): Buffer | null;
}

export function createCellMasker(column: ColumnDefinition41, spec: MaskerSpec, key: Buffer): CellMasker {
  const set = characterSetOf(column.collation);
  const shape = maskColumnOf(column, set);
  const mask = createMasker(spec, { key }).column(shape);
  const values: ValueShape = {
    unsigned: (column.flags & UNSIGNED_FLAG) !== 0,
    decimals: column.decimals,
    dateOnly: column.type === TYPE.date || column.type === TYPE.newdate,
  };
  const fits = column.type === TYPE.year ? isYear : () => true;
  const textSet: CharacterSet = shape.type === 'text' || shape.type === 'json' ? (set ?? 'utf8mb4') : 'ascii';
  const minDigits = column.type === TYPE.year ? 4 : 0;
  const apply = (canonical: () => string): string | null => {
    const masked = mask.kind === 'constant' ? mask.value : mask.mask(canonical());
    return masked !== null && fits(masked) ? masked : null;
  };
  const encode = (masked: string): Buffer =>
    shape.type === 'bytes'
      ? Buffer.from(masked, 'hex')
      : encodeText(masked.padStart(minDigits, '0'), textSet);
  const decode = (value: Buffer): string =>
    shape.type === 'bytes' ? value.toString('hex') : decodeText(value, textSet);
  return memoised(mask, {
    text(value) {
      const masked = apply(() => decode(value));
      return masked === null ? null : encode(masked);
    },
    binary(value, layout) {
      const masked = apply(() =>
        layout === 'lenenc' ? decode(value) : formatBinaryValue(value, layout, values),
      );
      if (masked === null) return null;
      return layout === 'lenenc' ? withLength(encode(masked)) : parseBinaryValue(masked, layout, values);
    },
  });
}

/** A constant is encoded once. */
function memoised(mask: ColumnMask, masker: CellMasker): CellMasker {
  if (mask.kind === 'computed') return masker;
  const empty = Buffer.alloc(0);
  const text = masker.text(empty);
  const binary = new Map<Layout, Buffer | null>();
  return {
    text: () => text,
    binary(_value, layout) {
      let bytes = binary.get(layout);
      if (bytes === undefined) {
        bytes = masker.binary(empty, layout);
        binary.set(layout, bytes);
      }
      return bytes;
    },
  };
}

/** What the masker needs to know so that its result fits into the column. */
function maskColumnOf(column: ColumnDefinition41, set: CharacterSet | null): MaskColumn {
  const unsigned = (column.flags & UNSIGNED_FLAG) !== 0;
  switch (column.type) {
    case TYPE.tiny:
      return { type: 'integer', bits: 8, unsigned };
    case TYPE.short:
      return { type: 'integer', bits: 16, unsigned };
    case TYPE.year:
      return { type: 'integer', bits: 16, unsigned: true };
    case TYPE.int24:
      return { type: 'integer', bits: 24, unsigned };
    case TYPE.long:
      return { type: 'integer', bits: 32, unsigned };
    case TYPE.longlong:
      return { type: 'integer', bits: 64, unsigned };
    case TYPE.float:
      return { type: 'float', bits: 32 };
    case TYPE.double:
      return { type: 'float', bits: 64 };
    case TYPE.decimal:
    case TYPE.newdecimal:
      return decimalOf(column, unsigned);
    case TYPE.date:
    case TYPE.newdate:
      return { type: 'date' };
    case TYPE.time:
      return { type: 'time' };
    case TYPE.timestamp:
    case TYPE.datetime:
      return { type: 'timestamp' };
    case TYPE.json:
      return { type: 'json' };
    case TYPE.bit:
      return { type: 'bytes', maxLength: (column.length + 7) >> 3 };
    case TYPE.geometry:
    case TYPE.vector:
    case TYPE.null:
      return { type: 'other' };
    default:
      return stringOf(column, set);
  }
}

/** The display length counts the sign and the point. */
function decimalOf(column: ColumnDefinition41, unsigned: boolean): MaskColumn {
  const scale = column.decimals;
  const precision = column.length - (unsigned ? 0 : 1) - (scale > 0 ? 1 : 0);
  return precision >= 1 && scale <= precision
    ? { type: 'decimal', precision, scale, unsigned }
    : { type: 'decimal' };
}

function stringOf(column: ColumnDefinition41, set: CharacterSet | null): MaskColumn {
  if (set === null) return { type: 'other' };
  if (set === 'binary') return { type: 'bytes', maxLength: column.length };
  return { type: 'text', maxLength: Math.floor(column.length / maxBytesPerCharacter(set)) };
}

function isYear(text: string): boolean {
  const year = Number(text);
  return year === 0 || (year >= 1901 && year <= 2155);
}

function withLength(value: Buffer): Buffer {
  const writer = new ByteWriter(value.length + 9);
  writeLenencBytes(writer, value);
  return writer.take();
}
