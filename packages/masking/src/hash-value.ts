/**
 * `hash`: a keyed pseudonym, the same for the same value of the same type, that fits the column.
 *
 * | type | result |
 * |---|---|
 * | text | 32 hexadecimal digits (128 bits), cut to the column |
 * | json | the same as a JSON string; the same value written differently is a different value |
 * | integer | 0 to the column's largest value, at most 2^53 - 1 |
 * | decimal | a whole number of at most 9 digits, or fewer where the column has fewer |
 * | float | a whole number of 24 bits, exact in every width |
 * | date, timestamp, time | a moment from 1970 to 2069, whole seconds |
 * | uuid | version 8 (RFC 9562) |
 * | bytes | 32 bytes, cut to the column |
 *
 * Booleans have two values, and which is which would soon be seen: null. A result equal to the value
 * itself is drawn again.
 */
import {
  isBytes,
  isDate,
  isTime,
  isUuid,
  parseDecimal,
  parseFloatText,
  parseInteger,
  parseTimestamp,
} from './canonical-value.ts';
import { integerRange } from './integer-range.ts';
import { keyedDigest } from './keyed-digest.ts';
import type { KeyedHash } from './keyed-hash.ts';
import type { MaskColumn, MaskType } from './mask-type.ts';
import { cutText } from './zero-value.ts';

/** Makes a result of a digest; `value` is canonical. */
type Render = (digest: Buffer, column: MaskColumn) => string;

interface HashOfType {
  accepts(value: string): boolean;
  readonly render: Render;
}

const DAYS = 36_525;
const DAY_MS = 86_400_000;

const HASHES: Readonly<Record<MaskType, HashOfType | null>> = {
  text: { accepts: () => true, render: (digest, column) => cutText(hex(digest), column.maxLength) },
  json: { accepts: () => true, render: (digest) => JSON.stringify(hex(digest)) },
  integer: { accepts: (value) => parseInteger(value) !== null, render: renderInteger },
  decimal: { accepts: isDecimal, render: renderDecimal },
  float: { accepts: isFloat, render: (digest) => String(digest.readUIntBE(0, 3)) },
  date: { accepts: isDate, render: (digest) => dateOf(digest) },
  time: { accepts: isTime, render: (digest) => timeOf(digest) },
  timestamp: {
    accepts: (value) => parseTimestamp(value) !== null,
    render: (digest) => `${dateOf(digest)} ${timeOf(digest)}`,
  },
  uuid: { accepts: isUuid, render: (digest) => formatUuid(digest) },
  bytes: {
    accepts: isBytes,
    render: (digest, column) => digest.subarray(0, column.maxLength).toString('hex'),
  },
  boolean: null,
  other: null,
};

/** Hashes one value; null when it is not canonical or the type has no hash. */
export function hashValue(key: KeyedHash, column: MaskColumn, value: string): string | null {
  const hash = HASHES[column.type];
  if (hash === null || !hash.accepts(value)) return null;
  const result = hash.render(keyedDigest(key, `hash:${column.type}`, value), column);
  if (result !== value || result === '') return result;
  const other = hash.render(keyedDigest(key, `hash-again:${column.type}`, value), column);
  return other === value ? null : other;
}

/** Writes the first 16 bytes as a UUID of version 8. */
export function formatUuid(bytes: Buffer): string {
  const id = Buffer.from(bytes.subarray(0, 16));
  id[6] = (id[6]! & 0x0f) | 0x80;
  id[8] = (id[8]! & 0x3f) | 0x80;
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function hex(digest: Buffer): string {
  return digest.toString('hex', 0, 16);
}

function renderInteger(digest: Buffer, column: MaskColumn): string {
  const { max } = integerRange(column);
  const largest = max > 0x1fffffffffffffn ? 0x1fffffffffffffn : max;
  return (digest.readBigUInt64BE(0) % (largest + 1n)).toString();
}

function renderDecimal(digest: Buffer, column: MaskColumn): string {
  const whole = column.precision === undefined ? 9 : Math.min(9, column.precision - (column.scale ?? 0));
  if (whole <= 0) return '0';
  return (digest.readBigUInt64BE(0) % 10n ** BigInt(whole)).toString();
}

function dateOf(digest: Buffer): string {
  return new Date((digest.readUInt32BE(0) % DAYS) * DAY_MS).toISOString().slice(0, 10);
}

function timeOf(digest: Buffer): string {
  return new Date((digest.readUInt32BE(4) % 86_400) * 1000).toISOString().slice(11, 19);
}

function isDecimal(value: string): boolean {
  return parseDecimal(value) !== null;
}

function isFloat(value: string): boolean {
  return parseFloatText(value) !== null;
}
