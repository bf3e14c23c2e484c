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
import { type AsciiMask, type FastMasks, type IntegerMask, LEFT_TO_TEXT, writeInteger } from './fast-mask.ts';
import { integerRange } from './integer-range.ts';
import { keyedDigest } from './keyed-digest.ts';
import type { KeyedMac } from './keyed-mac.ts';
import type { MaskColumn, MaskType } from './mask-type.ts';
import { TagBatch } from './tag-batch.ts';
import { cutText } from './zero-value.ts';

/** Makes a result of a digest; `value` is canonical. */
type Render = (digest: Buffer, column: MaskColumn) => string;

interface HashOfType {
  accepts(value: string): boolean;
  readonly render: Render;
  /** Of the digest; 16 when left out. */
  readonly bytes?: number;
}

const HEX_DIGITS = Buffer.from('0123456789abcdef');
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
    bytes: 32,
  },
  boolean: null,
  other: null,
};

/** Hashes one value; null when it is not canonical or the type has no hash. */
export function hashValue(mac: KeyedMac, column: MaskColumn, value: string): string | null {
  const hash = HASHES[column.type];
  if (hash === null || !hash.accepts(value)) return null;
  const result = hash.render(keyedDigest(mac, `hash:${column.type}`, value, hash.bytes), column);
  if (result !== value || result === '') return result;
  const other = hash.render(keyedDigest(mac, `hash-again:${column.type}`, value, hash.bytes), column);
  return other === value ? null : other;
}

/** The same for texts in ASCII and for safe integers; made for one result. */
export function fastHash(mac: KeyedMac, column: MaskColumn): FastMasks {
  const batch = new TagBatch(mac, `hash:${column.type}`);
  if (column.type === 'text') return { ascii: hashAscii(batch, Math.min(32, column.maxLength ?? 32)) };
  return column.type === 'integer' ? { integer: hashInteger(batch, integerRange(column).max) } : {};
}

function hashAscii(batch: TagBatch, size: number): AsciiMask {
  return {
    write(source, start, end, target, to) {
      const tag = batch.find(source, start, end);
      if (tag === -1) return LEFT_TO_TEXT;
      const { tags } = batch;
      for (let at = 0, from = tag; at < size; at += 2, from++) {
        const byte = tags[from]!;
        target[to + at] = HEX_DIGITS[byte >> 4]!;
        if (at + 1 < size) target[to + at + 1] = HEX_DIGITS[byte & 0xf]!;
      }
      return isSame(source, start, end, target, to, size) ? LEFT_TO_TEXT : size;
    },
    ahead: batch,
  };
}

function isSame(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  to: number,
  size: number,
): boolean {
  if (end - start !== size) return false;
  for (let at = 0; at < size; at++) if (source[start + at] !== target[to + at]) return false;
  return true;
}

function hashInteger(batch: TagBatch, max: bigint): IntegerMask {
  // Every largest value is one less than a power of two, so that a remainder is the last bits.
  const high = max > 0xffffffffn ? Number(max >> 32n) & 0x1fffff : 0;
  const low = max > 0xffffffffn ? 0xffffffff : Number(max);
  const digits = Buffer.alloc(20);
  return {
    mask(value) {
      const tag = batch.find(digits, 0, writeInteger(value, digits, 0));
      const { tags } = batch;
      const result = ((wordAt(tags, tag) & high) >>> 0) * 2 ** 32 + ((wordAt(tags, tag + 4) & low) >>> 0);
      return result === value ? Number.NaN : result;
    },
    ahead: {
      clear: () => batch.clear(),
      add: (value) => batch.add(digits, 0, writeInteger(value, digits, 0)),
      run: () => batch.run(),
    },
  };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
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
