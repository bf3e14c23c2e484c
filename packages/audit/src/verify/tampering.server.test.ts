/** Each kind of tampering, made on files that were exported from a real store, and found. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DENY, intent, outcome } from '../../testkit/event-bodies.ts';
import { placeEmptyStore } from '../../testkit/place-empty-store.ts';
import { checkpointBody, readCheckpoint, signCheckpoint } from '../checkpoint/checkpoint.ts';
import { createCheckpointer } from '../checkpoint/checkpointer.ts';
import { merkleRoot } from '../checkpoint/merkle-tree.ts';
import {
  formatPublicKey,
  openSigningKey,
  parsePublicKey,
  type SigningKey,
} from '../checkpoint/signing-key.ts';
import { startWitness } from '../checkpoint/witness.ts';
import { formatLine, hashLine, parseLine } from '../journal/event-line.ts';
import { openJournal } from '../journal/journal.ts';
import { exportEvents } from '../present/export-events.ts';
import { openStore } from '../store/open-store.ts';
import { rebuildStore } from './rebuild-store.ts';
import { type JournalResult, storedLines, verifyFiles } from './verify-journal.ts';

const EVENTS = 60;
let dir: string;
/** The lines of each node as they were exported; changed by a test and written to `files`. */
let exported: Readonly<Record<'gw-1' | 'gw-2', readonly string[]>>;
let lines: string[];
/** Number of an event in the middle of what gw-2 has witnessed. */
let victim: number;
let keys: Readonly<Record<'gw-1' | 'gw-2', SigningKey>>;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-tampering-'));
  const journals = join(dir, 'journal');
  await placeEmptyStore(join(dir, 'store'));
  const store = await openStore({ kind: 'embedded', dir: join(dir, 'store') }, () => undefined);
  const open = (node: 'gw-1' | 'gw-2') => {
    const checkpointer = createCheckpointer({
      dir: journals,
      node,
      key: keys[node],
      everyEvents: 10,
      everyMs: 3_600_000,
      onTrouble: (error) => {
        throw error;
      },
    });
    const { onLine } = checkpointer;
    const journal = openJournal({
      dir: journals,
      node,
      segmentBytes: 20_000,
      maxBacklogBytes: 1 << 30,
      onLine,
    });
    checkpointer.start(journal);
    const work = (from: number, to: number) => {
      for (let index = from; index <= to; index += 1) {
        journal.append(intent(`${node}-${index}`, index % 7 === 0 ? { decision: DENY } : {}));
        journal.flush();
        journal.append(outcome(`${node}-${index}`));
        journal.flush();
      }
      checkpointer.sign();
      journal.flush();
    };
    const close = () => {
      checkpointer.stop();
      return journal.close();
    };
    return { journal, work, close };
  };
  keys = {
    'gw-1': openSigningKey(join(dir, 'gw-1.signing-key')),
    'gw-2': openSigningKey(join(dir, 'gw-2.signing-key')),
  };
  const first = open('gw-1');
  const second = open('gw-2');
  first.work(1, EVENTS / 2);
  second.work(1, 3);
  await rebuildStore(journals, store);
  const witness = startWitness({ node: 'gw-2', journal: second.journal, store, everyMs: 3_600_000 });
  await witness.look();
  await witness.look();
  witness.stop();
  second.work(4, 6);
  first.work(EVENTS / 2 + 1, EVENTS);
  await Promise.all([first.close(), second.close()]);
  await rebuildStore(journals, store);
  const read = async (node: string) => {
    const texts: string[] = [];
    for await (const text of exportEvents(storedLines(store, node), 'jsonl')) texts.push(text.slice(0, -1));
    return texts;
  };
  exported = { 'gw-1': await read('gw-1'), 'gw-2': await read('gw-2') };
  await store.close();
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(() => {
  lines = [...exported['gw-1']];
  victim = 1 + lines.findIndex((line) => line.includes('"kind":"intent","request":"gw-1-16"'));
});

/** Writes the lines to files and verifies these. */
async function verify(options: { pinned?: boolean; witness?: boolean } = {}): Promise<JournalResult> {
  const file = join(dir, 'gw-1-export.jsonl');
  const witness = join(dir, 'gw-2-export.jsonl');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  writeFileSync(witness, exported['gw-2'].map((line) => `${line}\n`).join(''));
  const published = join(dir, 'gw-1.pub');
  writeFileSync(published, formatPublicKey(keys['gw-1'].publicKey));
  const key = parsePublicKey(readFileSync(published, 'utf8'))!;
  const [result] = await verifyFiles([file], {
    ...(options.pinned === false ? {} : { keys: [key] }),
    ...(options.witness === false ? {} : { witnesses: [witness] }),
  });
  return result!;
}

/** Makes up the chain anew from a number on, so that every link fits. */
function rechain(from: number): void {
  for (let index = from - 1; index < lines.length; index += 1) {
    const { node, at, body } = parseLine(lines[index]!)!;
    const prev = index === 0 ? '0'.repeat(64) : hashLine(lines[index - 1]!);
    lines[index] = formatLine(node, index + 1, at, prev, JSON.stringify(body));
  }
}

function change(seq: number, from: string, to: string): void {
  expect(lines[seq - 1]).toContain(from);
  lines[seq - 1] = lines[seq - 1]!.replace(from, to);
}

/** Numbers of the checkpoints, in order. */
function checkpoints(): number[] {
  return lines.flatMap((line) => {
    const { seq, body } = parseLine(line)!;
    return body.kind === 'gateway' && body.what === 'checkpoint' ? [seq] : [];
  });
}

/** Number of the first event that the checkpoint over `seq` covers. */
function signedFrom(seq: number): number {
  const found = checkpoints()
    .map((number) => parseLine(exported['gw-1'][number - 1]!)!)
    .flatMap(({ node, body }) => (body.kind === 'gateway' ? [readCheckpoint(node, body.detail)!] : []))
    .find(({ from, to }) => from <= seq && seq <= to);
  return found!.from;
}

test('finds nothing in what was not touched, with and without keys and witnesses', async () => {
  expect(lines.length).toBeGreaterThan(EVENTS * 2 + 10);
  expect(checkpoints().length).toBeGreaterThan(8);
  const through = lines.length - 1;
  const { id: key } = keys['gw-1'].publicKey;
  expect(await verify()).toMatchObject({
    problem: null,
    events: lines.length,
    signed: { through, key, pinned: true },
  });
  expect(await verify({ pinned: false, witness: false })).toMatchObject({
    problem: null,
    signed: { through, key, pinned: false },
  });
});

test('finds a change, and names the event and its line in the file', async () => {
  change(victim, '"ada"', '"eve"');
  const { problem, place } = await verify();
  expect(problem).toMatchObject({ kind: 'changed', seq: victim });
  expect(place).toBe(`gw-1-export.jsonl:${victim}`);
});

test('finds a change of the last event', async () => {
  change(lines.length, '"every":10', '"every":99');
  expect((await verify()).problem).toMatchObject({ kind: 'forged' });
});

test('finds a deletion', async () => {
  lines.splice(40, 3);
  expect((await verify()).problem).toMatchObject({ kind: 'missing', seq: 41 });
});

test('finds a deletion at the beginning', async () => {
  lines.splice(0, 5);
  expect((await verify()).problem).toMatchObject({ kind: 'missing', seq: 1 });
});

test('finds an insertion', async () => {
  lines.splice(20, 0, lines[19]!.replace('"ada"', '"eve"'));
  expect((await verify()).problem).toMatchObject({ kind: 'inserted', seq: 20 });
});

test('finds an event of another node', async () => {
  lines.splice(20, 0, exported['gw-2'][10]!);
  expect((await verify()).problem).toMatchObject({ kind: 'inserted', seq: 21 });
});

test('finds an exchange of two events', async () => {
  [lines[50], lines[51]] = [lines[51]!, lines[50]!];
  expect((await verify()).problem).toMatchObject({ kind: 'reordered', seq: 51 });
});

test('finds a cut at the end that others have witnessed, and names the first event that is gone', async () => {
  // Cut behind a checkpoint, where the chain itself looks perfect.
  const cut = checkpoints()[2]!;
  lines.length = cut;
  expect((await verify({ witness: false })).problem).toBeNull();
  const { problem, place } = await verify();
  expect(problem).toMatchObject({ kind: 'truncated', seq: cut + 1 });
  expect(place).toBe(`gw-1-export.jsonl:${cut + 1}`);
});

test('finds a chain that was made up anew behind a change, by the signature', async () => {
  change(victim, '"ada"', '"eve"');
  rechain(victim + 1);
  const { problem } = await verify({ witness: false });
  expect(problem).toMatchObject({ kind: 'forged', seq: signedFrom(victim) });
});

test('finds it when the checkpoints are made up as well, without the key', async () => {
  change(victim, '"ada"', '"eve"');
  forgeFrom(victim, openSigningKey(join(dir, 'mallory.key')));
  for (const pinned of [true, false]) {
    expect((await verify({ pinned, witness: false })).problem).toMatchObject({
      kind: 'forged',
      seq: signedFrom(victim),
    });
  }
});

test('finds a chain that was made up anew from its very beginning with a key of its own, by the pinned key and by the witness', async () => {
  const mallory = openSigningKey(join(dir, 'mallory.key'));
  change(1, keys['gw-1'].publicKey.text, mallory.publicKey.text);
  change(1, keys['gw-1'].publicKey.id, mallory.publicKey.id);
  change(victim, '"ada"', '"eve"');
  forgeFrom(1, mallory);
  expect((await verify({ pinned: false, witness: false })).problem).toBeNull();
  expect((await verify({ pinned: true, witness: false })).problem).toMatchObject({ kind: 'forged', seq: 1 });
});

test('finds that somebody with the stolen key made up what others have witnessed', async () => {
  change(victim, '"ada"', '"eve"');
  forgeFrom(victim, keys['gw-1']);
  expect((await verify({ witness: false })).problem).toBeNull();
  expect((await verify()).problem).toMatchObject({ kind: 'forged' });
});

test('finds that checkpoints stop', async () => {
  const [, , kept] = checkpoints();
  lines = lines.slice(0, kept);
  const since = Date.parse(parseLine(lines.at(-1)!)!.at);
  // A forger who cannot sign goes on without: for an hour, or for long.
  const forged = (count: number, stepMs: number) => {
    const all = [...lines];
    for (let index = 1; index <= count; index += 1) {
      const at = new Date(since + index * stepMs).toISOString();
      const body = JSON.stringify(intent(`forged-${index}`));
      all.push(formatLine('gw-1', all.length + 1, at, hashLine(all.at(-1)!), body));
    }
    return all;
  };
  const honest = lines;
  lines = forged(5_000, 1);
  expect((await verify({ witness: false })).problem).toMatchObject({ kind: 'unsigned', seq: kept });
  lines = honest;
  lines = forged(250, 60_000);
  expect((await verify({ witness: false })).problem).toMatchObject({ kind: 'unsigned', seq: kept });
});

test('finds no tampering in a file that is none', async () => {
  lines = ['hello'];
  expect((await verify()).problem).toMatchObject({ kind: 'torn' });
  expect(basename((await verify()).node)).toBe('gw-1-export.jsonl');
});

/** As `rechain`, and signs every checkpoint from there on anew. */
function forgeFrom(seq: number, key: SigningKey): void {
  rechain(seq + 1);
  let signed = Math.max(
    0,
    ...checkpoints()
      .filter((number) => number < seq)
      .map(coveredTo),
  );
  for (const number of checkpoints().filter((one) => one >= seq)) {
    const { at, body } = parseLine(lines[number - 1]!)!;
    if (body.kind !== 'gateway') continue;
    const { to, every } = readCheckpoint('gw-1', body.detail)!;
    const hashes = lines.slice(signed, to).map(hashLine);
    const root = merkleRoot(hashes);
    const facts = { node: 'gw-1', from: signed + 1, to, head: hashes.at(-1)!, root, at, every };
    const forged = checkpointBody(signCheckpoint(facts, key), key.publicKey);
    lines[number - 1] = formatLine('gw-1', number, at, hashLine(lines[number - 2]!), JSON.stringify(forged));
    rechain(number + 1);
    signed = to;
  }
}

function coveredTo(seq: number): number {
  const { body } = parseLine(lines[seq - 1]!)!;
  return body.kind === 'gateway' ? readCheckpoint('gw-1', body.detail)!.to : 0;
}
