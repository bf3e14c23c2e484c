/**
 * What the maskers give is kept by clients (keys of reports, tokens in other systems), so it must never change
 * by accident: some results written out, and one digest over all types, maskers and some thousand values.
 */
import { createHash } from 'node:crypto';
import type { MaskerSpec } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { MASK_TYPES, type MaskColumn, type MaskType } from './mask-type.ts';
import { createMasker } from './masker.ts';

const key = Buffer.from('golden key of thirty-two bytes ..');

const SPECS: readonly MaskerSpec[] = [
  { kind: 'null' },
  { kind: 'redact' },
  { kind: 'redact', text: 'hidden' },
  { kind: 'partial', keepFirst: 2, keepLast: 4 },
  { kind: 'partial', keepFirst: 0, keepLast: 1 },
  { kind: 'hash' },
  { kind: 'token' },
  { kind: 'round', step: 100 },
  { kind: 'round', step: 0.25 },
  { kind: 'year' },
  { kind: 'zero' },
];

const SHAPES: readonly Omit<MaskColumn, 'type'>[] = [
  {},
  { bits: 16, maxLength: 12, precision: 6, scale: 2 },
  { bits: 64, maxLength: 40, precision: 20, scale: 4 },
  { bits: 8, unsigned: true, maxLength: 3, precision: 2, scale: 2 },
];

/** Numbers that are the same in every run (a linear congruential generator). */
function createNumbers(): (bound: number) => number {
  let state = 20_261_123;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

type Draw = (next: (bound: number) => number) => string;

const LETTERS = 'abcXYZ0189 .-@_éßЖ日😀';
const digits = (next: (bound: number) => number, count: number): string =>
  Array.from({ length: count }, () => String(next(10))).join('');
const integer: Draw = (next) => (BigInt(digits(next, 1 + next(18))) * (next(2) === 0 ? 1n : -1n)).toString();
const date: Draw = (next) => new Date(next(2 ** 32) * 1000 - 2e12).toISOString().slice(0, 10);
const time: Draw = (next) =>
  new Date(next(86_400) * 1000).toISOString().slice(11, 19) + ['', '.5', '.123456'][next(3)]!;
const word: Draw = (next) => {
  const letters = [...LETTERS];
  return Array.from({ length: next(60) }, () => letters[next(letters.length)]!).join('');
};

const VALUES: Readonly<Record<MaskType, Draw>> = {
  text: (next) =>
    [word, (): string => `user${digits(next, 5)}@mail${next(9)}.example.com`, (): string => digits(next, 16)][
      next(3)
    ]!(next),
  integer,
  decimal: (next) => `${integer(next)}${['', '.5', `.${digits(next, 6)}`][next(3)]!}`,
  float: (next) => String((next(2 ** 32) - 2 ** 31) / 2 ** next(40)),
  boolean: (next) => (next(2) === 0 ? 'true' : 'false'),
  date,
  time,
  timestamp: (next) => `${date(next)} ${time(next)}`,
  uuid: (next) =>
    createHash('md5')
      .update(digits(next, 9))
      .digest('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  bytes: (next) =>
    createHash('sha512')
      .update(digits(next, 9))
      .digest('hex')
      .slice(0, 2 * next(64)),
  json: (next) => JSON.stringify({ a: word(next), b: [next(1000), null] }),
  other: word,
};

describe('the results of maskers', () => {
  it.each<readonly [MaskerSpec, MaskColumn, string, string | null]>([
    [{ kind: 'hash' }, { type: 'text' }, 'ana@example.com', '794309b1385c060a89378574263fa7c0'],
    [{ kind: 'hash' }, { type: 'text', maxLength: 8 }, 'Zoë', '96487e25'],
    [{ kind: 'hash' }, { type: 'integer', bits: 64 }, '42', '5679031007736550'],
    [{ kind: 'hash' }, { type: 'integer' }, '-42', '339464792'],
    [{ kind: 'hash' }, { type: 'integer', bits: 16 }, '42', '29414'],
    [{ kind: 'hash' }, { type: 'timestamp' }, '2026-11-23 16:00:00', '2026-04-18 10:18:07'],
    [
      { kind: 'hash' },
      { type: 'uuid' },
      '5b0b1e0e-2ad8-4b1e-8a5e-3f7c6f6f0c11',
      '9720c9b7-e4d5-8b74-8c7c-2e4ba85296f9',
    ],
    [{ kind: 'token' }, { type: 'text' }, 'ana@example.com', 'epc@mroujcg.lxu'],
    [{ kind: 'token' }, { type: 'text' }, 'no', 'mask_6bribzpnstjfnamairao'],
    [{ kind: 'token' }, { type: 'integer', bits: 64 }, '42', '3908429096009486'],
    [{ kind: 'partial', keepFirst: 2, keepLast: 4 }, { type: 'text' }, 'ana@example.com', '***@ex*mple.com'],
    [
      { kind: 'partial', keepFirst: 2, keepLast: 4 },
      { type: 'text' },
      '4111 1111 1111 1111',
      '41*************1111',
    ],
  ])('stay what they are: %o %o %s', (spec, column, value, masked) => {
    const mask = createMasker(spec, { key }).column(column);
    expect(mask.kind === 'constant' ? mask.value : mask.mask(value)).toBe(masked);
  });

  it.each([...MASK_TYPES])('stay what they are for many values (%s)', (type) => {
    const next = createNumbers();
    const all = createHash('sha256');
    for (const spec of SPECS) {
      const masker = createMasker(spec, { key });
      for (const shape of SHAPES) {
        const mask = masker.column({ type, ...shape });
        for (let count = 0; count < 60; count++) {
          const value = VALUES[type](next);
          all.update(JSON.stringify(mask.kind === 'constant' ? mask.value : mask.mask(value)));
        }
      }
    }
    expect(all.digest('hex').slice(0, 16)).toBe(DIGESTS[type]);
  });
});

const DIGESTS: Readonly<Record<MaskType, string>> = {
  text: 'adab4eb1012cafa9',
  integer: '89c1f3c6640f1894',
  decimal: 'b99c2e0c9a7b5f23',
  float: 'bdd1e6e21f3c9a7a',
  boolean: '1b1b20368751e038',
  date: '0c48238ce76d375d',
  time: '6c697a03dbe6fa12',
  timestamp: '814326a89c9283c1',
  uuid: '80b7941b1677b316',
  bytes: 'eb7d3c039a1941f5',
  json: '60a00991fcda595f',
  other: '69cfbc22c42ca379',
};
