import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { intent } from '../../testkit/event-bodies.ts';
import { type Checkpointer, createCheckpointer } from '../checkpoint/checkpointer.ts';
import { openSigningKey, type SigningKey } from '../checkpoint/signing-key.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { listSegments, type SegmentFile } from '../journal/segment-files.ts';
import { verifyJournal } from '../verify/verify-journal.ts';
import { type RetentionLimits, retainJournal } from './retain-journal.ts';

const DAY_MS = 86_400_000;
let dir: string;
let now: number;
let taken: number;
let key: SigningKey;
let journal: Journal;
let checkpointer: Checkpointer;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-retention-'));
  now = Date.UTC(2026, 0, 1);
  taken = 0;
  key = openSigningKey(join(dir, 'gw-1.signing-key'));
  open();
});
afterEach(async () => {
  await close();
  rmSync(dir, { recursive: true, force: true });
});

function open(): void {
  checkpointer = createCheckpointer({
    dir,
    node: 'gw-1',
    key,
    everyEvents: 7,
    everyMs: DAY_MS,
    onTrouble: (error) => {
      throw error;
    },
  });
  const { onLine } = checkpointer;
  const limits = { segmentBytes: 5_000, maxBacklogBytes: 1 << 30 };
  journal = openJournal({ dir, node: 'gw-1', clock: () => now, onLine, ...limits });
  checkpointer.start(journal);
}

async function close(): Promise<void> {
  checkpointer.stop();
  await journal.close();
}

/** Appends events, one every tenth of a day, and has some of them passed on. */
function work(count: number): void {
  for (let index = 0; index < count; index += 1) {
    journal.append(intent(`s1-${index}`));
    journal.flush();
    now += DAY_MS / 10;
  }
}

function passOn(seq: number): void {
  taken = seq;
  journal.acknowledge({ ...journal.written(), seq });
}

function segments(): readonly SegmentFile[] {
  return listSegments(dir, 'gw-1');
}

function retain(limits: RetentionLimits): Promise<number> {
  return retainJournal({ journal, dir, node: 'gw-1', key, limits, takenSeq: () => taken, clock: () => now });
}

async function problem() {
  return (await verifyJournal(dir, { keys: [key.publicKey] }))[0]?.problem;
}

test('takes away segments that are old enough, and leaves a chain that verifies, again and again', async () => {
  work(60);
  const before = segments();
  expect(before.length).toBeGreaterThan(6);
  passOn(journal.written().seq);
  const removed = await retain({ maxAgeMs: 3 * DAY_MS });
  expect(removed).toBeGreaterThan(2);
  const left = segments();
  expect(left[0]).toEqual(before[removed]);
  expect(await problem()).toBeNull();
  work(60);
  passOn(journal.written().seq);
  expect(await retain({ maxAgeMs: 3 * DAY_MS })).toBeGreaterThan(4);
  expect(await problem()).toBeNull();
  expect(journal.status().bytes).toBe(segments().reduce((sum, { bytes }) => sum + bytes, 0));
});

test('takes away the oldest segments of a journal that is too large, and never the newest', async () => {
  work(60);
  passOn(journal.written().seq);
  const { bytes } = journal.status();
  await retain({ maxBytes: bytes / 2 });
  expect(journal.status().bytes).toBeLessThanOrEqual(bytes / 2);
  expect(journal.status().bytes).toBeGreaterThan(bytes / 4);
  passOn(journal.written().seq);
  await retain({ maxBytes: 1 });
  // A tombstone may have begun a segment that nobody has taken yet.
  expect(segments().length).toBeLessThanOrEqual(2);
  expect(await problem()).toBeNull();
});

test('keeps every event that somebody has not taken yet', async () => {
  work(60);
  const third = segments()[2]!;
  passOn(third.first);
  expect(await retain({ maxBytes: 1, maxAgeMs: 1 })).toBe(2);
  expect(segments()[0]).toEqual(third);
  expect(await retain({ maxBytes: 1, maxAgeMs: 1 })).toBe(0);
});

test('goes on after a restart, with what is left', async () => {
  work(60);
  passOn(journal.written().seq);
  await retain({ maxBytes: 12_000 });
  await close();
  open();
  work(20);
  expect(await problem()).toBeNull();
  expect((await verifyJournal(dir))[0]).toMatchObject({ problem: null, signed: { pinned: false } });
});

test('makes a removal by somebody else show', async () => {
  work(60);
  passOn(journal.written().seq);
  await retain({ maxBytes: 20_000 });
  expect(await problem()).toBeNull();
  rmSync(segments()[0]!.path);
  expect(await problem()).toMatchObject({ kind: 'missing', seq: 1 });
});

test('has no effect on how much waits to be passed on', async () => {
  work(60);
  const { first } = segments().at(-2)!;
  const at = { segment: first, offset: 0, seq: first - 1 };
  journal.acknowledge(at);
  taken = at.seq;
  const { backlogBytes } = journal.status();
  await retain({ maxBytes: 1 });
  // The tombstones themselves wait, too.
  expect(journal.status().backlogBytes).toBeGreaterThan(backlogBytes);
  expect(journal.status().backlogBytes).toBe(journal.status().bytes);
});
