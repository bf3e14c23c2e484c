/** Retention of a store that two nodes share, on a real Postgres and embedded, with exports that are verified. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { intent } from '../../testkit/event-bodies.ts';
import { startTestPostgres, type TestPostgres, whyNoPostgres } from '../../testkit/postgres-server.ts';
import { createCheckpointer } from '../checkpoint/checkpointer.ts';
import { openSigningKey, type PublicKey, type SigningKey } from '../checkpoint/signing-key.ts';
import { signTombstone, storeTombstoneBody } from '../checkpoint/tombstone.ts';
import { startWitness, type Witness } from '../checkpoint/witness.ts';
import { startGapWatch } from '../gaps/watch-gaps.ts';
import { formatLine, GENESIS, parseLine } from '../journal/event-line.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import type { AuditStore, StoreLimits } from '../store/audit-store.ts';
import { openPostgresConnection } from '../store/postgres-connection.ts';
import type { SqlConnection } from '../store/sql-connection.ts';
import { createSqlStore } from '../store/sql-store.ts';
import { rebuildStore } from '../verify/rebuild-store.ts';
import { journalLines, storedLines, verifyFiles, verifyJournal } from '../verify/verify-journal.ts';
import { type StoreRetention, startStoreRetention } from './retain-store.ts';

const DAY_MS = 86_400_000;
const reason = whyNoPostgres();

interface Node {
  readonly name: string;
  readonly key: SigningKey;
  readonly journal: Journal;
  readonly witness: Witness;
  readonly retention: (limits: StoreLimits) => StoreRetention;
  sign(): void;
  close(): Promise<void>;
}

let dir: string;
let now: number;
let connection: SqlConnection;
let store: AuditStore;
let nodes: Node[];
let postgres: TestPostgres | null = null;
let databases = 0;

const fail = (error: Error) => {
  throw error;
};

function open(name: string): Node {
  const journals = join(dir, 'journal');
  const key = openSigningKey(join(dir, `${name}.signing-key`));
  const checkpointer = createCheckpointer({
    dir: journals,
    node: name,
    key,
    everyEvents: 10,
    everyMs: 3_600_000,
    onTrouble: fail,
  });
  const journal = openJournal({
    dir: journals,
    node: name,
    segmentBytes: 1 << 20,
    maxBacklogBytes: 1 << 30,
    clock: () => now,
    onLine: checkpointer.onLine,
  });
  checkpointer.start(journal);
  const retentions: StoreRetention[] = [];
  const witness = startWitness({ node: name, journal, store, everyMs: 3_600_000 });
  const node: Node = {
    name,
    key,
    journal,
    witness,
    retention(limits) {
      const made = startStoreRetention(
        { store, limits, signer: { node: name, journal, key }, clock: () => now },
        fail,
        3_600_000,
      );
      retentions.push(made);
      return made;
    },
    sign() {
      checkpointer.sign();
      journal.flush();
    },
    async close() {
      witness.stop();
      checkpointer.stop();
      for (const one of retentions) await one.stop();
      await journal.close();
    },
  };
  nodes.push(node);
  return node;
}

/** Every node writes a few events a day; all of them arrive, and all are witnessed. */
async function work(days: number, who: readonly Node[] = nodes): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    for (const { name, journal } of who) {
      for (let index = 0; index < 5; index += 1) journal.append(intent(`${name}-${now}-${index}`));
      journal.flush();
    }
    now += DAY_MS;
  }
  await settle(who);
}

/** Checkpoints, witnesses, and everything in the store. */
async function settle(who: readonly Node[] = nodes): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    for (const node of who) node.sign();
    await rebuildStore(join(dir, 'journal'), store);
    for (const { witness } of who) await witness.look();
  }
  for (const node of who) node.journal.flush();
  await rebuildStore(join(dir, 'journal'), store);
}

/** Looks with every node until nothing happens any more; gives what went. */
async function retain(limits: StoreLimits, who: readonly Node[] = nodes): Promise<readonly string[]> {
  const gone: string[] = [];
  const looks = who.map((node) => node.retention(limits));
  for (let round = 0; round < 3; round += 1) {
    for (const retention of looks) gone.push(...(await retention.look()));
    await settle(who);
  }
  return gone;
}

/** Exports both nodes and verifies the exports as somebody elsewhere does. */
async function verifyExports(trust: 'keys' | 'nothing' = 'keys') {
  const paths: string[] = [];
  for (const { name } of nodes) {
    const lines: string[] = [];
    for await (const line of storedLines(store, name)) lines.push(`${line}\n`);
    if (lines.length === 0) continue;
    const path = join(dir, `${name}-export.jsonl`);
    writeFileSync(path, lines.join(''));
    paths.push(path);
  }
  const keys: PublicKey[] = trust === 'keys' ? nodes.map(({ key }) => key.publicKey) : [];
  const results = await verifyFiles(paths, { keys });
  return results.map(({ node, first, problem }) => ({
    node,
    first: first?.seq ?? null,
    problem: problem?.kind ?? null,
  }));
}

async function sql(text: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return connection.query({ text, values: [] });
}

function embedded(): Promise<SqlConnection> {
  return PGlite.create().then((db) => ({
    query: async ({ text, values }) => (await db.query<Record<string, unknown>>(text, [...values])).rows,
    close: () => db.close(),
  }));
}

async function server(): Promise<SqlConnection> {
  databases += 1;
  await postgres!.run('postgres', `create database r${databases}`);
  return openPostgresConnection({ url: postgres!.url(`r${databases}`), onError: fail });
}

describe.each([
  ['embedded', embedded, null],
  ['on a real Postgres', server, reason],
] as const)('retention of a store %s', (kind, connect, why) => {
  describe.skipIf(why !== null)(why ?? 'with two nodes', () => {
    beforeAll(async () => {
      if (kind !== 'embedded') postgres = await startTestPostgres();
    }, 60_000);
    afterAll(() => postgres?.remove(), 30_000);

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'gatehouse-retain-'));
      now = Date.UTC(2026, 0, 1, 12);
      nodes = [];
      connection = await connect();
      store = createSqlStore(connection);
      await store.migrate();
    }, 60_000);
    afterEach(async () => {
      for (const node of nodes) await node.close();
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    }, 60_000);

    test('takes old days away after every node has signed, and what is left verifies', async () => {
      const [first, second] = [open('gw-1'), open('gw-2')];
      await work(10);
      expect(await verifyExports()).toMatchObject([
        { first: 1, problem: null },
        { first: 1, problem: null },
      ]);
      const limits = { maxAgeMs: 4 * DAY_MS };
      const one = first.retention(limits);
      expect(await one.look()).toEqual([]);
      await settle();
      // The other one has not signed yet.
      expect(await one.look()).toEqual([]);
      const other = second.retention(limits);
      expect(await other.look()).toEqual([]);
      // A worker signs nothing, and takes away what is signed in the store.
      const worker = startStoreRetention({ store, limits, signer: null, clock: () => now }, fail, 3_600_000);
      expect(await worker.look()).toEqual([]);
      await settle();
      const gone = ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-05', '2026-01-06'];
      expect(await worker.look()).toEqual(gone);
      await worker.stop();
      expect([await one.look(), await other.look()]).toEqual([[], []]);
      await settle();
      for (const trust of ['keys', 'nothing'] as const) {
        const results = await verifyExports(trust);
        expect(results).toMatchObject([{ problem: null }, { problem: null }]);
        for (const { first: begin } of results) expect(begin).toBeGreaterThan(30);
      }
      expect(await store.search({ to: '2026-01-07T00:00:00Z' })).toEqual([]);
      // It arrives again, as from the journals: it stays away.
      expect(await rebuildStore(join(dir, 'journal'), store)).toMatchObject({ inserted: 0, conflicts: [] });
      expect(await store.planRetention(limits, now)).toMatchObject({
        due: null,
        kept: null,
        oldest: '2026-01-07',
      });
      expect((await verifyJournal(join(dir, 'journal'))).map(({ problem }) => problem)).toEqual([null, null]);
      const watch = startGapWatch({
        node: 'gw-1',
        journal: first.journal,
        store,
        everyMs: 3_600_000,
        graceMs: 0,
      });
      await watch.look();
      await watch.look();
      watch.stop();
      await settle();
      expect(await store.search({ code: 'gap' })).toEqual([]);
    }, 120_000);

    test('proves no journal by a tombstone of the store', async () => {
      const node = open('gw-1');
      await work(5);
      expect(await retain({ maxAgeMs: 2 * DAY_MS })).not.toEqual([]);
      const cut = join(dir, 'cut');
      mkdirSync(cut);
      const left: string[] = [];
      for await (const line of storedLines(store, 'gw-1')) left.push(`${line}\n`);
      const first = String(parseLine(left[0]!.trimEnd())!.seq).padStart(12, '0');
      writeFileSync(join(cut, `gw-1-${first}.jsonl`), left.join(''));
      const trust = { keys: [node.key.publicKey] };
      expect(await verifyFiles([join(cut, `gw-1-${first}.jsonl`)], trust)).toMatchObject([{ problem: null }]);
      expect(await verifyJournal(cut, trust)).toMatchObject([{ problem: { kind: 'missing', seq: 1 } }]);
    }, 120_000);

    test('takes the oldest days away while all are too large', async () => {
      open('gw-1');
      await work(6);
      const { bytes } = await store.planRetention({}, now);
      expect(await retain({ maxBytes: bytes })).toEqual([]);
      const maxBytes = Math.floor(bytes * 0.7);
      const gone = await retain({ maxBytes });
      expect(gone[0]).toBe('2026-01-01');
      const left = await store.planRetention({}, now);
      expect(left.days).toBe(7 - gone.length);
      expect(left.bytes).toBeLessThanOrEqual(maxBytes);
      // A day less would not have been enough; days without events are about as large as each other.
      expect(left.bytes + bytes / 7 + 20_000).toBeGreaterThan(maxBytes);
      expect(await verifyExports()).toMatchObject([{ problem: null }]);
      expect(await retain({ maxBytes: 1 })).toHaveLength(left.days - 1);
      expect((await store.planRetention({}, now)).days).toBe(1);
      expect(await verifyExports()).toMatchObject([{ problem: null }]);
    }, 120_000);

    test('keeps what nobody has signed or witnessed, and what is missing without a gap that is recorded', async () => {
      const [first, second] = [open('gw-1'), open('gw-2')];
      const limits = { maxAgeMs: DAY_MS };
      for (let day = 0; day < 4; day += 1) {
        for (const { name, journal } of nodes)
          for (let n = 0; n < 5; n += 1) journal.append(intent(`${name}-${day}-${n}`));
        first.journal.flush();
        second.journal.flush();
        now += DAY_MS;
      }
      await rebuildStore(join(dir, 'journal'), store);
      const kept = async () => (await store.planRetention(limits, now)).kept;
      first.sign();
      second.sign();
      await rebuildStore(join(dir, 'journal'), store);
      expect(await kept()).toContain('nobody has witnessed what follows number 0 of `gw-1`');
      await settle();
      expect(await kept()).toBe(null);
      // A hole, and then the gap that tells it.
      await sql(`delete from gatehouse_audit_events where node = 'gw-2' and seq = 3`);
      expect(await kept()).toMatch(/^\d+ events of `gw-2` up to number \d+ were stored, and \d+ are there$/);
      await sql(`delete from gatehouse_audit_runs where node = 'gw-2' and first = 1`);
      const [last] = await sql(`select max(seq) as last from gatehouse_audit_events where node = 'gw-2'`);
      await sql(
        `insert into gatehouse_audit_runs values ('gw-2', 1, 2, repeat('0', 64), repeat('1', 64)), ('gw-2', 4, ${last!['last']}, repeat('2', 64), repeat('3', 64))`,
      );
      expect(await kept()).toBe('numbers 3 to 3 of `gw-2` are missing, and no gap is recorded');
      expect((await store.planRetention(limits, now)).due).toBe(null);
      const watch = startGapWatch({
        node: 'gw-1',
        journal: first.journal,
        store,
        everyMs: 3_600_000,
        graceMs: 0,
      });
      await watch.look();
      await watch.look();
      watch.stop();
      first.journal.flush();
      const newest = (await store.tail(null, 1))[0]!.id;
      const told = [...(await lines(first))].slice(-1);
      expect(told[0]).toContain('"what":"gap"');
      await store.insert(await lines(first));
      expect((await store.tail(null, 1))[0]!.id).toBeGreaterThan(newest);
      expect(await kept()).toBe(null);
    }, 120_000);

    test('keeps what no checkpoint covers', async () => {
      const node = open('gw-1');
      for (let day = 0; day < 3; day += 1) {
        node.journal.append(intent(`r${day}`));
        node.journal.flush();
        now += DAY_MS;
      }
      await rebuildStore(join(dir, 'journal'), store);
      const { due, kept } = await store.planRetention({ maxAgeMs: DAY_MS }, now);
      expect([due, kept]).toEqual([null, 'no checkpoint covers what follows number 0 of `gw-1`']);
      expect(await retain({ maxAgeMs: DAY_MS })).toEqual(['2026-01-01', '2026-01-02']);
    }, 120_000);

    test('has another node sign for one that has gone, which counts with its key only', async () => {
      const [, gone] = [open('gw-1'), open('gw-2')];
      await work(4);
      await gone!.close();
      const [alive] = nodes;
      await work(10, [alive!]);
      expect((await retain({ maxAgeMs: 11 * DAY_MS }, [alive!])).at(-1)).toBe('2026-01-03');
      expect(await verifyExports('keys')).toMatchObject([{ problem: null }, { problem: null }]);
      expect(await verifyExports('nothing')).toMatchObject([{ problem: null }, { problem: 'missing' }]);
    }, 120_000);

    test('finds a deletion that looks like retention and is not signed', async () => {
      open('gw-1');
      await work(8);
      expect(await retain({ maxAgeMs: 6 * DAY_MS })).toEqual(['2026-01-01', '2026-01-02']);
      const [end] = await sql(
        `select max(last) as last from gatehouse_audit_days where day <= '2026-01-04' and node = 'gw-1'`,
      );
      // All that retention does, by somebody who can write to the database, with a tombstone of his own making.
      const eve = openSigningKey(join(dir, 'eve.signing-key'));
      await sql(`update gatehouse_audit_trims set through = ${end!['last']}, key = '${eve.publicKey.id}'`);
      for (const day of ['2026-01-03', '2026-01-04']) {
        await sql(`delete from gatehouse_audit_days where day = '${day}'`);
        await sql(`drop table gatehouse_audit_events_${day.replaceAll('-', '')}`);
      }
      expect(await verifyExports('keys')).toMatchObject([{ problem: 'missing' }]);
      expect(await verifyExports('nothing')).toMatchObject([{ problem: 'missing' }]);
      // Retention does not cover his traces with a tombstone of its own.
      expect(await retain({ maxAgeMs: DAY_MS })).toEqual([]);
      const first = Number(end!['last']) + 1;
      expect((await store.planRetention({ maxAgeMs: DAY_MS }, now)).kept).toBe(
        `no signed tombstone says that numbers of \`gw-1\` before ${first} were taken away`,
      );
      // Nor does his own, put into the store.
      const tombstone = {
        node: 'gw-1',
        through: first - 1,
        head: await prevOf(first),
        why: 'store-age',
        at: new Date(now).toISOString(),
      };
      const body = storeTombstoneBody(signTombstone(tombstone, eve), 'gw-1', eve.publicKey);
      await store.insert([formatLine('gw-1', 1_000_000, tombstone.at, GENESIS, JSON.stringify(body))]);
      expect(await retain({ maxAgeMs: DAY_MS })).toEqual([]);
    }, 120_000);

    test('takes nothing away while more came into a day than was signed', async () => {
      open('gw-1');
      await work(5);
      const limits = { maxAgeMs: 3 * DAY_MS };
      const { due } = await store.planRetention(limits, now);
      const late = due!.nodes.map((one) => ({ ...one, through: one.through - 1 }));
      expect(await store.dropDays({ ...due!, nodes: late })).toBe(false);
      expect(await store.dropDays({ ...due!, nodes: [] })).toBe(false);
      expect((await store.planRetention(limits, now)).days).toBe(6);
    }, 120_000);
  });
});

/** What an event of gw-1 names as the hash of the one before. */
async function prevOf(seq: number): Promise<string> {
  const [line] = await store.lines('gw-1', seq - 1, 1);
  return parseLine(line!)!.prev;
}

async function lines({ name }: Node): Promise<string[]> {
  const found: string[] = [];
  for await (const line of journalLines(join(dir, 'journal'), name)) found.push(line.toString('utf8'));
  return found;
}
