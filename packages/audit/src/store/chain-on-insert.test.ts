import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { intent } from '../../testkit/event-bodies.ts';
import { placeEmptyStore } from '../../testkit/place-empty-store.ts';
import type { AuditStore } from './audit-store.ts';
import { openStore } from './open-store.ts';

let dir: string;
let store: AuditStore;
/** A chain of its own for each test. */
let node: string;
let LINES: readonly string[];
let tests = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-chain-'));
  await placeEmptyStore(join(dir, 'store'));
  store = await openStore({ kind: 'embedded', dir: join(dir, 'store') }, () => undefined);
}, 60_000);
afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  tests += 1;
  begin(`n${tests}`);
});

function begin(name: string): void {
  node = name;
  LINES = chainedLines(
    Array.from({ length: 9 }, (_, index) => intent(`${name}-${index + 1}`)),
    name,
  );
}

function forged(seq: number): string {
  return LINES[seq - 1]!.replace('"ada"', '"eve"');
}

/** What is broken after these batches, as numbers of this test's node. */
async function brokenAfter(...batches: readonly (readonly string[])[]): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const batch of batches) broken.push(...(await store.insert(batch)).broken);
  return broken.map((name) => name.replace(`${node}/`, ''));
}

test('finds nothing in a chain, in whatever order its batches come and however often', async () => {
  const [first, second, third] = [LINES.slice(0, 3), LINES.slice(3, 6), LINES.slice(6)];
  expect(await brokenAfter(first, third, second, first, third, LINES.slice(2, 8))).toEqual([]);
  expect(await store.lines(node, 0, 100)).toEqual(LINES);
});

test('stores what is new of a batch that is known in part', async () => {
  await store.insert([LINES[1]!, LINES[4]!, LINES[5]!, LINES[8]!]);
  expect(await store.insert(LINES)).toEqual({ inserted: 5, duplicates: 4, conflicts: [], broken: [] });
  expect(await store.lines(node, 0, 100)).toEqual(LINES);
});

test('finds nothing in batches of several nodes', async () => {
  const other = chainedLines([intent('other'), intent('another')], `${node}-other`);
  expect(await brokenAfter([...LINES.slice(0, 2), ...other, ...LINES.slice(2)])).toEqual([]);
});

test('takes a hole for no broken link', async () => {
  expect(await brokenAfter([LINES[0]!, LINES[3]!], [LINES[7]!])).toEqual([]);
});

test('names the event behind one that was changed, inside a batch and between batches', async () => {
  expect(await brokenAfter(LINES.with(2, forged(3)))).toEqual(['4']);
  begin('between');
  expect(await brokenAfter([...LINES.slice(0, 2), forged(3)], LINES.slice(3))).toEqual(['4']);
  begin('backwards');
  expect(await brokenAfter(LINES.slice(3), [...LINES.slice(0, 2), forged(3)])).toEqual(['4']);
});

test('names a first event that claims to have one before it', async () => {
  expect(await brokenAfter([LINES[0]!.replace('"prev":"0000', '"prev":"0001')])).toEqual(['1']);
});

test('names an event that is not written as a journal writes', async () => {
  const { v, node: name, seq, at, prev, body } = JSON.parse(LINES[4]!) as Record<string, unknown>;
  expect(await brokenAfter([JSON.stringify({ seq, v, node: name, at, prev, body })])).toEqual(['5']);
});

test('does not measure an event that was not stored, because its number was taken', async () => {
  await store.insert(LINES);
  expect(await store.insert([forged(3)])).toMatchObject({ conflicts: [`${node}/3`], broken: [] });
});

test('stores what does not fit: it is evidence', async () => {
  await store.insert(LINES.with(2, forged(3)));
  expect((await store.lines(node, 2, 1))[0]).toBe(forged(3));
  expect(await store.lines(node, 0, 100)).toHaveLength(9);
});

test('lets no double slip in that names another day', async () => {
  await store.insert(LINES);
  for (const day of ['2026-01-30', '2026-02-01', '0000-01-01', '9999-12-31']) {
    const double = LINES[2]!.replace('"at":"2026-01-31', `"at":"${day}`);
    expect(await store.insert([double])).toEqual({
      inserted: 0,
      duplicates: 0,
      conflicts: [`${node}/3`],
      broken: [],
    });
  }
  const twice = LINES[2]!.replace('"at":"2026-01-31', '"at":"2025-01-31');
  begin('twice');
  const renamed = [LINES[2]!, twice.replace(/"node":"[^"]*"/, `"node":"${node}"`)];
  expect(await store.insert(renamed)).toMatchObject({ inserted: 1, conflicts: [`${node}/3`] });
  expect(await store.lines(node, 0, 100)).toHaveLength(1);
});
