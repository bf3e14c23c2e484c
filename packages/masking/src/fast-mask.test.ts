import type { MaskerSpec } from '@gatehouse/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEFT_TO_TEXT, MIN_ASCII_ROOM, writeInteger } from './fast-mask.ts';
import type { MaskColumn } from './mask-type.ts';
import { type ColumnMask, createMasker } from './masker.ts';

const key = Buffer.alloc(32, 5);

function computed(spec: MaskerSpec, column: MaskColumn): Extract<ColumnMask, { kind: 'computed' }> {
  const mask = createMasker(spec, { key }).column(column);
  if (mask.kind !== 'computed') throw new Error('expected a computed mask');
  return mask;
}

const count = fc.integer({ min: 0, max: 9 });
const textMasks = fc.oneof(
  fc.record({ kind: fc.constant('partial' as const), keepFirst: count, keepLast: count }),
  fc.constant({ kind: 'hash' as const }),
);
const texts = fc.oneof(
  fc.string({ maxLength: 400 }),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.emailAddress(),
  // Nearly addresses: what stands between the rules of what is one.
  fc.string({ unit: fc.constantFrom('a', 'Z', '.', '@', ' ', '\t', '\n', '\0', 'é'), maxLength: 12 }),
);

describe('masks without a string', () => {
  it('give for texts what the mask of the string gives, or leave them to it', () => {
    fc.assert(
      fc.property(textMasks, texts, fc.option(fc.integer({ min: 0, max: 40 })), (spec, text, maxLength) => {
        const column: MaskColumn = { type: 'text', ...(maxLength === null ? {} : { maxLength }) };
        const mask = computed(spec, column);
        const source = Buffer.from(`<<${text}>>`);
        const size = Buffer.byteLength(text);
        const target = Buffer.alloc(Math.max(size, MIN_ASCII_ROOM) + 4, '#');
        const written = mask.ascii!.write(source, 2, 2 + size, target, 2);
        expect(source.toString()).toBe(Buffer.from(`<<${text}>>`).toString());
        expect(target.toString('latin1', target.length - 2)).toBe('##');
        if (written === LEFT_TO_TEXT) return;
        expect(target.toString('latin1', 2, 2 + written)).toBe(mask.mask(text));
        expect(target.toString('latin1', 2 + Math.max(size, written))).toMatch(/^#*$/);
      }),
      { numRuns: 3000 },
    );
  });

  it('leave no ASCII text of ordinary length to the mask of the string', () => {
    for (const text of ['', 'ana', 'ana@example.com', 'x'.repeat(200)]) {
      for (const spec of [{ kind: 'hash' }, { kind: 'partial', keepFirst: 1, keepLast: 1 }] as const) {
        const source = Buffer.from(text);
        const target = Buffer.alloc(300);
        expect(computed(spec, { type: 'text' }).ascii!.write(source, 0, source.length, target, 0)).not.toBe(
          LEFT_TO_TEXT,
        );
      }
    }
  });

  it.each(['é', '\u0080', 'ana\u00a0@example.com', '\ud83d\ude00'])(
    'leave %o to the mask of the string',
    (text) => {
      const source = Buffer.from(text);
      const { ascii } = computed({ kind: 'partial', keepFirst: 1, keepLast: 1 }, { type: 'text' });
      expect(ascii!.write(source, 0, source.length, Buffer.alloc(100), 0)).toBe(LEFT_TO_TEXT);
    },
  );

  it('give for integers what the mask of the text gives, or leave them to it', () => {
    const specs = fc.oneof(
      fc.constant({ kind: 'hash' as const }),
      fc.record({
        kind: fc.constant('round' as const),
        step: fc.oneof(
          fc.integer({ min: 1, max: 10_000 }),
          fc.double({ min: 0.1, max: 2 ** 60, noNaN: true }),
        ),
      }),
    );
    const columns = fc.record({
      type: fc.constant('integer' as const),
      bits: fc.constantFrom(8 as const, 16 as const, 24 as const, 32 as const, 64 as const),
      unsigned: fc.boolean(),
    });
    const values = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: -300, max: 300 }));
    fc.assert(
      fc.property(specs, columns, values, (spec, column, value) => {
        const mask = computed(spec, column);
        const masked = mask.integer?.mask(value) ?? Number.NaN;
        if (Number.isNaN(masked)) return;
        expect(Object.is(masked, -0)).toBe(false);
        expect(String(masked)).toBe(mask.mask(String(value)));
      }),
      { numRuns: 5000 },
    );
  });

  it('leave no integer of 32 bits to the mask of the text', () => {
    const hash = computed({ kind: 'hash' }, { type: 'integer' }).integer!;
    const round = computed({ kind: 'round', step: 100 }, { type: 'integer' }).integer!;
    for (const value of [0, -1, 42, 2 ** 31 - 100, -(2 ** 31) + 100])
      expect([hash.mask(value), round.mask(value)].map(Number.isInteger)).toEqual([true, true]);
  });

  it('write integers as a text has them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -1100, max: 1100 })), (value) => {
        const target = Buffer.alloc(24, '#');
        const end = writeInteger(value, target, 3);
        expect(target.toString('latin1', 0, end)).toBe(`###${value}`);
        expect(target[end]).toBe(0x23);
      }),
      { numRuns: 3000 },
    );
  });

  it('promise for no masker but hash and token that results may be kept', () => {
    const kept = (['hash', 'token', 'year'] as const).filter((kind) => {
      const mask = createMasker({ kind }, { key }).column({ type: kind === 'year' ? 'date' : 'text' });
      return mask.kind === 'computed' && mask.isPseudonym === true;
    });
    expect(kept).toEqual(['hash', 'token']);
  });
});
