import { expect, test } from 'vitest';
import type { StoreLimits } from '../store/audit-store.ts';
import { type Barrier, chooseDays, type StoredDay } from './choose-days.ts';

const NOW = Date.parse('2026-01-20T12:00:00Z');
const DAY_MS = 86_400_000;

function day(number: number, first: number, last: number, bytes = 100): StoredDay {
  const name = `2026-01-${String(number).padStart(2, '0')}`;
  return { day: name, bytes, parts: [{ node: 'gw-1', first, last }] };
}

/** Ten days of ten events. */
const DAYS = Array.from({ length: 10 }, (_, index) => day(index + 1, index * 10 + 1, index * 10 + 10));

function choose(days: readonly StoredDay[], limits: StoreLimits, barrier?: Barrier) {
  const barriers = new Map(barrier === undefined ? [] : [['gw-1', barrier]]);
  const { days: chosen, why, kept } = chooseDays(days, limits, barriers, NOW);
  return { last: chosen.at(-1)?.day.slice(-2) ?? null, why, kept };
}

test('takes the days that have ended long enough ago', () => {
  expect(choose(DAYS, { maxAgeMs: 14 * DAY_MS })).toEqual({ last: '05', why: 'store-age', kept: null });
  expect(choose(DAYS, { maxAgeMs: 30 * DAY_MS })).toEqual({ last: null, why: null, kept: null });
});

test('takes the oldest days while all are larger', () => {
  expect(choose(DAYS, { maxBytes: 1_000 })).toEqual({ last: null, why: null, kept: null });
  expect(choose(DAYS, { maxBytes: 999 })).toEqual({ last: '01', why: 'store-size', kept: null });
  expect(choose(DAYS, { maxBytes: 350 })).toEqual({ last: '07', why: 'store-size', kept: null });
});

test('keeps the newest day, whatever the limits', () => {
  expect(choose(DAYS, { maxAgeMs: 0, maxBytes: 1 })).toMatchObject({ last: '09' });
  expect(choose(DAYS.slice(9), { maxAgeMs: 0, maxBytes: 1 })).toMatchObject({ last: null });
  expect(choose([], { maxAgeMs: 0, maxBytes: 1 })).toMatchObject({ last: null });
});

test('stops before what somebody still has to see', () => {
  const barrier = { through: 34, why: 'number 35 is missing' };
  expect(choose(DAYS, { maxAgeMs: 0 }, barrier)).toEqual({
    last: '03',
    why: 'store-age',
    kept: 'number 35 is missing',
  });
  expect(choose(DAYS, { maxAgeMs: 0 }, { ...barrier, through: 90 })).toEqual({
    last: '09',
    why: 'store-age',
    kept: null,
  });
});

test('keeps an event whose clock was behind as long as those before it', () => {
  const behind = DAYS.with(0, { ...DAYS[0]!, parts: [{ node: 'gw-1', first: 1, last: 75 }] });
  expect(choose(behind, { maxAgeMs: 14 * DAY_MS })).toEqual({
    last: null,
    why: null,
    kept: 'numbers of `gw-1` up to 2026-01-05 follow others that are younger',
  });
  expect(choose(behind, { maxAgeMs: 10 * DAY_MS })).toMatchObject({ last: '09', kept: null });
});

test('never takes more for its size because of a wrong clock', () => {
  const behind = DAYS.with(0, { ...DAYS[0]!, parts: [{ node: 'gw-1', first: 1, last: 75 }] });
  expect(choose(behind, { maxBytes: 350 })).toMatchObject({
    last: null,
    kept: expect.stringContaining('`gw-1`'),
  });
  expect(choose(behind, { maxBytes: 250 })).toEqual({ last: '08', why: 'store-size', kept: null });
});

test('asks every node', () => {
  const both = DAYS.map((one, index) => ({
    ...one,
    parts: [...one.parts, { node: 'gw-2', first: 5 * index + 1, last: index === 4 ? 48 : 5 * index + 5 }],
  }));
  expect(choose(both, { maxAgeMs: 14 * DAY_MS })).toMatchObject({
    last: '04',
    kept: 'numbers of `gw-2` up to 2026-01-05 follow others that are younger',
  });
});
