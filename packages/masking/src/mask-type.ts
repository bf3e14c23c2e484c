/**
 * The logical types that a masker knows, and the canonical text that stands for a value of each.
 *
 * Adapters turn wire bytes into this text and back; maskers promise that what they return is again
 * canonical text of the same type (or null), so that an encoder never has to doubt it.
 *
 * | type | canonical text |
 * |---|---|
 * | `text` | any string |
 * | `integer` | `-?[0-9]+` without leading zeros |
 * | `decimal` | `-?[0-9]+(.[0-9]+)?`; an exponent, `NaN`, `Infinity` are read too |
 * | `float` | what `String(number)` gives |
 * | `boolean` | `true` or `false` |
 * | `date` | `YYYY-MM-DD`; years may have more digits and a sign |
 * | `time` | `HH:MM:SS` with optional fraction |
 * | `timestamp` | `YYYY-MM-DD HH:MM:SS` with optional fraction; no zone: an instant is given in UTC |
 * | `uuid` | `8-4-4-4-12` lower-case hexadecimal digits |
 * | `bytes` | lower-case hexadecimal digits, two for each byte |
 * | `json` | JSON text |
 * | `other` | anything; always masked to null |
 */
export const MASK_TYPES = [
  'text',
  'integer',
  'decimal',
  'float',
  'boolean',
  'date',
  'time',
  'timestamp',
  'uuid',
  'bytes',
  'json',
  'other',
] as const;

export type MaskType = (typeof MASK_TYPES)[number];

/** What is known of a column, so that a masked value fits into it. Everything but the type may be absent. */
export interface MaskColumn {
  readonly type: MaskType;
  /** Width of an integer (default 32) or of a float (default 64). */
  readonly bits?: 8 | 16 | 24 | 32 | 64;
  /** The integer has no sign bit. */
  readonly unsigned?: boolean;
  /** Longest value: code points of `text`, bytes of `bytes`. */
  readonly maxLength?: number;
  /** Digits of a decimal in all, and behind the point. */
  readonly precision?: number;
  readonly scale?: number;
}
