import { expect, test } from 'vitest';
import { eventDay, tomorrow } from './event-day.ts';
import { inDays, readInOrder } from './over-days.ts';

/** Rows by day; a row is its place. */
type Rows = Readonly<Record<string, readonly number[]>>;

async function read(rows: Rows, limit: number, atOnce: number) {
  const asked: string[][] = [];
  const days = Object.entries(rows).map(([day, places]) => ({ day, start: Math.min(...places) }));
  const found = await readInOrder<number>({
    days,
    limit,
    atOnce,
    placeOf: (row) => row,
    read: async (some) => {
      asked.push([...some]);
      return some
        .flatMap((day) => rows[day]!)
        .sort((a, b) => a - b)
        .slice(0, limit);
    },
  });
  return { found, asked };
}

test('gives the first rows of all days in order, however the days overlap', async () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 300; round += 1) {
    const rows: Record<string, number[]> = {};
    for (let place = 0; place < 60; place += 1) {
      const day = `d${random(3) === 0 ? random(12) : Math.floor(place / 5)}`;
      rows[day] = [...(rows[day] ?? []), place];
    }
    const limit = 1 + random(70);
    const { found } = await read(rows, limit, 1 + random(5));
    expect(found).toEqual(Array.from({ length: Math.min(limit, 60) }, (_, place) => place));
  }
});

test('asks no further than it must', async () => {
  const { asked } = await read({ a: [1, 2, 3], b: [4, 5], c: [6] }, 3, 1);
  expect(asked).toEqual([['a']]);
});

test('takes nothing but days into the text of a query', () => {
  expect(inDays('e', ['2026-01-31', "2026-01-31') or true --"])).toBe("e.day in (date '2026-01-31')");
  expect(inDays('e', [])).toBe('false');
});

test.each([
  ['2026-01-31T23:59:59.999Z', '2026-01-31'],
  ['0000-01-01T00:00:00.000Z', '2020-01-01'],
  ['2026-03-01T00:00:00.000Z', '2026-03-01'],
  ['2026-03-02T00:00:00.000Z', '2026-03-01'],
  ['9999-12-31T23:59:59.999Z', '2026-03-01'],
])('files %s under %s at the end of February', (at, day) => {
  expect(eventDay(at, tomorrow(Date.parse('2026-02-28T23:00:00Z')))).toBe(day);
});
