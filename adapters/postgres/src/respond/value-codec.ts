import type { MaskColumn } from '@gatehouse/masking';
import { BINARY_FORMS } from './binary-form.ts';
import { macForms, networkForms } from './network-form.ts';
import { PLAIN, TEXT_FORMS } from './text-form.ts';

/**
 * Between the server's value formats and the maskers' canonical text.
 *
 * `decode` gives null for what does not look as expected (another DateStyle, infinity), `encode` for what
 * does not fit; both mean NULL for the client.
 */
export interface ValueForm {
  decode(bytes: Buffer): string | null;
  encode(text: string): Buffer | null;
  /** For types of integers. */
  readonly integer?: IntegerForm;
}

export interface ValueCodec extends ValueForm {
  readonly column: MaskColumn;
  /** The bytes are the canonical text itself, in UTF-8. */
  readonly isText?: true;
}

/** Integers without a text in between. */
export interface IntegerForm {
  /** The most bytes that `write` needs. */
  readonly room: number;
  /** NaN for what is not a safe integer in its usual form. */
  read(source: Buffer, start: number, end: number): number;
  /** Writes an integer that fits into the type; where the next byte goes. */
  write(value: number, target: Buffer, to: number): number;
}

/** The codec of a type in a format, or null when only `plainValue` may have a masked value of it. */
export function valueCodec(typeOid: number, typeModifier: number, format: number): ValueCodec | null {
  const type = TYPES.get(typeOid);
  if (type === undefined) return null;
  const column = { ...type.column, ...fitOf(type, typeModifier) };
  const form = format === 0 ? type.text : type.binary;
  return column.type === 'text' ? { column, ...form, isText: true } : { column, ...form };
}

interface TypeForms {
  readonly column: MaskColumn;
  readonly text: ValueForm;
  readonly binary: ValueForm;
  readonly sized?: boolean;
}

/** What a type's modifier says of what fits into the column. */
function fitOf({ column, sized }: TypeForms, typeModifier: number): Partial<MaskColumn> {
  if (typeModifier < 4) return {};
  const size = typeModifier - 4;
  if (sized === true) return { maxLength: size };
  if (column.type !== 'decimal' || column.precision !== undefined) return {};
  // Eleven bits with a sign.
  return { precision: (size >> 16) & 0xffff, scale: ((size & 0x7ff) ^ 0x400) - 0x400 };
}

const STRING: TypeForms = { column: { type: 'text' }, text: PLAIN, binary: PLAIN };
const MONEY: MaskColumn = { type: 'decimal', precision: 18, scale: 2 };

/** By type OID (src/include/catalog/pg_type.dat). */
const TYPES: ReadonlyMap<number, TypeForms> = new Map<number, TypeForms>([
  [16, { column: { type: 'boolean' }, text: TEXT_FORMS.boolean, binary: BINARY_FORMS.boolean }],
  [17, { column: { type: 'bytes' }, text: TEXT_FORMS.bytes, binary: BINARY_FORMS.bytes }],
  [19, STRING],
  [20, { column: { type: 'integer', bits: 64 }, text: TEXT_FORMS.integer, binary: BINARY_FORMS.int8 }],
  [21, { column: { type: 'integer', bits: 16 }, text: TEXT_FORMS.integer, binary: BINARY_FORMS.int2 }],
  [23, { column: { type: 'integer', bits: 32 }, text: TEXT_FORMS.integer, binary: BINARY_FORMS.int4 }],
  [25, STRING],
  [114, { column: { type: 'json' }, text: PLAIN, binary: PLAIN }],
  [650, { column: { type: 'bytes', maxLength: 16 }, ...networkForms(true) }],
  [700, { column: { type: 'float', bits: 32 }, text: PLAIN, binary: BINARY_FORMS.float4 }],
  [701, { column: { type: 'float', bits: 64 }, text: PLAIN, binary: BINARY_FORMS.float8 }],
  [774, { column: { type: 'bytes', maxLength: 8 }, ...macForms(8) }],
  [790, { column: MONEY, text: TEXT_FORMS.money, binary: BINARY_FORMS.money }],
  [829, { column: { type: 'bytes', maxLength: 6 }, ...macForms(6) }],
  [869, { column: { type: 'bytes', maxLength: 16 }, ...networkForms(false) }],
  [1042, { ...STRING, sized: true }],
  [1043, { ...STRING, sized: true }],
  [1082, { column: { type: 'date' }, text: TEXT_FORMS.date, binary: BINARY_FORMS.date }],
  [1083, { column: { type: 'time' }, text: PLAIN, binary: BINARY_FORMS.time }],
  [1114, { column: { type: 'timestamp' }, text: TEXT_FORMS.timestamp, binary: BINARY_FORMS.timestamp }],
  [1184, { column: { type: 'timestamp' }, text: TEXT_FORMS.timestamptz, binary: BINARY_FORMS.timestamp }],
  [1266, { column: { type: 'time' }, text: TEXT_FORMS.timetz, binary: BINARY_FORMS.timetz }],
  [1700, { column: { type: 'decimal' }, text: PLAIN, binary: BINARY_FORMS.numeric }],
  [2950, { column: { type: 'uuid' }, text: PLAIN, binary: BINARY_FORMS.uuid }],
  [3802, { column: { type: 'json' }, text: PLAIN, binary: BINARY_FORMS.jsonb }],
]);
