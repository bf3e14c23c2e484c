import type { MaskColumn, MaskType } from '@gatehouse/masking';
import { BINARY_INTEGERS, TEXT_INTEGER } from './integer-form.ts';

/**
 * Between the server's value formats and the maskers' canonical text (manual, chapter 8 and section 54.1.3;
 * binary forms: src/backend/utils/adt, the `*send` functions).
 *
 * `decode` gives null for what does not look as expected (another DateStyle, infinity), `encode` for what
 * does not fit; both mean NULL for the client.
 */
export interface ValueCodec {
  readonly column: MaskColumn;
  decode(bytes: Buffer): string | null;
  encode(text: string): Buffer | null;
  /** The bytes are the canonical text itself, in UTF-8. */
  readonly isText?: true;
  /** For types of integers. */
  readonly integer?: IntegerForm;
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

/** The codec of a type in a format, or null when a masked value of it can only be NULL. */
export function valueCodec(typeOid: number, typeModifier: number, format: number): ValueCodec | null {
  const type = TYPES.get(typeOid);
  if (type === undefined) return null;
  const column = columnOf(type, typeModifier);
  const isText = type.mask === 'text' ? ({ isText: true } as const) : {};
  if (format === 0) return { column, ...(TEXT_CODECS[type.text] ?? PLAIN), ...isText };
  const binary = BINARY_CODECS[type.binary];
  return binary === undefined ? null : { column, ...binary, ...isText };
}

interface TypeFacts {
  readonly mask: MaskType;
  readonly bits?: 16 | 32 | 64;
  readonly text: string;
  readonly binary: string;
  readonly sized?: boolean;
}

type Form = Omit<ValueCodec, 'column' | 'isText'>;

function columnOf(type: TypeFacts, typeModifier: number): MaskColumn {
  return {
    type: type.mask,
    ...(type.bits === undefined ? {} : { bits: type.bits }),
    ...(type.sized === true && typeModifier >= 4 ? { maxLength: typeModifier - 4 } : {}),
    ...(type.mask === 'decimal' && typeModifier >= 4
      ? { precision: ((typeModifier - 4) >> 16) & 0xffff, scale: (typeModifier - 4) & 0x7ff }
      : {}),
  };
}

/** By type OID (src/include/catalog/pg_type.dat). */
const TYPES: ReadonlyMap<number, TypeFacts> = new Map<number, TypeFacts>([
  [16, { mask: 'boolean', text: 'boolean', binary: 'boolean' }],
  [17, { mask: 'bytes', text: 'bytes', binary: 'bytes' }],
  [20, { mask: 'integer', bits: 64, text: 'integer', binary: 'int8' }],
  [21, { mask: 'integer', bits: 16, text: 'integer', binary: 'int2' }],
  [23, { mask: 'integer', bits: 32, text: 'integer', binary: 'int4' }],
  [25, { mask: 'text', text: 'plain', binary: 'utf8' }],
  [19, { mask: 'text', text: 'plain', binary: 'utf8' }],
  [1042, { mask: 'text', text: 'plain', binary: 'utf8', sized: true }],
  [1043, { mask: 'text', text: 'plain', binary: 'utf8', sized: true }],
  [114, { mask: 'json', text: 'plain', binary: 'utf8' }],
  [3802, { mask: 'json', text: 'plain', binary: 'jsonb' }],
  [700, { mask: 'float', bits: 32, text: 'plain', binary: 'float4' }],
  [701, { mask: 'float', bits: 64, text: 'plain', binary: 'float8' }],
  [1700, { mask: 'decimal', text: 'plain', binary: 'numeric' }],
  [1082, { mask: 'date', text: 'date', binary: 'date' }],
  [1083, { mask: 'time', text: 'plain', binary: 'time' }],
  [1114, { mask: 'timestamp', text: 'timestamp', binary: 'timestamp' }],
  [1184, { mask: 'timestamp', text: 'timestamptz', binary: 'timestamp' }],
  [2950, { mask: 'uuid', text: 'plain', binary: 'uuid' }],
]);

const PLAIN: Form = {
  decode: (bytes) => bytes.toString('utf8'),
  encode: (text) => Buffer.from(text, 'utf8'),
};

const TEXT_CODECS: Readonly<Record<string, Form>> = {
  plain: PLAIN,
  integer: { ...PLAIN, integer: TEXT_INTEGER },
  boolean: {
    decode: (bytes) => (bytes[0] === 0x74 ? 'true' : 'false'),
    encode: (text) => Buffer.from(text === 'true' ? 't' : 'f'),
  },
  bytes: {
    decode: (bytes) => (bytes[0] === 0x5c && bytes[1] === 0x78 ? bytes.toString('latin1', 2) : null),
    encode: (text) => Buffer.from(`\\x${text}`),
  },
  date: { decode: (bytes) => matching(bytes, /^\d{4,}-\d\d-\d\d$/), encode: PLAIN.encode },
  timestamp: { decode: (bytes) => matching(bytes, ISO_TIMESTAMP), encode: PLAIN.encode },
  // The instant is taken apart from its zone: the masked time is given in UTC, which every client reads.
  timestamptz: {
    decode: (bytes) => utcOf(bytes.toString('latin1')),
    encode: (text) => Buffer.from(`${text}+00`),
  },
};

const ISO_TIMESTAMP = /^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/;

function matching(bytes: Buffer, form: RegExp): string | null {
  const text = bytes.toString('latin1');
  return form.test(text) ? text : null;
}

function utcOf(text: string): string | null {
  const match = /^(\d{4})-(\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d(?::\d\d)?)$/.exec(text);
  if (match === null) return null;
  const [, year, rest, fraction = '', zone = ''] = match;
  const instant = Date.parse(`${year}-${rest!.replace(' ', 'T')}${zone.length === 3 ? `${zone}:00` : zone}`);
  if (Number.isNaN(instant)) return null;
  return `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')}${fraction}`;
}

const BINARY_CODECS: Readonly<Record<string, Form>> = {
  utf8: PLAIN,
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
    decode: (bytes) => (bytes.length === 4 ? String(bytes.readFloatBE(0)) : null),
    encode: (text) => fixed(4, (out) => out.writeFloatBE(Number(text))),
  },
  float8: {
    decode: (bytes) => (bytes.length === 8 ? String(bytes.readDoubleBE(0)) : null),
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
    decode: (bytes) => (bytes.length === 8 ? timeOf(bytes.readBigInt64BE(0)) : null),
    encode: (text) => fixed(8, (out) => out.writeBigInt64BE(microsecondsOf(text))),
  },
  timestamp: {
    decode: (bytes) => (bytes.length === 8 ? timestampOf(bytes.readBigInt64BE(0)) : null),
    encode: (text) => encodeTimestamp(text),
  },
  numeric: { decode: (bytes) => decodeNumeric(bytes), encode: (text) => encodeNumeric(text) },
};

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
  return text === null || fraction === 0n ? text : `${text}.${String(fraction).padStart(6, '0')}`;
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

function timeOf(microseconds: bigint): string {
  const seconds = microseconds / 1_000_000n;
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) =>
    String(part).padStart(2, '0'),
  );
  const fraction = microseconds % 1_000_000n;
  return `${parts.join(':')}${fraction === 0n ? '' : `.${String(fraction).padStart(6, '0')}`}`;
}

function microsecondsOf(text: string): bigint {
  const [hours = '0', minutes = '0', rest = '0'] = text.split(':');
  const [seconds = '0', fraction = ''] = rest.split('.');
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  return whole * 1_000_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6) || '0');
}

const NUMERIC_NEGATIVE = 0x4000;

/** `numeric_send`: ndigits, weight, sign, display scale, then digits to the base of 10,000. */
function decodeNumeric(bytes: Buffer): string | null {
  if (bytes.length < 8) return null;
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6);
  if (bytes.length !== 8 + count * 2 || (sign !== 0 && sign !== NUMERIC_NEGATIVE)) return null;
  const digit = (index: number): string =>
    index >= 0 && index < count ? String(bytes.readUInt16BE(8 + index * 2)).padStart(4, '0') : '0000';
  let whole = '';
  for (let i = 0; i <= weight; i++) whole += digit(i);
  let fraction = '';
  for (let i = weight + 1; fraction.length < scale; i++) fraction += digit(i);
  const text = `${whole.replace(/^0+(?=\d)/, '') || '0'}${scale === 0 ? '' : `.${fraction.slice(0, scale)}`}`;
  return sign === NUMERIC_NEGATIVE ? `-${text}` : text;
}

function encodeNumeric(text: string): Buffer | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  const [, minus, whole = '0', fraction = ''] = match;
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const digits = [...`${left}${right}`.matchAll(/\d{4}/g)].map(([four]) => Number(four));
  let weight = left.length / 4 - 1;
  while (digits.length > 0 && digits[0] === 0) {
    digits.shift();
    weight -= 1;
  }
  while (digits.at(-1) === 0) digits.pop();
  const out = Buffer.alloc(8 + digits.length * 2);
  if (digits.length > 0xffff || weight > 0x7fff || fraction.length > 0x3fff) return null;
  out.writeUInt16BE(digits.length, 0);
  out.writeInt16BE(digits.length === 0 ? 0 : weight, 2);
  out.writeUInt16BE(minus === '-' && digits.length > 0 ? NUMERIC_NEGATIVE : 0, 4);
  out.writeUInt16BE(fraction.length, 6);
  for (const [i, value] of digits.entries()) out.writeUInt16BE(value, 8 + i * 2);
  return out;
}
