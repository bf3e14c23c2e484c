import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { intent } from '../../testkit/event-bodies.ts';
import { type AuditEvent, parseLine } from '../journal/event-line.ts';
import { type Journal, type JournalOptions, openJournal } from '../journal/journal.ts';
import { type Checkpoint, isSignedBy, readCheckpoint, signCheckpoint } from './checkpoint.ts';
import { createCheckpointer, type FindRoot } from './checkpointer.ts';
import { merkleRoot } from './merkle-tree.ts';
import { openSigningKey, type SigningKey } from './signing-key.ts';

let dir: string;
let key: SigningKey;
let troubles: Error[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-checkpoint-'));
  key = openSigningKey(join(dir, 'gw-1.key'));
  troubles = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Opened {
  readonly journal: Journal;
  /** Appends events one by one. */
  append(count: number): void;
  close(how: 'signed' | 'killed'): Promise<void>;
}

function open(changes: Partial<JournalOptions> = {}, findRoot?: FindRoot): Opened {
  const checkpointer = createCheckpointer({
    dir,
    node: 'gw-1',
    key,
    everyEvents: 10,
    everyMs: 3_600_000,
    onTrouble: (error) => troubles.push(error),
  });
  const { onLine } = checkpointer;
  const journal = openJournal({
    dir,
    node: 'gw-1',
    segmentBytes: 6_000,
    maxBacklogBytes: 1 << 30,
    onLine,
    ...changes,
  });
  checkpointer.start(journal);
  if (findRoot !== undefined) checkpointer.leaveRootsTo(findRoot);
  journal.flush();
  return {
    journal,
    append(count) {
      for (let index = 0; index < count; index += 1) {
        journal.append(intent(`s1-${index}`));
        journal.flush();
      }
    },
    async close(how) {
      if (how === 'signed') checkpointer.sign();
      checkpointer.stop();
      await journal.close();
    },
  };
}

function events(): AuditEvent[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => readFileSync(join(dir, name), 'utf8').trim().split('\n'))
    .map((line) => parseLine(line)!);
}

function checkpoints(): Checkpoint[] {
  return events().flatMap(({ node, body }) => {
    const found =
      body.kind === 'gateway' && body.what === 'checkpoint' ? readCheckpoint(node, body.detail) : null;
    return found === null ? [] : [found];
  });
}

/** First and last number of each checkpoint. */
function ranges(): number[][] {
  return checkpoints().map(({ from, to }) => [from, to]);
}

test('names its key first, signs every so many events, and everything when it closes', async () => {
  const { append, close } = open();
  append(25);
  await close('signed');
  expect(events()[0]).toMatchObject({
    seq: 1,
    body: { what: 'signing-key', detail: { key: key.publicKey.id, publicKey: key.publicKey.text } },
  });
  // A checkpoint goes into the batch behind the one that made it due.
  const all = ranges();
  expect(all.map(([from]) => from)).toEqual([1, ...all.slice(0, -1).map(([, to]) => to! + 1)]);
  expect(all.at(-1)![1]).toBe(events().length - 1);
  expect(all.length).toBeGreaterThanOrEqual(3);
  for (const checkpoint of checkpoints()) expect(isSignedBy(checkpoint, key.publicKey)).toBe(true);
  const later = events().at(-1)!;
  expect(checkpoints().at(-1)?.head).toBe(later.prev);
  expect(troubles).toEqual([]);
});

test('goes on where a process without a last checkpoint ended, over several segments', async () => {
  const first = open();
  first.append(24);
  await first.close('killed');
  const [, before] = ranges().at(-1)!;
  const written = events().length;
  const second = open();
  expect(ranges().at(-1)).toEqual([before! + 1, written]);
  second.append(3);
  await second.close('signed');
  const all = ranges();
  expect(all.map(([from]) => from)).toEqual([1, ...all.slice(0, -1).map(([, to]) => to! + 1)]);
  expect(events().filter(({ body }) => body.kind === 'gateway' && body.what === 'signing-key')).toHaveLength(
    1,
  );
  expect(readdirSync(dir).filter((name) => name.endsWith('.jsonl')).length).toBeGreaterThan(2);
});

test('adds nothing to a journal that stands still', async () => {
  const first = open();
  first.append(3);
  await first.close('signed');
  const before = events().length;
  for (let round = 0; round < 3; round += 1) await open().close('signed');
  expect(events().length).toBe(before);
});

test('signs again what a failed write took with it', async () => {
  let failing = false;
  const { journal, append, close } = open({
    write: (fd, bytes, position) => {
      if (failing && bytes.includes('"checkpoint"'))
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return writeSync(fd, bytes, 0, bytes.length, position);
    },
  });
  append(7);
  failing = true;
  append(2);
  expect(troubles).toEqual([]);
  append(1);
  // The checkpoint went with the next batch.
  journal.flush();
  expect(troubles.length).toBeGreaterThan(0);
  failing = false;
  await expect.poll(() => journal.status().failure, { timeout: 10_000 }).toBeNull();
  append(12);
  await close('signed');
  const all = ranges();
  expect(all.map(([from]) => from)).toEqual([1, ...all.slice(0, -1).map(([, to]) => to! + 1)]);
});

test('goes on signing what ends statements while the journal is full', async () => {
  const { journal, append, close } = open({ maxBacklogBytes: 80_000 });
  for (;;) {
    try {
      append(1);
    } catch (error) {
      expect(error).toMatchObject({ code: 'journal-full' });
      break;
    }
  }
  const full = journal.written().seq;
  const end = () => journal.append({ kind: 'gateway', what: 'tick', detail: {} });
  for (let index = 0; index < 25; index += 1) {
    end();
    journal.flush();
  }
  expect(ranges().at(-1)![1]).toBeGreaterThan(full + 10);
  expect(troubles).toEqual([]);
  // When nothing at all fits any more, it says so once.
  expect(() => {
    for (;;) {
      end();
      journal.flush();
    }
  }).toThrow(expect.objectContaining({ code: 'journal-full' }));
  expect(troubles.length).toBeLessThanOrEqual(1);
  journal.acknowledge(journal.written());
  await close('signed');
  const all = ranges();
  expect(all.map(([from]) => from)).toEqual([1, ...all.slice(0, -1).map(([, to]) => to! + 1)]);
});

/** Every event is covered once, in order, and each root is that of the lines in the files. */
function expectSigned(): void {
  const hashes = events().map(({ prev }) => prev);
  const all = checkpoints();
  expect(all.map(({ from }) => from)).toEqual([1, ...all.slice(0, -1).map(({ to }) => to + 1)]);
  for (const { from, to, head, root } of all) {
    expect(root).toBe(merkleRoot(hashes.slice(from, to + 1)));
    expect(head).toBe(hashes[to]);
  }
}

test('signs roots that come later, over what was written when they were asked for', async () => {
  const asked: (readonly string[])[] = [];
  const answers: (() => void)[] = [];
  const { append, close } = open({}, (hashes) => {
    asked.push(hashes);
    return new Promise((resolve) => answers.push(() => resolve(merkleRoot(hashes))));
  });
  const before = ranges().length;
  append(9);
  expect(asked.map(({ length }) => length)).toEqual([10]);
  append(5);
  expect(asked).toHaveLength(1);
  expect(ranges()).toHaveLength(before);
  answers[0]!();
  await Promise.resolve();
  append(1);
  expect(ranges().at(-1)).toEqual([1, 10]);
  await close('signed');
  expectSigned();
  expect(ranges().at(-1)![1]).toBe(events().length - 1);
});

test('computes roots itself that are refused or do not come before as much again is written, or before it closes', async () => {
  const late: (() => void)[] = [];
  const answers: FindRoot[] = [
    () => Promise.reject(new Error('gone')),
    (hashes) => new Promise((resolve) => late.push(() => resolve(merkleRoot(hashes)))),
  ];
  let asked = 0;
  const { append, close } = open({}, (hashes) => {
    asked += 1;
    return answers[Math.min(asked, answers.length) - 1]!(hashes);
  });
  append(9);
  await new Promise((resolve) => setImmediate(resolve));
  append(1);
  expect(ranges()).toEqual([[1, 10]]);
  append(30);
  expect(ranges()).toHaveLength(2);
  expect(asked).toBeGreaterThan(2);
  await close('signed');
  expectSigned();
  const signed = ranges();
  for (const answer of late) answer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(ranges()).toEqual(signed);
  expect(troubles).toEqual([]);
});

test('makes a key that only its owner can read, and refuses one that others can', () => {
  expect(statSync(join(dir, 'gw-1.key')).mode & 0o777).toBe(0o600);
  expect(openSigningKey(join(dir, 'gw-1.key')).publicKey.id).toBe(key.publicKey.id);
  chmodSync(join(dir, 'gw-1.key'), 0o644);
  expect(() => openSigningKey(join(dir, 'gw-1.key'))).toThrow(
    expect.objectContaining({ code: 'signing-key', kind: 'config' }),
  );
});

test('takes no signature over other facts, nor by another key', () => {
  const other = openSigningKey(join(dir, 'other.key'));
  const facts = {
    node: 'gw-1',
    from: 1,
    to: 9,
    head: 'a'.repeat(64),
    root: 'b'.repeat(64),
    at: '2026-01-31T12:00:00.000Z',
    every: 10,
  };
  const checkpoint = signCheckpoint(facts, key);
  expect(isSignedBy(checkpoint, key.publicKey)).toBe(true);
  expect(isSignedBy(checkpoint, other.publicKey)).toBe(false);
  expect(isSignedBy({ ...checkpoint, key: other.publicKey.id }, other.publicKey)).toBe(false);
  for (const change of [
    { node: 'gw-2' },
    { from: 2 },
    { to: 8 },
    { head: 'c'.repeat(64) },
    { root: 'c'.repeat(64) },
    { every: 1000 },
  ]) {
    expect(isSignedBy({ ...checkpoint, ...change }, key.publicKey)).toBe(false);
  }
});
