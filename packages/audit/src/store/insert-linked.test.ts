import { beforeEach, expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { intent } from '../../testkit/event-bodies.ts';
import { createMemoryStore, type MemoryStore } from '../../testkit/memory-store.ts';
import { insertLinked } from './insert-linked.ts';

const LINES = chainedLines(Array.from({ length: 9 }, (_, index) => intent(`s1-${index + 1}`)));
const OTHER = chainedLines([intent('other'), intent('another')], 'gw-2');

let store: MemoryStore;

beforeEach(() => {
  store = createMemoryStore();
});

function forged(seq: number): string {
  return LINES[seq - 1]!.replace('"ada"', '"eve"');
}

async function brokenAfter(...batches: readonly (readonly string[])[]): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const batch of batches) broken.push(...(await insertLinked(store, batch)).broken);
  return broken;
}

test('finds nothing in a chain, in whatever order its batches come and however often', async () => {
  const [first, second, third] = [LINES.slice(0, 3), LINES.slice(3, 6), LINES.slice(6)];
  expect(await brokenAfter(first, third, second, first, third)).toEqual([]);
  expect(store.kept.size).toBe(9);
});

test('finds nothing in batches of several nodes', async () => {
  expect(await brokenAfter([...LINES.slice(0, 2), ...OTHER, ...LINES.slice(2)])).toEqual([]);
});

test('takes a hole for no broken link', async () => {
  expect(await brokenAfter([LINES[0]!, LINES[3]!], [LINES[7]!])).toEqual([]);
});

test('names the event behind one that was changed, inside a batch and between batches', async () => {
  expect(await brokenAfter(LINES.with(2, forged(3)))).toEqual(['gw-1/4']);
  store = createMemoryStore();
  expect(await brokenAfter([...LINES.slice(0, 2), forged(3)], LINES.slice(3))).toEqual(['gw-1/4']);
  store = createMemoryStore();
  expect(await brokenAfter(LINES.slice(3), [...LINES.slice(0, 2), forged(3)])).toEqual(['gw-1/4']);
});

test('names a first event that claims to have one before it', async () => {
  expect(await brokenAfter([LINES[0]!.replace('"prev":"0000', '"prev":"0001')])).toEqual(['gw-1/1']);
});

test('names an event that is not written as a journal writes', async () => {
  const { v, node, seq, at, prev, body } = JSON.parse(LINES[4]!) as Record<string, unknown>;
  expect(await brokenAfter([JSON.stringify({ seq, v, node, at, prev, body })])).toEqual(['gw-1/5']);
});

test('does not measure an event that was not stored, because its number was taken', async () => {
  await insertLinked(store, LINES);
  expect(await insertLinked(store, [forged(3)])).toMatchObject({ conflicts: ['gw-1/3'], broken: [] });
});

test('stores what does not fit: it is evidence', async () => {
  await insertLinked(store, LINES.with(2, forged(3)));
  expect(store.kept.get('gw-1/3')).toBe(forged(3));
  expect(store.kept.size).toBe(9);
});
