import { type ColumnMask, LEFT_TO_TEXT, type Masker, MIN_ASCII_ROOM } from '@gatehouse/masking';
import type { ColumnDescription } from '../messages/row-description.ts';
import { MaskMemo } from './mask-memo.ts';
import type { MaskOutput } from './mask-output.ts';
import { type ValueCodec, valueCodec } from './value-codec.ts';

/** What a column's values become. */
export type ColumnMasking =
  /** Every value becomes the same bytes; null for NULL. */
  | { readonly kind: 'constant'; readonly bytes: Buffer | null }
  | { readonly kind: 'computed'; readonly write: WriteMasked };

/**
 * Writes the mask of the value `source[start, end)` to `out`; false for NULL, and then nothing was written.
 * Belongs to one result.
 */
export type WriteMasked = (source: Buffer, start: number, end: number, out: MaskOutput) => boolean;

/** Any value becomes NULL. */
export const HIDDEN: ColumnMasking = { kind: 'constant', bytes: null };

/** Writes what a value becomes; false for NULL. */
export function writeMasked(
  masking: ColumnMasking,
  source: Buffer,
  start: number,
  end: number,
  out: MaskOutput,
): boolean {
  if (masking.kind === 'computed') return masking.write(source, start, end, out);
  const { bytes } = masking;
  if (bytes === null) return false;
  out.copy(bytes, 0, bytes.length);
  return true;
}

/** The masking of a column in the type and format in which it leaves; NULL where its type has no masked form. */
export function columnMasking(
  { typeOid, typeModifier, format }: ColumnDescription,
  masker: Masker,
): ColumnMasking {
  const codec = valueCodec(typeOid, typeModifier, format);
  if (codec === null) return HIDDEN;
  const mask = masker.column(codec.column);
  if (mask.kind === 'constant')
    return { kind: 'constant', bytes: mask.value === null ? null : codec.encode(mask.value) };
  const write = writeInPlace(codec, mask) ?? writeByText(codec, mask);
  return { kind: 'computed', write: mask.isPseudonym === true ? remembering(write) : write };
}

type ComputedMask = Extract<ColumnMask, { kind: 'computed' }>;

/** Any value, by way of its canonical text. */
function writeByText(codec: ValueCodec, mask: ComputedMask): WriteMasked {
  return (source, start, end, out) => {
    const text = codec.decode(source.subarray(start, end));
    const masked = text === null ? null : mask.mask(text);
    const bytes = masked === null ? null : codec.encode(masked);
    if (bytes === null) return false;
    out.copy(bytes, 0, bytes.length);
    return true;
  };
}

/** Values for which no text is needed. */
function writeInPlace(codec: ValueCodec, mask: ComputedMask): WriteMasked | null {
  const rest = writeByText(codec, mask);
  const { ascii, integer } = mask;
  if (ascii !== undefined && codec.isText === true) {
    return (source, start, end, out) => {
      out.reserve(Math.max(end - start, MIN_ASCII_ROOM));
      const size = ascii.write(source, start, end, out.bytes, out.at);
      if (size === LEFT_TO_TEXT) return rest(source, start, end, out);
      out.at += size;
      return true;
    };
  }
  const form = codec.integer;
  if (integer === undefined || form === undefined) return null;
  return (source, start, end, out) => {
    const value = form.read(source, start, end);
    const masked = Number.isNaN(value) ? value : integer(value);
    if (Number.isNaN(masked)) return rest(source, start, end, out);
    out.reserve(form.room);
    out.at = form.write(masked, out.bytes, out.at);
    return true;
  };
}

function remembering(write: WriteMasked): WriteMasked {
  const memo = new MaskMemo();
  return (source, start, end, out) => {
    const place = memo.place(source, start, end);
    if (place === -1) return write(source, start, end, out);
    const found = memo.find(place, source, start, end, out);
    if (found !== null) return found;
    const before = out.length;
    const isValue = write(source, start, end, out);
    memo.keep(place, source, start, end, out, isValue ? out.length - before : null);
    return isValue;
  };
}
