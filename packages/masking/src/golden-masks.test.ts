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
    [{ kind: 'hash' }, { type: 'text' }, 'ana@example.com', '852a52487a5aebb7c9b2e92a262cd224'],
    [{ kind: 'hash' }, { type: 'text', maxLength: 8 }, 'Zoë', 'f609789a'],
    [{ kind: 'hash' }, { type: 'integer', bits: 64 }, '42', '7188469966804638'],
    [{ kind: 'hash' }, { type: 'integer' }, '-42', '720551886'],
    [{ kind: 'hash' }, { type: 'integer', bits: 16 }, '42', '5790'],
    [{ kind: 'hash' }, { type: 'timestamp' }, '2026-11-23 16:00:00', '2003-10-12 16:03:01'],
    [
      { kind: 'hash' },
      { type: 'uuid' },
      '5b0b1e0e-2ad8-4b1e-8a5e-3f7c6f6f0c11',
      'dd599848-c71c-8bfc-9016-fa4991c34637',
    ],
    [{ kind: 'token' }, { type: 'text' }, 'ana@example.com', 'mwy@qfufyii.emo'],
    [{ kind: 'token' }, { type: 'text' }, 'no', 'mask_pfls2nn4hd6oubo6jxr4'],
    [{ kind: 'token' }, { type: 'integer', bits: 64 }, '42', '2342473073110188'],
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
  text: 'e83dc4f24d6b3b1e',
  integer: '1f7fe6e73e6ab86f',
  decimal: '3fa99c4357fd0ae2',
  float: 'e122fbe48751691a',
  boolean: '1b1b20368751e038',
  date: '54c5072f2bb4621e',
  time: '16fa8f936b95166a',
  timestamp: '46f6fd9f496f551d',
  uuid: '9e84f2fd53efc652',
  bytes: 'f83190af12597f15',
  json: '560bdf314bd732fb',
  other: '69cfbc22c42ca379',
};
