import { mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseLine } from '../journal/event-line.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { JOURNAL_START, segmentPath } from '../journal/segment-files.ts';
import { openSegmentReader, type SegmentReader } from './segment-reader.ts';

const LIMITS = { maxEvents: 2, maxBytes: 10_000 };

let dir: string;
let journal: Journal;
let reader: SegmentReader;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-reader-'));
  journal = openJournal({ dir, node: 'gw-1', segmentBytes: 600, maxBacklogBytes: 1 << 30 });
  reader = openSegmentReader(dir, 'gw-1');
});
afterEach(async () => {
  await reader.close();
  await journal.close();
  rmSync(dir, { recursive: true, force: true });
});

function append(count: number): void {
  for (let index = 0; index < count; index += 1) {
    journal.append({ kind: 'gateway', what: 'tick', detail: {} });
    journal.flush();
  }
}

async function readAll(from = JOURNAL_START): Promise<(number | undefined)[]> {
  const seqs: (number | undefined)[] = [];
  for (let at = from; ; ) {
    const batch = await reader.read(at, journal.written(), LIMITS);
    if (batch === null) return seqs;
    seqs.push(...batch.lines.map((line) => parseLine(line)?.seq));
    at = batch.end;
  }
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

test('reads over the ends of segments, goes on where it stopped, and back', async () => {
  append(10);
  expect(await readAll()).toEqual(upTo(10));
  const end = journal.written();
  append(5);
  expect(await readAll(end)).toEqual([11, 12, 13, 14, 15]);
  expect(await readAll()).toEqual(upTo(15));
  expect(await readAll(journal.written())).toEqual([]);
});

test('starts at the first segment that is left when older ones were removed', async () => {
  append(10);
  const [oldest, next] = readdirSync(dir).filter((name) => name.endsWith('.jsonl'));
  unlinkSync(join(dir, oldest!));
  expect((await readAll())[0]).toBe(Number(/(\d+)\.jsonl$/.exec(next!)?.[1]));
});

test('says so when a segment in front of the end is gone', async () => {
  append(10);
  unlinkSync(segmentPath(dir, 'gw-1', journal.written().segment));
  await expect(readAll()).rejects.toMatchObject({ kind: 'audit', code: 'journal-unreadable' });
});

test('takes no longer for a batch although the folder holds the segments of years', async () => {
  append(4_000);
  const from = journal.written();
  append(1);
  expect(readdirSync(dir).length).toBeGreaterThan(1_000);
  await reader.read(from, journal.written(), LIMITS);
  const begun = performance.now();
  for (let index = 0; index < 100; index += 1) await reader.read(from, journal.written(), LIMITS);
  // Listing such a folder takes several milliseconds; reading an open file does not.
  expect((performance.now() - begun) / 100).toBeLessThan(2);
});
