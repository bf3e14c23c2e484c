import { formatFloat } from './float-text.ts';
import { BINARY_INTEGERS } from './integer-form.ts';
import { decodeNumeric, encodeNumeric } from './numeric-form.ts';
import { formatFraction, formatTime, parseTime } from './time-of-day.ts';
import type { ValueForm } from './value-codec.ts';

/** The binary formats of types (src/backend/utils/adt, the `*send` functions). */
export const BINARY_FORMS = {
  boolean: {
    decode: (bytes) => (bytes[0] === 0 ? 'false' : 'true'),
    encode: (text) => Buffer.from([text === 'true' ? 1 : 0]),
  },
  bytes: { decode: (bytes) => bytes.toString('hex'), encode: (text) => Buffer.from(text, 'hex') },
  uuid: {
    decode: (bytes) =>
      bytes.length === 16 ? bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : null,
    encode: (text) => Buffer.from(text.replaceAll('-', ''), 'hex'),
  },
  int2: {
    decode: (bytes) => (bytes.length === 2 ? String(bytes.readInt16BE(0)) : null),
    encode: (text) => fixed(2, (out) => out.writeInt16BE(Number(text))),
    integer: BINARY_INTEGERS[2],
  },
  int4: {
    decode: (bytes) => (bytes.length === 4 ? String(bytes.readInt32BE(0)) : null),
    encode: (text) => fixed(4, (out) => out.writeInt32BE(Number(text))),
    integer: BINARY_INTEGERS[4],
  },
  int8: {
    decode: (bytes) => (bytes.length === 8 ? String(bytes.readBigInt64BE(0)) : null),
    encode: (text) => fixed(8, (out) => out.writeBigInt64BE(BigInt(text))),
    integer: BINARY_INTEGERS[8],
  },
  float4: {
    decode: (bytes) => (bytes.length === 4 ? formatFloat(bytes.readFloatBE(0), 32) : null),
    encode: (text) => fixed(4, (out) => out.writeFloatBE(Number(text))),
  },
  float8: {
    decode: (bytes) => (bytes.length === 8 ? formatFloat(bytes.readDoubleBE(0), 64) : null),
    encode: (text) => fixed(8, (out) => out.writeDoubleBE(Number(text))),
  },
  jsonb: {
    decode: (bytes) => (bytes[0] === JSONB_VERSION ? bytes.toString('utf8', 1) : null),
    encode: (text) => Buffer.concat([Buffer.from([JSONB_VERSION]), Buffer.from(text, 'utf8')]),
  },
  date: {
    decode: (bytes) => (bytes.length === 4 ? isoOf(bytes.readInt32BE(0) * DAY_MS, 10) : null),
    encode: (text) =>
      fixed(4, (out) => out.writeInt32BE((Date.parse(`${text}T00:00:00Z`) - EPOCH_2000) / DAY_MS)),
  },
  time: {
    decode: (bytes) => (bytes.length === 8 ? formatTime(bytes.readBigInt64BE(0)) : null),
    encode: (text) => fixed(8, (out) => out.writeBigInt64BE(parseTime(text))),
  },
  timestamp: {
    decode: (bytes) => (bytes.length === 8 ? timestampOf(bytes.readBigInt64BE(0)) : null),
    encode: (text) => encodeTimestamp(text),
  },
  numeric: { decode: (bytes) => decodeNumeric(bytes), encode: (text) => encodeNumeric(text) },
  timetz: {
    decode: (bytes) =>
      bytes.length === 12
        ? formatTime(bytes.readBigInt64BE(0) + BigInt(bytes.readInt32BE(8)) * 1_000_000n)
        : null,
    encode: (text) => fixed(12, (out) => out.writeBigInt64BE(parseTime(text))),
  },
  // How many of its digits are behind the point is nothing that the bytes tell.
  money: { decode: () => null, encode: (text) => (text === '0' ? Buffer.alloc(8) : null) },
} as const satisfies Readonly<Record<string, ValueForm>>;

const JSONB_VERSION = 1;
const DAY_MS = 86_400_000;
const EPOCH_2000 = Date.UTC(2000, 0, 1);

/** Null when the value does not fit: the write functions throw RangeError or TypeError. */
function fixed(size: number, write: (out: Buffer) => void): Buffer | null {
  const out = Buffer.alloc(size);
  try {
    write(out);
    return out;
  } catch {
    return null;
  }
}

function isoOf(sinceEpochMs: number, length: number): string | null {
  const date = new Date(EPOCH_2000 + sinceEpochMs);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999) return null;
  return date.toISOString().slice(0, length).replace('T', ' ');
}

function timestampOf(microseconds: bigint): string | null {
  const seconds = floorDivide(microseconds, 1_000_000n);
  const fraction = microseconds - seconds * 1_000_000n;
  const text = isoOf(Number(seconds) * 1000, 19);
  return text === null ? null : text + formatFraction(fraction);
}

function encodeTimestamp(text: string): Buffer | null {
  const [whole = '', fraction = ''] = text.split('.');
  const seconds = (Date.parse(`${whole.replace(' ', 'T')}Z`) - EPOCH_2000) / 1000;
  if (!Number.isInteger(seconds)) return null;
  const value = BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6) || '0');
  return fixed(8, (out) => out.writeBigInt64BE(value));
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
