/**
 * `token`: a keyed stand-in that keeps a value's format and that the gateway recognises when it comes
 * back, so that a client which reads, edits and saves a row never writes a mask into it.
 *
 * A token is a body, drawn from the keyed stream of the value, and a check, computed over the body
 * and the format. Who has the key verifies the check without knowing the value; a value that was
 * never a token passes by accident with the probability given below.
 *
 * | type | form | body / check bits |
 * |---|---|---|
 * | text | digits stay digits, letters letters of the same case, ASCII separators stay | at least 16 / 16 to 24 |
 * | text too short or longer than 256 | `mask_` and 10 to 20 of `a-z2-7` | 30 / 20 to 60 / 40 |
 * | integer | of 32 or of 52 bits (then exact as a double too) | 14 / 16; 27 / 24 |
 * | decimal, float | a whole number of 52 bits where the column holds it, else of 32 | the same |
 * | uuid, bytes | 16 bytes with version 8; 24 bytes | 74 / 48; 128 / 64 |
 * | json | the second text form as a JSON string | |
 *
 * Two values may share a token; with numbers of 32 bits that is likely beyond a hundred of them.
 * What has no room for a body and a check becomes null: small integers, booleans, dates, short columns.
 */
import { timingSafeEqual } from 'node:crypto';
import { isBytes, isUuid, parseDecimal, parseFloatText, parseInteger } from './canonical-value.ts';
import { formatUuid } from './hash-value.ts';
import { integerRange } from './integer-range.ts';
import { keyedDigest } from './keyed-digest.ts';
import { KeyedMac } from './keyed-mac.ts';
import type { MaskColumn, MaskType } from './mask-type.ts';
import { isTextToken, tokenizeText, tokenizeWhole } from './text-token.ts';

/** Tokenizes one value; null when it is not canonical or no token fits. */
export function tokenizeValue(mac: KeyedMac, column: MaskColumn, value: string): string | null {
  return TOKENIZERS[column.type]?.(mac, column, value) ?? null;
}

/** False where every token would be null, so that none has to be tried. */
export function hasTokens(column: MaskColumn): boolean {
  switch (column.type) {
    case 'integer':
      return widthOf(integerRange(column).max) !== null;
    case 'decimal':
      return widthOf(largestDecimal(column)) !== null;
    case 'float':
      return column.bits !== 32;
    case 'bytes':
      return (column.maxLength ?? TOKEN_BYTES) >= TOKEN_BYTES;
    default:
      return TOKENIZERS[column.type] !== null;
  }
}

/** True when `value` is what `token` with this key gives for some value of the type. */
export function isMaskToken(value: string, key: Buffer, type: MaskType = 'text'): boolean {
  return RECOGNIZERS[type]?.(value, new KeyedMac(key)) ?? false;
}

type Tokenizer = (mac: KeyedMac, column: MaskColumn, value: string) => string | null;

const TOKENIZERS: Readonly<Record<MaskType, Tokenizer | null>> = {
  text: (mac, column, value) => tokenizeText(mac, value, column.maxLength),
  json: (mac, _column, value) => JSON.stringify(tokenizeWhole(mac, value, undefined)),
  integer: (mac, column, value) =>
    parseInteger(value) === null ? null : tokenizeNumber(mac, value, widthOf(integerRange(column).max)),
  decimal: (mac, column, value) =>
    parseDecimal(value) === null ? null : tokenizeNumber(mac, value, widthOf(largestDecimal(column))),
  float: (mac, column, value) =>
    parseFloatText(value) === null ? null : tokenizeNumber(mac, value, column.bits === 32 ? null : WIDE),
  uuid: (mac, _column, value) => (isUuid(value) ? tokenizeUuid(mac, value) : null),
  bytes: (mac, column, value) => (isBytes(value) && hasTokens(column) ? tokenizeBytes(mac, value) : null),
  boolean: null,
  date: null,
  time: null,
  timestamp: null,
  other: null,
};

const RECOGNIZERS: Readonly<Record<MaskType, ((value: string, mac: KeyedMac) => boolean) | null>> = {
  text: isTextToken,
  json: (value, mac) => isJsonToken(value, mac),
  integer: (value, mac) => isNumberToken(parseInteger(value), mac),
  decimal: (value, mac) => isNumberToken(wholePart(value), mac),
  float: (value, mac) => isNumberToken(wholePart(value), mac),
  uuid: (value, mac) => isUuid(value) && isUuidToken(value, mac),
  bytes: (value, mac) => value.length === 48 && isBytes(value) && isBytesToken(value, mac),
  boolean: null,
  date: null,
  time: null,
  timestamp: null,
  other: null,
};

/** How many bits of a number are body and check. */
interface NumberWidth {
  readonly body: number;
  readonly check: number;
}

const TOKEN_BYTES = 24;
const NARROW: NumberWidth = { body: 15, check: 16 };
const WIDE: NumberWidth = { body: 28, check: 24 };

function widthOf(max: bigint): NumberWidth | null {
  if (max >= 0xfffffffffffffn) return WIDE;
  return max >= 0x7fffffffn ? NARROW : null;
}

function largestDecimal(column: MaskColumn): bigint {
  if (column.precision === undefined) return 0xfffffffffffffn;
  return 10n ** BigInt(Math.min(20, Math.max(0, column.precision - (column.scale ?? 0)))) - 1n;
}

function tokenizeNumber(mac: KeyedMac, value: string, width: NumberWidth | null): string | null {
  if (width === null) return null;
  const stream = keyedDigest(mac, 'token:number', value).readUInt32BE(0);
  // The top bit is set: a wide token is never short enough to be taken for a narrow one, and never zero.
  const body = (stream % 2 ** (width.body - 1)) + 2 ** (width.body - 1);
  return String(BigInt(body) * 2n ** BigInt(width.check) + numberCheck(mac, body, width));
}

function isNumberToken(value: bigint | null, mac: KeyedMac): boolean {
  if (value === null || value <= 0n) return false;
  const width = value > 0x7fffffffn ? WIDE : NARROW;
  const body = Number(value >> BigInt(width.check));
  if (body < 2 ** (width.body - 1) || body >= 2 ** width.body) return false;
  return (value & (2n ** BigInt(width.check) - 1n)) === numberCheck(mac, body, width);
}

function numberCheck(mac: KeyedMac, body: number, width: NumberWidth): bigint {
  const digest = keyedDigest(mac, `check:number:${width.check}`, String(body));
  return digest.readBigUInt64BE(0) & (2n ** BigInt(width.check) - 1n);
}

/** A whole number written with a point or an exponent is the same number. */
function wholePart(value: string): bigint | null {
  const number = parseDecimal(value);
  if (number === null) return null;
  const unit = 10n ** BigInt(number.scale);
  return number.unscaled % unit === 0n ? number.unscaled / unit : null;
}

function tokenizeUuid(mac: KeyedMac, value: string): string {
  return sealUuid(mac, keyedDigest(mac, 'token:uuid', value));
}

function sealUuid(mac: KeyedMac, body: Buffer): string {
  const plain = formatUuid(body);
  const check = keyedDigest(mac, 'check:uuid', plain.slice(0, 24)).toString('hex', 0, 6);
  return plain.slice(0, 24) + check;
}

function isUuidToken(value: string, mac: KeyedMac): boolean {
  return same(sealUuid(mac, Buffer.from(value.replaceAll('-', ''), 'hex')), value);
}

function tokenizeBytes(mac: KeyedMac, value: string): string {
  return sealBytes(mac, keyedDigest(mac, 'token:bytes', value).toString('hex', 0, 16));
}

function sealBytes(mac: KeyedMac, body: string): string {
  return body + keyedDigest(mac, 'check:bytes', body).toString('hex', 0, 8);
}

function isBytesToken(value: string, mac: KeyedMac): boolean {
  return same(sealBytes(mac, value.slice(0, 32)), value);
}

function isJsonToken(value: string, mac: KeyedMac): boolean {
  const inner = /^"(mask_[a-z2-7]{10,20})"$/.exec(value)?.[1];
  return inner !== undefined && isTextToken(inner, mac);
}

function same(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}
