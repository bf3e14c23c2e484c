import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseLine } from '../journal/event-line.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { JOURNAL_START, segmentPath } from '../journal/segment-files.ts';
import { readCursor } from './cursor-file.ts';
import type { LineBatch } from './segment-reader.ts';
import { type Shipper, type ShipperOptions, startShipper } from './shipper.ts';

let dir: string;
let journal: Journal;
let shippers: Shipper[];
let delivered: number[];
let troubles: (string | null)[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-shipper-'));
  journal = openJournal({ dir, node: 'gw-1', segmentBytes: 2000, maxBacklogBytes: 1 << 20 });
  shippers = [];
  delivered = [];
  troubles = [];
});
afterEach(async () => {
  for (const shipper of shippers) await shipper.close(0);
  await journal.close();
  rmSync(dir, { recursive: true, force: true });
});

function start(changes: Partial<ShipperOptions> = {}): Shipper {
  const shipper = startShipper({
    journal,
    dir,
    node: 'gw-1',
    cursorPath: join(dir, 'gw-1.cursor'),
    deliver: async (batch) => take(batch),
    onTrouble: (error) => troubles.push(error?.message ?? null),
    lingerMs: 10,
    settleMs: 0,
    ...changes,
  });
  shippers.push(shipper);
  return shipper;
}

function take(batch: LineBatch): void {
  const seqs = batch.lines.map((line) => parseLine(line)!.seq);
  expect(seqs[0]).toBe(batch.first);
  expect(seqs.at(-1)).toBe(batch.end.seq);
  delivered.push(...seqs);
}

async function append(count: number, detail = ''): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    journal.append({ kind: 'gateway', what: 'tick', detail: { detail } });
    if (index % 3 === 0) await new Promise<void>((resolve) => journal.afterWritten(() => resolve()));
  }
  journal.flush();
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

test('delivers every event in order over many segments, before and after it starts', async () => {
  await append(50);
  const shipper = start();
  await append(50);
  await expect.poll(() => delivered.length).toBe(100);
  expect(delivered).toEqual(upTo(100));
  expect(journal.status().segments).toBeGreaterThan(5);
  expect(shipper.status()).toMatchObject({
    deliveredSeq: 100,
    backlogEvents: 0,
    backlogBytes: 0,
    lagMs: 0,
    failure: null,
  });
});

test('never makes a batch larger than allowed, except of one line that is larger itself', async () => {
  const sizes: number[] = [];
  start({
    limits: { maxEvents: 4, maxBytes: 1000 },
    deliver: async (batch) => {
      take(batch);
      sizes.push(batch.lines.join('\n').length);
      expect(batch.lines.length).toBeLessThanOrEqual(4);
      if (batch.lines.length > 1) expect(sizes.at(-1)).toBeLessThanOrEqual(1000);
    },
  });
  await append(5);
  await append(1, 'x'.repeat(50_000));
  await append(5);
  await expect.poll(() => delivered.length).toBe(11);
  expect(delivered).toEqual(upTo(11));
  expect(Math.max(...sizes)).toBeGreaterThan(50_000);
});

test('gathers events that come close together into one batch', async () => {
  let batches = 0;
  start({
    lingerMs: 100,
    deliver: async (batch) => {
      batches += 1;
      take(batch);
    },
  });
  await append(30);
  await expect.poll(() => delivered.length).toBe(30);
  // Segments end batches too.
  expect(batches).toBeLessThanOrEqual(journal.status().segments + 1);
});

test('delivers only what is on the disk', async () => {
  await journal.close();
  let stuck: (() => void) | null = () => undefined;
  journal = openJournal({
    dir,
    node: 'gw-1',
    segmentBytes: 2000,
    maxBacklogBytes: 1 << 20,
    sync: (_fd, done) => {
      if (stuck === null) done(null);
      else stuck = () => done(null);
    },
  });
  const shipper = start();
  await append(5);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(delivered).toEqual([]);
  expect(shipper.status().lagMs).toBeGreaterThanOrEqual(50);
  const release = stuck;
  stuck = null;
  release();
  await expect.poll(() => delivered.length).toBe(5);
});

test('tells once that delivering fails and once that it works again, and leaves nothing out', async () => {
  let away = true;
  const shipper = start({
    deliver: async (batch) => {
      if (away) throw new Error('away');
      take(batch);
    },
  });
  await append(10);
  await expect.poll(() => shipper.status().failure?.message).toBe('away');
  await append(10);
  expect(shipper.status()).toMatchObject({ backlogEvents: 20, deliveredSeq: 0 });
  away = false;
  await expect.poll(() => delivered.length, { timeout: 5000 }).toBe(20);
  expect(delivered).toEqual(upTo(20));
  expect(troubles).toEqual(['away', null]);
});

test('says how long events have been waiting that an earlier process has written', async () => {
  await journal.close();
  journal = openJournal({
    dir,
    node: 'gw-1',
    segmentBytes: 2000,
    maxBacklogBytes: 1 << 20,
    clock: () => Date.now() - 3_600_000,
  });
  await append(5);
  let away = true;
  const shipper = start({
    deliver: async (batch) => {
      if (away) throw new Error('away');
      take(batch);
    },
  });
  await expect.poll(() => shipper.status().lagMs).toBeGreaterThanOrEqual(3_600_000);
  away = false;
  await expect.poll(() => shipper.status(), { timeout: 5000 }).toMatchObject({ deliveredSeq: 5, lagMs: 0 });
});

test('delivers again what a receiver may have lost when it was killed', async () => {
  let failing = false;
  start({
    settleMs: 60_000,
    deliver: async (batch) => {
      if (failing) {
        failing = false;
        throw new Error('killed');
      }
      take(batch);
    },
  });
  await append(10);
  await expect.poll(() => delivered.length).toBe(10);
  failing = true;
  await append(5);
  await expect.poll(() => delivered.length, { timeout: 5000 }).toBe(25);
  expect(delivered).toEqual([...upTo(10), ...upTo(15)]);
});

test('goes on from the remembered position, again from the start without one', async () => {
  const first = start();
  await append(20);
  await expect.poll(() => delivered.length).toBe(20);
  await first.close(1000);
  await append(3);
  delivered = [];
  const second = start();
  await expect.poll(() => delivered.at(-1)).toBe(23);
  // What was delivered in the last second before the end may come twice, never be left out.
  expect(delivered).toEqual(upTo(23).slice(23 - delivered.length));
  expect(delivered.length).toBeGreaterThanOrEqual(3);
  await second.close(1000);
  const path = join(dir, 'gw-1.cursor');
  for (const content of ['', '{', '{"segment":-1,"offset":0,"seq":0}', 'null', '[1,2,3]']) {
    writeFileSync(path, content);
    expect(readCursor(path)).toEqual(JOURNAL_START);
  }
  delivered = [];
  start();
  await expect.poll(() => delivered.length).toBe(23);
});

test('remembers nothing that may still be lost', async () => {
  const shipper = start({ settleMs: 60_000 });
  await append(20);
  await expect.poll(() => delivered.length).toBe(20);
  await shipper.close(1000);
  expect(JSON.parse(readFileSync(join(dir, 'gw-1.cursor'), 'utf8'))).toEqual(JOURNAL_START);
});

test('delivers what is left when closed, and gives up in time when it cannot', async () => {
  const shipper = start({ lingerMs: 60_000 });
  await append(10);
  await shipper.close(5000);
  expect(delivered).toEqual(upTo(10));
  const stuck = start({
    deliver: async () => {
      throw new Error('away');
    },
  });
  await append(1);
  const begun = performance.now();
  await stuck.close(300);
  expect(performance.now() - begun).toBeLessThan(2000);
});

test('reports a journal whose newest segment was taken away', async () => {
  await append(60);
  rmSync(segmentPath(dir, 'gw-1', journal.written().segment));
  const shipper = start();
  await expect
    .poll(() => shipper.status().failure?.message ?? '')
    .toContain('expected an event behind number');
});
