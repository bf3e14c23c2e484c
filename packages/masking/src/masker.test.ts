import type { MaskerSpec } from '@gatehouse/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASK_TYPES, type MaskColumn, type MaskType } from './mask-type.ts';
import { createMasker } from './masker.ts';

const key = Buffer.alloc(32, 7);
const otherKey = Buffer.alloc(32, 8);

const SPECS: Readonly<Record<MaskerSpec['kind'], MaskerSpec>> = {
  null: { kind: 'null' },
  redact: { kind: 'redact' },
  partial: { kind: 'partial', keepFirst: 1, keepLast: 2 },
  hash: { kind: 'hash' },
  token: { kind: 'token' },
  round: { kind: 'round', step: 1000 },
  year: { kind: 'year' },
  zero: { kind: 'zero' },
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isRealDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}

/** What an encoder of each type relies on; written independently of the maskers. */
const IS_VALID: Readonly<Record<MaskType, (text: string) => boolean>> = {
  text: (text) => !/\p{Surrogate}/u.test(text),
  integer: (text) => BigInt(text).toString() === text && BigInt.asIntN(32, BigInt(text)).toString() === text,
  decimal: (text) => /^-?\d+(\.\d+)?$/.test(text),
  float: (text) => Number.isFinite(Number(text)) && String(Number(text)) === text,
  boolean: (text) => text === 'true' || text === 'false',
  date: isRealDate,
  time: (text) => /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(text),
  timestamp: (text) =>
    isRealDate(text.slice(0, 10)) && /^ ([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(text.slice(10)),
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
  bytes: (text) => Buffer.from(text, 'hex').toString('hex') === text,
  json: isJson,
  other: () => false,
};

const isoDates = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString());

/** Canonical values of each type. */
const VALUES: Readonly<Record<MaskType, fc.Arbitrary<string>>> = {
  text: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.emailAddress(),
    fc.stringMatching(/^\d{16}$/),
  ),
  integer: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(String),
  decimal: fc.tuple(fc.bigInt(), fc.nat()).map(([whole, rest]) => `${whole}.${rest}`),
  float: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  boolean: fc.boolean().map(String),
  date: isoDates.map((text) => text.slice(0, 10)),
  time: isoDates.map((text) => text.slice(11, 23)),
  timestamp: isoDates.map((text) => text.slice(0, 23).replace('T', ' ')),
  uuid: fc.uuid(),
  bytes: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  json: fc.json(),
  other: fc.string(),
};

const CELLS = MASK_TYPES.flatMap((type) =>
  Object.values(SPECS).map((spec) => [spec.kind, type, spec] as const),
);

describe('createMasker', () => {
  it.each(CELLS)('gives a valid value or NULL for %s of %s', (_kind, type, spec) => {
    const masker = createMasker(spec, { key });
    fc.assert(
      fc.property(VALUES[type], (value) => {
        const masked = masker.apply(type, value);
        return masked === null || IS_VALID[type](masked);
      }),
    );
  });

  it.each(CELLS)(
    'gives a valid value or NULL for %s of %s when the value is anything',
    (_kind, type, spec) => {
      const masker = createMasker(spec, { key });
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), (value) => {
          const masked = masker.apply(type, value);
          return masked === null || IS_VALID[type](masked);
        }),
      );
    },
  );

  it.each(MASK_TYPES)('never gives the value itself as the hash of %s', (type) => {
    const masker = createMasker(SPECS.hash, { key });
    fc.assert(fc.property(VALUES[type], (value) => value === '' || masker.apply(type, value) !== value));
  });

  it.each(MASK_TYPES)('gives NULL for every %s', (type) => {
    expect(createMasker(SPECS.null, { key }).column({ type })).toEqual({ kind: 'constant', value: null });
  });

  it.each(['hash', 'token'] as const)('gives the same %s for the same value and key only', (kind) => {
    const [one, two] = [createMasker(SPECS[kind], { key }), createMasker(SPECS[kind], { key })];
    const other = createMasker(SPECS[kind], { key: otherKey });
    for (const [type, value] of [
      ['text', 'Annalena Schmidt'],
      ['integer', '12345'],
      ['uuid', '3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
      ['bytes', '00ff'],
      ['json', '{"a":1}'],
    ] as const) {
      expect(one.apply(type, value)).toBe(two.apply(type, value));
      expect(one.apply(type, value)).not.toBe(other.apply(type, value));
      expect(one.apply(type, value)).not.toBeNull();
    }
  });

  it.each([
    ['redact', 'text', '***'],
    ['redact', 'json', '"***"'],
    ['redact', 'integer', '0'],
    ['redact', 'boolean', 'false'],
    ['redact', 'other', null],
    ['zero', 'text', ''],
    ['zero', 'json', 'null'],
    ['zero', 'timestamp', '1970-01-01 00:00:00'],
    ['zero', 'uuid', '00000000-0000-0000-0000-000000000000'],
    ['partial', 'integer', null],
    ['round', 'text', null],
    ['year', 'text', null],
    ['hash', 'boolean', null],
  ] as const)('turns %s of %s into one constant', (kind, type, value) => {
    expect(createMasker(SPECS[kind], { key }).column({ type })).toEqual({ kind: 'constant', value });
  });

  it('puts the given text in place of a text, cut to the column by code points', () => {
    const masker = createMasker({ kind: 'redact', text: '🔒hidden' }, { key });
    expect(masker.column({ type: 'text', maxLength: 3 })).toEqual({ kind: 'constant', value: '🔒hi' });
    expect(masker.column({ type: 'text', maxLength: 0 })).toEqual({ kind: 'constant', value: '' });
    expect(masker.apply('json', 'null')).toBe('"🔒hidden"');
  });

  it('gives NULL for what is not canonical, instead of passing it on', () => {
    for (const [kind, type, value] of [
      ['round', 'integer', '12 345'],
      ['round', 'integer', '0x10'],
      ['round', 'integer', '1'.repeat(100_000)],
      ['round', 'decimal', 'NaN'],
      ['round', 'decimal', 'Infinity'],
      ['round', 'decimal', '1e99999'],
      ['round', 'decimal', '9'.repeat(100_000)],
      ['round', 'float', 'Infinity'],
      ['round', 'float', ''],
      ['year', 'date', 'infinity'],
      ['year', 'date', '0000-00-00'],
      ['year', 'timestamp', '2026-11-23T10:00:00Z'],
      ['hash', 'uuid', 'not a uuid'],
      ['hash', 'bytes', 'abc'],
      ['token', 'uuid', ''],
    ] as const)
      expect(createMasker(SPECS[kind], { key }).apply(type, value), `${kind} ${type}`).toBeNull();
  });

  it('fits integers into the column', () => {
    const columns: MaskColumn[] = [
      { type: 'integer', bits: 8 },
      { type: 'integer', bits: 16, unsigned: true },
      { type: 'integer', bits: 24 },
      { type: 'integer', bits: 32 },
      { type: 'integer', bits: 64 },
      { type: 'integer', bits: 64, unsigned: true },
    ];
    for (const column of columns) {
      const bits = BigInt(column.bits!);
      const min = column.unsigned ? 0n : -(1n << (bits - 1n));
      const max = column.unsigned ? (1n << bits) - 1n : (1n << (bits - 1n)) - 1n;
      for (const spec of [SPECS.hash, SPECS.token, SPECS.round, { kind: 'round', step: 7 } as const]) {
        const mask = createMasker(spec, { key }).column(column);
        fc.assert(
          fc.property(fc.bigInt({ min, max }), (value) => {
            const masked = mask.kind === 'constant' ? mask.value : mask.mask(value.toString());
            return masked === null || (BigInt(masked) >= min && BigInt(masked) <= max);
          }),
        );
      }
    }
  });

  it('fits decimals into precision and scale', () => {
    for (const [precision, scale] of [
      [1, 0],
      [2, 2],
      [5, 2],
      [18, 4],
      [38, 10],
    ] as const) {
      for (const spec of [SPECS.hash, SPECS.token, SPECS.round, { kind: 'round', step: 0.5 } as const]) {
        const mask = createMasker(spec, { key }).column({ type: 'decimal', precision, scale });
        const unscaled = fc.bigInt({ min: 0n, max: 10n ** BigInt(precision) - 1n });
        fc.assert(
          fc.property(unscaled, (digits) => {
            const text = digits.toString().padStart(scale + 1, '0');
            const value = scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
            const masked = mask.kind === 'constant' ? mask.value : mask.mask(value);
            return masked === null || masked.split('.')[0]!.replace(/^0$/, '').length <= precision - scale;
          }),
        );
      }
    }
  });

  it('cuts text and bytes to the column', () => {
    for (const kind of ['redact', 'hash', 'token'] as const) {
      for (let maxLength = 0; maxLength < 40; maxLength++) {
        const text = createMasker(SPECS[kind], { key }).column({ type: 'text', maxLength });
        const masked = text.kind === 'constant' ? text.value : text.mask('é'.repeat(maxLength));
        expect(masked === null || [...masked].length <= maxLength, `${kind} ${maxLength}`).toBe(true);
        const bytes = createMasker(SPECS[kind], { key }).column({ type: 'bytes', maxLength });
        const hex = bytes.kind === 'constant' ? bytes.value : bytes.mask('ff'.repeat(maxLength));
        expect(hex === null || hex.length <= 2 * maxLength, `${kind} ${maxLength}`).toBe(true);
      }
    }
  });

  it.each([
    ['an unknown kind', { kind: '__proto__' }],
    ['a step of zero', { kind: 'round', step: 0 }],
    ['a negative step', { kind: 'round', step: -1 }],
    ['a step that is no number', { kind: 'round', step: Number.NaN }],
    ['an endless step', { kind: 'round', step: Number.POSITIVE_INFINITY }],
    ['half a character', { kind: 'partial', keepFirst: 0.5, keepLast: 0 }],
    ['a negative count', { kind: 'partial', keepFirst: 0, keepLast: -1 }],
    ['a NUL in the text', { kind: 'redact', text: 'a\0b' }],
  ])('refuses %s', (_what, spec) => {
    const wrong = spec as MaskerSpec;
    expect(() => createMasker(wrong, { key })).toThrow(expect.objectContaining({ code: 'masker-invalid' }));
  });

  it('refuses a short key', () => {
    const make = () => createMasker(SPECS.hash, { key: Buffer.alloc(15) });
    expect(make).toThrow(expect.objectContaining({ code: 'masker-invalid' }));
  });

  it('masks a value of 8 MB', () => {
    const huge = '🔒a'.repeat(2 << 20);
    for (const spec of Object.values(SPECS)) {
      const masked = createMasker(spec, { key }).apply('text', huge);
      expect(masked === null || masked !== huge).toBe(true);
    }
    const hex = 'ab'.repeat(4 << 20);
    expect(createMasker(SPECS.hash, { key }).apply('bytes', hex)).toHaveLength(64);
  });
});
