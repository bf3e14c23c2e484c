import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { intent } from '../../testkit/event-bodies.ts';
import { createMemoryStore } from '../../testkit/memory-store.ts';
import { openJournal } from '../journal/journal.ts';
import { writeCursor } from '../shipping/cursor-file.ts';
import { rebuildStore } from './rebuild-store.ts';
import { storedLines, verifyJournal, verifyStored } from './verify-journal.ts';

let dir: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-verify-'));
  for (const node of ['gw-1', 'gw-2']) {
    const journal = openJournal({ dir, node, segmentBytes: 3000, maxBacklogBytes: 1 << 30 });
    for (let index = 1; index <= 20; index += 1) {
      // Characters at which other readers end lines, and one longer than a block of the reader.
      const text = index === 7 ? 'x'.repeat(60_000) : `a\u2028b\u0085c\r ${index}`;
      journal.append(
        intent(`s1-${index}`, { text, parameters: index === 7 ? Array(5).fill('y'.repeat(50_000)) : [] }),
      );
      journal.flush();
    }
    await journal.close();
  }
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function segments(node: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.startsWith(node) && name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(dir, name));
}

test('proves every node of a folder over all segments', async () => {
  expect(segments('gw-1').length).toBeGreaterThan(4);
  expect(await verifyJournal(dir)).toEqual([
    expect.objectContaining({ node: 'gw-1', events: 20, problem: null, place: null }),
    expect.objectContaining({ node: 'gw-2', events: 20, problem: null, place: null }),
  ]);
});

test('names the file and the line of what is wrong, and goes on with the next node', async () => {
  const path = segments('gw-1')[1]!;
  expect(readFileSync(path, 'utf8')).toContain('"ada"');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"ada"', '"eve"'));
  const [first, second] = await verifyJournal(dir);
  expect(first?.problem?.kind).toBe('changed');
  expect(first?.place).toBe(`${basename(path)}:1`);
  expect(second?.problem).toBeNull();
});

test('misses a removed segment, and events at the end that were passed on', async () => {
  const [, second] = segments('gw-1');
  rmSync(second!);
  const last = segments('gw-2').at(-1)!;
  await writeCursor(join(dir, 'gw-2.cursor'), { segment: 20, offset: 100, seq: 20 });
  truncateSync(last, 0);
  const results = await verifyJournal(dir);
  expect(results.map(({ problem }) => problem?.kind)).toEqual(['missing', 'missing']);
  expect(results[1]?.problem?.seq).toBe(results[1]!.events + 1);
});

test('takes a line that is just being written for what it is', async () => {
  const path = segments('gw-1').at(-1)!;
  const whole = readFileSync(path);
  truncateSync(path, whole.length - 30);
  const finished = new Promise((resolve) =>
    setTimeout(() => resolve(appendFileSync(path, whole.subarray(whole.length - 30))), 100),
  );
  expect((await verifyJournal(dir))[0]).toMatchObject({ events: 20, problem: null });
  await finished;
  appendFileSync(path, '{"v":1,');
  expect((await verifyJournal(dir))[0]?.problem).toMatchObject({ kind: 'torn', seq: 21 });
});

test('fills a store from the journals, once', async () => {
  const store = { ...createMemoryStore(), migrate: async () => undefined };
  appendFileSync(segments('gw-1').at(-1)!, '{"v":1,');
  expect(await rebuildStore(dir, store)).toEqual({ inserted: 40, duplicates: 0, conflicts: [], broken: [] });
  expect(await rebuildStore(dir, store)).toEqual({ inserted: 0, duplicates: 40, conflicts: [], broken: [] });
});

test('verifies what a store holds, page by page', async () => {
  const store = createMemoryStore();
  await rebuildStore(dir, { ...store, migrate: async () => undefined });
  const all = [...store.kept.entries()].filter(([key]) => key.startsWith('gw-1/')).map(([, line]) => line);
  const reader = {
    lines: async (_node: string, after: number, limit: number) => all.slice(after, after + limit),
  };
  expect(await verifyStored(reader, 'gw-1', { after: 'start' })).toMatchObject({ events: 20, problem: null });
  const many: string[] = [];
  for await (const line of storedLines({ lines: pages(2500) }, 'gw-1')) many.push(line);
  expect(many).toHaveLength(2500);
});

/** Lines with nothing but what paging needs. */
function pages(count: number): (node: string, after: number, limit: number) => Promise<readonly string[]> {
  return async (_node, after, limit) =>
    Array.from(
      { length: Math.min(limit, count - after) },
      (_, index) => `{"v":1,"node":"gw-1","seq":${after + index + 1},"at":""}`,
    );
}
