import { type ComputedMask, LEFT_TO_TEXT, type Masker, MIN_ASCII_ROOM } from '@gatehouse/masking';
import type { ColumnDescription } from '../messages/row-description.ts';
import { elementOf } from './array-element.ts';
import { maskArray } from './array-masking.ts';
import { MaskMemo } from './mask-memo.ts';
import {
  type AheadOfBytes,
  type ColumnMasking,
  HIDDEN,
  type ValuesAhead,
  type WriteMasked,
} from './masked-value.ts';
import { plainValue } from './plain-value.ts';
import { type ValueCodec, valueCodec } from './value-codec.ts';

/**
 * The masking of a column in the type and format in which it leaves; NULL where its type has no masked form. An array
 * is masked element by element, and NULL where its elements would be.
 */
export function columnMasking(column: ColumnDescription, masker: Masker): ColumnMasking {
  const { typeOid, typeModifier, format } = column;
  if (masker.spec.kind === 'null') return HIDDEN;
  const element = elementOf(typeOid);
  if (element !== null)
    return maskArray(columnMasking({ ...column, typeOid: element }, masker), element, format);
  const codec = valueCodec(typeOid, typeModifier, format);
  if (codec === null) {
    const isConstant = masker.spec.kind === 'zero' || masker.spec.kind === 'redact';
    return isConstant ? { kind: 'constant', bytes: plainValue(typeOid, typeModifier, format) } : HIDDEN;
  }
  const mask = masker.column(codec.column);
  if (mask.kind === 'constant')
    return { kind: 'constant', bytes: mask.value === null ? null : codec.encode(mask.value) };
  const write = writeInPlace(codec, mask) ?? writeByText(codec, mask);
  if (mask.isPseudonym !== true) return { kind: 'computed', write };
  const memo = new MaskMemo();
  const ahead = aheadInPlace(codec, mask);
  return {
    kind: 'computed',
    write: remembering(memo, write),
    ...(ahead === null ? {} : { ahead: aheadOf(memo, ahead) }),
  };
}

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
    const masked = Number.isNaN(value) ? value : integer.mask(value);
    if (Number.isNaN(masked)) return rest(source, start, end, out);
    out.reserve(form.room);
    out.at = form.write(masked, out.bytes, out.at);
    return true;
  };
}

/** For the values that `writeInPlace` writes. */
function aheadInPlace(codec: ValueCodec, { ascii, integer }: ComputedMask): AheadOfBytes | null {
  if (ascii !== undefined && codec.isText === true) return ascii.ahead ?? null;
  const form = codec.integer;
  const ahead = integer?.ahead;
  if (ahead === undefined || form === undefined) return null;
  return {
    clear: () => ahead.clear(),
    add(source, start, end) {
      const value = form.read(source, start, end);
      if (!Number.isNaN(value)) ahead.add(value);
    },
    run: () => ahead.run(),
  };
}

function aheadOf(memo: MaskMemo, ahead: AheadOfBytes): ValuesAhead {
  return {
    get isUseful() {
      return memo.isGivenUp;
    },
    clear: () => ahead.clear(),
    add: (source, start, end) => ahead.add(source, start, end),
    run: () => ahead.run(),
  };
}

function remembering(memo: MaskMemo, write: WriteMasked): WriteMasked {
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
