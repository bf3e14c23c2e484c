import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { intent, login, outcome } from '../../testkit/event-bodies.ts';
import { createMemoryStore } from '../../testkit/memory-store.ts';
import { placeEmptyStore } from '../../testkit/place-empty-store.ts';
import { startTestRedis, type TestRedis, whyNoRedis } from '../../testkit/redis-server.ts';
import { createAuditWorker } from '../queue/audit-worker.ts';
import { writeCursor } from '../shipping/cursor-file.ts';
import { connectStore } from '../store/connect-store.ts';
import { verifyJournal, verifyStored } from '../verify/verify-journal.ts';
import {
  type AuditPipeline,
  type AuditPipelineOptions,
  type AuditPipelineStatus,
  openAuditPipeline,
} from './audit-pipeline.ts';
import { journalDir, storeSocketPath } from './data-folder.ts';

let dataDir: string;
let logged: string[];
let cleanup: (() => Promise<unknown>)[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-audit-'));
  logged = [];
  cleanup = [];
});
afterEach(async () => {
  for (const action of cleanup.reverse()) await action();
  rmSync(dataDir, { recursive: true, force: true });
}, 30_000);

async function open(changes: Partial<AuditPipelineOptions> = {}): Promise<AuditPipeline> {
  const write = (_facts: object, message: string) => logged.push(message);
  const own = changes.store === undefined && changes.worker !== 'separate';
  if (own && readdirSync(dataDir).length === 0) await placeEmptyStore(join(dataDir, 'store'));
  const pipeline = await openAuditPipeline({
    dataDir,
    node: 'gw-1',
    store: 'embedded',
    worker: 'in-process',
    segmentBytes: 100_000,
    maxBacklogBytes: 1 << 30,
    log: { info: write, warn: write, error: write },
    ...changes,
  });
  cleanup.push(() => pipeline.close());
  return pipeline;
}

/** Appends a login and then pairs of intent and outcome, some in each turn. */
async function work({ journal }: AuditPipeline, statements: number): Promise<void> {
  journal.append(login());
  for (let index = 0; index < statements; index += 1) {
    journal.append(intent(`s1-${index}`));
    journal.append(outcome(`s1-${index}`));
    if (index % 20 === 0) await new Promise<void>((resolve) => journal.afterWritten(() => resolve()));
  }
  journal.flush();
}

/** How many events of this node are in the store, and how many are in the journal. */
async function arrived({ store, journal }: AuditPipeline): Promise<{ stored: number; missing: number }> {
  const stored = (await store!.verifyInfo()).find(({ node }) => node === 'gw-1')?.events ?? 0;
  return { stored, missing: journal.written().seq - stored };
}

/** Waits until the store has everything, at least so many, and gives the number. */
async function allStored(pipeline: AuditPipeline, atLeast: number): Promise<number> {
  await expect
    .poll(() => arrived(pipeline), { timeout: 30_000 })
    .toSatisfy(({ stored, missing }) => stored >= atLeast && missing === 0);
  return pipeline.journal.written().seq;
}

test('without Redis brings everything to the embedded store, and goes on after a restart', async () => {
  const first = await open();
  await work(first, 200);
  await allStored(first, 401);
  // The store shows events before the shipper has heard that it took them.
  await expect
    .poll(() => first.status(), { timeout: 10_000 })
    .toMatchObject({
      journal: { backlogBytes: 0, failure: null },
      shipper: { backlogEvents: 0, lagMs: 0, failure: null },
      worker: null,
    });
  await work(first, 5);
  await first.close();
  const second = await open();
  await work(second, 5);
  const last = await allStored(second, 423);
  const signed = { key: expect.stringMatching(/^[0-9a-f]{32}$/), pinned: false };
  expect(await verifyStored(second.store!, 'gw-1', { after: 'start' })).toMatchObject({
    problem: null,
    signed,
  });
  const [journal] = await verifyJournal(journalDir(dataDir));
  expect(journal).toMatchObject({ problem: null, signed });
  expect(journal!.events).toBeGreaterThanOrEqual(last);
  expect(logged).toEqual([]);
}, 120_000);

test('keeps what a killed gateway had acknowledged, in journal and store, again and again', async () => {
  const program = join(import.meta.dirname, '../../testkit/record-forever.ts');
  await placeEmptyStore(join(dataDir, 'store'));
  for (let round = 1; round <= 2; round += 1) {
    const child = spawn(
      process.execPath,
      ['--conditions=gatehouse-source', '--import', 'tsx', program, dataDir],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let acknowledged = 0;
    const gone = new Promise((resolve) => child.on('close', resolve));
    child.stdout.on('data', (chunk: Buffer) => {
      const numbers = chunk.toString().trim().split('\n');
      acknowledged = Number(numbers.length > 1 ? numbers.at(-2) : numbers[0]);
      if (acknowledged > round * 5000) child.kill('SIGKILL');
    });
    await gone;
    expect(acknowledged).toBeGreaterThan(round * 5000);
    const pipeline = await open();
    const { seq } = pipeline.journal.written();
    expect(seq).toBeGreaterThanOrEqual(acknowledged);
    await allStored(pipeline, seq);
    expect(await verifyStored(pipeline.store!, 'gw-1', { after: 'start' })).toMatchObject({ problem: null });
    await pipeline.close();
  }
  expect((await verifyJournal(journalDir(dataDir)))[0]?.problem).toBeNull();
}, 120_000);

test('lets another process read while it runs', async () => {
  const pipeline = await open();
  await work(pipeline, 3);
  await allStored(pipeline, 7);
  const reader = await connectStore(storeSocketPath(dataDir));
  expect(await reader.show('s1-2')).toEqual(await pipeline.store!.show('s1-2'));
  expect(await reader.show('s1-2')).toHaveLength(3);
  await reader.close();
  await pipeline.close();
  await expect(connectStore(storeSocketPath(dataDir))).rejects.toMatchObject({ code: 'store-unavailable' });
}, 60_000);

test('fills an embedded store anew that was deleted', async () => {
  const first = await open();
  await work(first, 50);
  await first.close();
  const cursor = { segment: 1, offset: 20, seq: first.journal.written().seq };
  await writeCursor(join(journalDir(dataDir), 'gw-1.cursor'), cursor);
  rmSync(join(dataDir, 'store'), { recursive: true });
  const second = await open();
  await allStored(second, 101);
  expect(logged).toContain('audit: the store has less than it should; filling it');
}, 60_000);

test('refuses a journal that is older than its cursor', async () => {
  mkdirSync(journalDir(dataDir), { recursive: true });
  await writeCursor(join(journalDir(dataDir), 'gw-1.cursor'), { segment: 1, offset: 5000, seq: 12 });
  await expect(open()).rejects.toMatchObject({ kind: 'audit', code: 'journal-behind-cursor' });
  expect(readdirSync(journalDir(dataDir))).toEqual(['gw-1.cursor', 'gw-1.pub']);
});

test('refuses a new journal under a name that the store knows', async () => {
  const first = await open();
  await work(first, 5);
  await allStored(first, 11);
  await first.close();
  rmSync(journalDir(dataDir), { recursive: true });
  await expect(open()).rejects.toMatchObject({ kind: 'audit', code: 'journal-behind-store' });
  const other = await open({ node: 'gw-2' });
  await other.close();
}, 60_000);

test('leaves nothing open when the embedded store cannot be opened', async () => {
  writeFileSync(join(dataDir, 'store'), 'a file, no folder');
  await expect(open()).rejects.toMatchObject({ code: 'store-unusable' });
  expect(readdirSync(dataDir).filter((name) => name.endsWith('.lock'))).toEqual([]);
  expect(existsSync(join(journalDir(dataDir), 'gw-1.lock'))).toBe(false);
}, 60_000);

test('starts although the server of the store is away, keeps events, and closes in time', async () => {
  const pipeline = await open({ store: 'postgres://nobody@127.0.0.1:1/none' });
  await work(pipeline, 10);
  await expect
    .poll(() => pipeline.status().shipper.failure, { timeout: 10_000 })
    .toMatchObject({
      code: 'store-unavailable',
    });
  await expect
    .poll(() => pipeline.status().shipper.backlogEvents, { timeout: 10_000 })
    .toBeGreaterThanOrEqual(21);
  expect(logged).toContain('audit: events cannot be passed on; they wait in the journal');
  const begun = performance.now();
  await pipeline.close();
  expect(performance.now() - begun).toBeLessThan(8_000);
}, 60_000);

const reason = whyNoRedis();

describe.skipIf(reason !== null)(`with a real Redis${reason === null ? '' : ` (${reason})`}`, () => {
  let redis: TestRedis;

  beforeEach(async () => {
    redis = await startTestRedis();
  }, 20_000);
  afterEach(() => redis.remove(), 30_000);

  test('brings everything through the queue to the store in the same process', async () => {
    const pipeline = await open({ redisUrl: redis.url });
    await work(pipeline, 200);
    await allStored(pipeline, 401);
    // The store shows events before the worker has heard that it took them.
    await expect
      .poll(() => pipeline.status(), { timeout: 15_000 })
      .toSatisfy(
        ({ worker, journal }: AuditPipelineStatus) =>
          worker?.storedEvents === journal.seq && worker.failedJobs === 0 && worker.storeFailure === null,
      );
    expect(await verifyStored(pipeline.store!, 'gw-1', { after: 'start' })).toMatchObject({ problem: null });
  }, 60_000);

  test('needs no store where a worker of its own runs', async () => {
    const pipeline = await open({ redisUrl: redis.url, worker: 'separate' });
    expect(pipeline.store).toBeNull();
    expect(existsSync(join(dataDir, 'store'))).toBe(false);
    await work(pipeline, 50);
    const store = createMemoryStore();
    const worker = createAuditWorker({ redisUrl: redis.url, store, onAlert: () => undefined });
    cleanup.push(() => worker.close());
    await expect.poll(() => pipeline.journal.written().seq - store.kept.size, { timeout: 15_000 }).toBe(0);
    expect(store.kept.size).toBeGreaterThan(101);
  }, 60_000);

  test('records and closes in time while Redis is away, and passes on what waited afterwards', async () => {
    await redis.kill9();
    const first = await open({ redisUrl: redis.url });
    await work(first, 50);
    await expect
      .poll(() => first.status().shipper.failure, { timeout: 10_000 })
      .toMatchObject({
        code: 'queue-unavailable',
      });
    const begun = performance.now();
    await first.close();
    expect(performance.now() - begun).toBeLessThan(12_000);
    await redis.start();
    const second = await open({ redisUrl: redis.url });
    await allStored(second, 101);
  }, 60_000);
});
