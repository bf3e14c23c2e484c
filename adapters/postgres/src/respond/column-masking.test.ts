import { createMasker } from '@gatehouse/masking';
import type { MaskerSpec } from '@gatehouse/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnMasking } from './column-masking.ts';
import { MaskOutput } from './mask-output.ts';
import { writeMasked } from './masked-value.ts';
import { valueCodec } from './value-codec.ts';

const key = Buffer.alloc(32, 11);
const TEXT = 25;
const VARCHAR = 1043;

/** Every type with a codec, and values of it as a server sends them in text. */
const VALUES: readonly (readonly [oid: number, typeModifier: number, fc.Arbitrary<string>])[] = [
  [TEXT, -1, fc.oneof(fc.string({ maxLength: 100 }), fc.emailAddress(), fc.string({ unit: 'binary' }))],
  [VARCHAR, 14, fc.string({ maxLength: 10 })],
  [19, -1, fc.string({ maxLength: 63 })],
  [16, -1, fc.constantFrom('t', 'f')],
  [20, -1, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)],
  [20, -1, fc.maxSafeInteger().map(String)],
  [21, -1, fc.integer({ min: -32_768, max: 32_767 }).map(String)],
  [23, -1, fc.integer().map(String)],
  [23, -1, fc.constantFrom('007', '-0', '+1', '', '-', '1e3', '99999999999999999999')],
  [701, -1, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)],
  [1700, -1, fc.tuple(fc.bigInt(), fc.nat()).map(([whole, rest]) => `${whole}.${rest}`)],
  [1082, -1, fc.constantFrom('2026-11-23', '1999-01-01', 'infinity')],
  [1114, -1, fc.constantFrom('2026-11-23 10:00:00', '2026-11-23 10:00:00.25', '-infinity')],
  [2950, -1, fc.uuid()],
  [17, -1, fc.uint8Array({ maxLength: 40 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`)],
];

const specs: fc.Arbitrary<MaskerSpec> = fc.oneof(
  fc.record({ kind: fc.constant('partial' as const), keepFirst: fc.nat(5), keepLast: fc.nat(5) }),
  fc.constantFrom<MaskerSpec>({ kind: 'hash' }, { kind: 'token' }, { kind: 'year' }, { kind: 'zero' }),
  fc.record({ kind: fc.constant('round' as const), step: fc.integer({ min: 1, max: 5_000 }) }),
);

/** What leaves, by way of the canonical text: what the ways without one are measured against. */
function byText(value: Buffer, oid: number, typeModifier: number, format: number, spec: MaskerSpec): string {
  const codec = valueCodec(oid, typeModifier, format)!;
  const mask = createMasker(spec, { key }).column(codec.column);
  const text = codec.decode(value);
  const masked = mask.kind === 'constant' ? mask.value : text === null ? null : mask.mask(text);
  return (masked === null ? null : codec.encode(masked))?.toString('hex') ?? 'null';
}

describe('the masking of a column', () => {
  it('gives the same whichever way a value goes, also when it comes again', () => {
    const cells = fc.constantFrom(...VALUES).chain(([oid, typeModifier, value]) =>
      fc.record({
        oid: fc.constant(oid),
        typeModifier: fc.constant(typeModifier),
        values: fc.array(value, { minLength: 1, maxLength: 3 }),
        format: fc.constantFrom(0, 1),
        spec: specs,
      }),
    );
    fc.assert(
      fc.property(cells, ({ oid, typeModifier, values, format, spec }) => {
        const column = { name: 'c', tableOid: 1, attnum: 1, typeOid: oid, typeModifier, format };
        const masking = columnMasking(column, createMasker(spec, { key }));
        const out = new MaskOutput();
        // So often that a memo is made and asked.
        for (let round = 0; round < 40; round++) {
          for (const text of values) {
            const value = format === 0 ? Buffer.from(text) : binaryOf(oid, text);
            if (value === null) continue;
            const source = Buffer.concat([Buffer.from('<<'), value, Buffer.from('>>')]);
            out.begin();
            const isValue = writeMasked(masking, source, 2, source.length - 2, out);
            const written = out.bytes.toString('hex', out.at - out.length, out.at);
            expect(isValue ? written : written === '' ? 'null' : 'written').toBe(
              byText(value, oid, typeModifier, format, spec),
            );
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is NULL for types without a codec, whatever the masker', () => {
    const column = { name: 'c', tableOid: 1, attnum: 1, typeOid: 600, typeModifier: -1, format: 0 };
    expect(columnMasking(column, createMasker({ kind: 'hash' }, { key }))).toEqual({
      kind: 'constant',
      bytes: null,
    });
  });
});

/** The binary form of a value in text, where it has one. */
function binaryOf(oid: number, text: string): Buffer | null {
  const canonical = valueCodec(oid, -1, 0)!.decode(Buffer.from(text));
  return canonical === null || canonical === '' ? null : valueCodec(oid, -1, 1)!.encode(canonical);
}
