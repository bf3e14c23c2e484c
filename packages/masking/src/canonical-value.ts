/**
 * Reads canonical text (see `MaskType`) strictly. Anything else is null, and the masker's result is
 * then NULL: what is not understood is never passed on.
 */

/** A number as `unscaled × 10^-scale`. */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

/** Digits of the longest number that is computed with; PostgreSQL's numeric has at most 147,455. */
const MAX_DECIMAL_DIGITS = 2_000;

const INTEGER = /^-?(?:0|[1-9][0-9]*)$/;
const DECIMAL = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,5}))?$/;
const DATE = /^([+-]?[0-9]{4,6})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/;
const TIME = /^(?:[01][0-9]|2[0-4]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]{1,9})?$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BYTES = /^(?:[0-9a-f]{2})*$/;

export function parseInteger(text: string): bigint | null {
  return text.length <= 20 && INTEGER.test(text) ? BigInt(text) : null;
}

/** Null for `NaN` and infinities too: they have no multiple and no digits. */
export function parseDecimal(text: string): Decimal | null {
  const match = text.length <= MAX_DECIMAL_DIGITS ? DECIMAL.exec(text) : null;
  if (match === null) return null;
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const scale = fraction.length - Number(exponent);
  if (Math.abs(scale) > MAX_DECIMAL_DIGITS) return null;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  return scale >= 0 ? { unscaled: digits, scale } : { unscaled: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** Writes a number with exactly its scale. */
export function formatDecimal({ unscaled, scale }: Decimal): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(digits.length - scale)}`;
}

/** Null for `NaN` and infinities. */
export function parseFloatText(text: string): number | null {
  const value = text.length <= 40 && DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

/** The year as written, or null; year zero and infinities are null. */
export function parseYear(date: string): string | null {
  const year = DATE.exec(date)?.[1];
  return year === undefined || Number(year) === 0 ? null : year;
}

export function isTime(text: string): boolean {
  return TIME.test(text);
}

/** Splits a timestamp into date and time; null unless both are canonical. */
export function parseTimestamp(text: string): { readonly date: string; readonly time: string } | null {
  const date = text.slice(0, text.indexOf(' '));
  const time = text.slice(date.length + 1);
  return text.length <= 40 && DATE.test(date) && TIME.test(time) ? { date, time } : null;
}

export function isDate(text: string): boolean {
  return DATE.test(text);
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Looped and not matched: a regular expression over megabytes may overflow its stack. */
export function isBytes(text: string): boolean {
  if (text.length % 2 !== 0) return false;
  if (text.length <= 1024) return BYTES.test(text);
  for (let at = 0; at < text.length; at += 1024) if (!BYTES.test(text.slice(at, at + 1024))) return false;
  return true;
}
