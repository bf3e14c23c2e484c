import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '@gatehouse/model';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { intent, outcome } from '../../testkit/event-bodies.ts';
import { createMemoryStore, type MemoryStore } from '../../testkit/memory-store.ts';
import { startTestRedis, type TestRedis, whyNoRedis } from '../../testkit/redis-server.ts';
import { openJournal } from '../journal/journal.ts';
import type { LineBatch } from '../shipping/segment-reader.ts';
import { startShipper } from '../shipping/shipper.ts';
import { JOB_OPTIONS, QUEUE, QUEUE_PREFIX } from './audit-queue.ts';
import { type AuditWorker, createAuditWorker, type WorkerAlert } from './audit-worker.ts';
import { createQueueProducer, type QueueProducer } from './queue-producer.ts';

const reason = whyNoRedis();

describe.skipIf(reason !== null)(
  `the audit queue on a real Redis${reason === null ? '' : ` (${reason})`}`,
  () => {
    let redis: TestRedis;
    let store: MemoryStore;
    let alerts: WorkerAlert[];
    let cleanup: (() => Promise<unknown> | unknown)[];

    beforeEach(async () => {
      redis = await startTestRedis();
      store = createMemoryStore();
      alerts = [];
      cleanup = [];
    }, 20_000);
    afterEach(async () => {
      for (const action of cleanup.reverse()) await action();
      await redis.remove();
    }, 30_000);

    function producer(): QueueProducer {
      const made = createQueueProducer(redis.url);
      cleanup.push(() => made.close());
      return made;
    }

    function worker(lockMs = 30_000): AuditWorker {
      const made = createAuditWorker({
        redisUrl: redis.url,
        store,
        onAlert: (alert) => alerts.push(alert),
        lockMs,
      });
      cleanup.push(() => made.close());
      return made;
    }

    async function inQueue<T>(action: (queue: Queue) => Promise<T>): Promise<T> {
      const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
      const queue = new Queue(QUEUE, { connection, prefix: QUEUE_PREFIX });
      try {
        return await action(queue);
      } finally {
        await queue.close();
        connection.disconnect();
      }
    }

    test('brings a batch to the store, once, and leaves nothing in Redis', async () => {
      const queue = producer();
      const made = worker();
      await eventually(() => queue.add('gw-1', batch(1, 100)));
      await expect.poll(() => store.kept.size, { timeout: 15_000 }).toBe(100);
      await expect
        .poll(() => inQueue((open) => open.getJobCounts()), { timeout: 15_000 })
        .toMatchObject({ waiting: 0, active: 0, failed: 0 });
      await expect
        .poll(() => made.status(), { timeout: 10_000 })
        .toEqual({ storedEvents: 100, duplicateEvents: 0, failedJobs: 0, storeFailure: null });
      expect(await inQueue((open) => open.getJobs())).toEqual([]);
    });

    test('takes a batch before it has connected', async () => {
      await producer().add('gw-1', batch(1, 10));
      expect(await inQueue((open) => open.getWaitingCount())).toBe(1);
    });

    test('keeps one job for a batch that is added twice while it waits', async () => {
      const queue = producer();
      await eventually(() => queue.add('gw-1', batch(1, 10)));
      await queue.add('gw-1', batch(1, 10));
      expect(await inQueue((open) => open.getWaitingCount())).toBe(1);
    });

    test('stores an event once that is delivered twice', async () => {
      const queue = producer();
      const made = worker();
      await eventually(() => queue.add('gw-1', batch(1, 10)));
      await expect.poll(() => store.arrivals(), { timeout: 15_000 }).toBe(10);
      // While its job is still there a batch that comes again is no new one.
      await expect.poll(() => inQueue((open) => open.getJobs()), { timeout: 15_000 }).toEqual([]);
      await queue.add('gw-1', batch(1, 10));
      await queue.add('gw-1', batch(6, 15));
      await expect.poll(() => store.arrivals(), { timeout: 15_000 }).toBe(30);
      expect(store.kept.size).toBe(15);
      await expect
        .poll(() => made.status(), { timeout: 10_000 })
        .toMatchObject({ storedEvents: 15, duplicateEvents: 15 });
      expect(alerts).toEqual([]);
    });

    test('says at once that Redis is away, at the start and later, and takes batches when it is back', async () => {
      await redis.kill9();
      const queue = producer();
      const begun = performance.now();
      await expect(queue.add('gw-1', batch(1, 2))).rejects.toMatchObject({ code: 'queue-unavailable' });
      expect(performance.now() - begun).toBeLessThan(500);
      await redis.start();
      await eventually(() => queue.add('gw-1', batch(1, 2)));
      await redis.kill9();
      await expect(queue.add('gw-1', batch(3, 4))).rejects.toMatchObject({ code: 'queue-unavailable' });
      await redis.start();
      await eventually(() => queue.add('gw-1', batch(3, 4)));
      // The first one may have gone with the Redis that was killed right after it.
      expect(await inQueue((open) => open.getJob('gw-1.3-4'))).toBeDefined();
    }, 30_000);

    test('holds batches while the store is away, tells once, and stores them when it is back', async () => {
      store.away = true;
      const queue = producer();
      const made = worker();
      await eventually(() => queue.add('gw-1', batch(1, 10)));
      for (let first = 11; first <= 91; first += 10) await queue.add('gw-1', batch(first, first + 9));
      await expect
        .poll(() => alerts.map(({ kind }) => kind), { timeout: 15_000 })
        .toEqual(['store-unavailable']);
      await expect
        .poll(() => made.status().storeFailure, { timeout: 10_000 })
        .toMatchObject({ code: 'store-unavailable' });
      store.away = false;
      await expect.poll(() => store.kept.size, { timeout: 10_000 }).toBe(100);
      await expect
        .poll(() => alerts.map(({ kind }) => kind), { timeout: 10_000 })
        .toEqual(['store-unavailable', 'store-recovered']);
    }, 20_000);

    test('gives its batches back when it closes while the store is away', async () => {
      store.away = true;
      const queue = producer();
      const first = worker();
      await eventually(() => queue.add('gw-1', batch(1, 10)));
      await expect.poll(() => alerts.length, { timeout: 15_000 }).toBe(1);
      await first.close();
      store.away = false;
      worker();
      await expect.poll(() => store.kept.size, { timeout: 10_000 }).toBe(10);
    }, 20_000);

    test('keeps a job that is no batch, stores the good lines of one that is spoilt, and tells', async () => {
      const lines = chainedLines(bodies(3));
      await inQueue(async (open) => {
        await open.add('batch', { hello: 'world' }, { ...JOB_OPTIONS, jobId: 'not-ours' });
        await open.add(
          'batch',
          { v: 1, lines: [lines[0], '{"v":1}', lines[2]] },
          { ...JOB_OPTIONS, jobId: 'spoilt' },
        );
      });
      const made = worker();
      await expect.poll(() => made.status().failedJobs, { timeout: 15_000 }).toBe(2);
      expect([...store.kept.values()]).toEqual([lines[0], lines[2]]);
      expect(await inQueue((open) => open.getFailedCount())).toBe(2);
      expect(alerts).toEqual(
        expect.arrayContaining([
          { kind: 'malformed-job', job: 'not-ours', lines: 0 },
          { kind: 'malformed-job', job: 'spoilt', lines: 1 },
        ]),
      );
    });

    test('stores what is around an event that the store refuses, keeps the job, and tells', async () => {
      const queue = producer();
      const { lines } = batch(1, 20);
      const made = createAuditWorker({
        redisUrl: redis.url,
        store: {
          ...store,
          insert: async (some) => {
            if (!some.includes(lines[12]!)) return store.insert(some);
            const context = { reason: '54000' };
            throw new GatewayError('unavailable', 'store-unavailable', 'too large', { context });
          },
        },
        onAlert: (alert) => alerts.push(alert),
      });
      cleanup.push(() => made.close());
      await eventually(() => queue.add('gw-1', batch(1, 20)));
      await expect.poll(() => made.status().failedJobs, { timeout: 15_000 }).toBe(1);
      expect([...store.kept.values()]).toEqual(lines.toSpliced(12, 1));
      expect(alerts).toEqual([
        expect.objectContaining({ kind: 'refused-events', job: 'gw-1.1-20', events: 1 }),
      ]);
      expect(await inQueue((open) => open.getFailedCount())).toBe(1);
    });

    test('tells when somebody has changed an event on its way', async () => {
      const queue = producer();
      worker();
      const changed = batch(1, 9);
      const lines = changed.lines.with(4, changed.lines[4]!.replace('"ada"', '"eve"'));
      await eventually(() => queue.add('gw-1', { ...changed, lines }));
      await expect
        .poll(() => alerts, { timeout: 15_000 })
        .toEqual([{ kind: 'broken-chain', job: 'gw-1.1-9', events: ['gw-1/6'] }]);
      expect(store.kept.size).toBe(9);
    });

    test('tells when two different events have one number', async () => {
      const queue = producer();
      worker();
      await eventually(() => queue.add('gw-1', batch(1, 2)));
      await expect.poll(() => store.kept.size, { timeout: 15_000 }).toBe(2);
      const good = batch(1, 1);
      await queue.add('gw-1', {
        ...good,
        lines: [good.lines[0]!.replace('"via":"simple"', '"via":"forged"')],
      });
      await expect
        .poll(() => alerts, { timeout: 15_000 })
        .toEqual([{ kind: 'conflict', job: 'gw-1.1-1', events: ['gw-1/1'] }]);
    });

    test('delivers again what a Redis took with it when it was killed, also when nothing else happens', async () => {
      await redis.remove();
      redis = await startTestRedis('forgetful');
      const dir = mkdtempSync(join(tmpdir(), 'gatehouse-queue-'));
      cleanup.push(() => rmSync(dir, { recursive: true, force: true }));
      const journal = openJournal({ dir, node: 'gw-1', segmentBytes: 200_000, maxBacklogBytes: 1 << 30 });
      cleanup.push(() => journal.close());
      const queue = producer();
      const shipper = startShipper({
        journal,
        dir,
        node: 'gw-1',
        cursorPath: join(dir, 'gw-1.cursor'),
        deliver: (lines) => queue.add('gw-1', lines),
        confirm: () => queue.confirm(),
        onTrouble: () => undefined,
        lingerMs: 20,
        settleMs: 1500,
      });
      cleanup.push(() => shipper.close(1000));
      for (const body of bodies(50)) journal.append(body);
      await expect.poll(() => shipper.status().deliveredSeq, { timeout: 10_000 }).toBe(50);
      expect(await inQueue((open) => open.getWaitingCount())).toBe(1);
      await redis.kill9();
      await redis.start();
      expect(await inQueue((open) => open.getWaitingCount())).toBe(0);
      worker();
      await expect.poll(() => store.kept.size, { timeout: 15_000 }).toBe(50);
    }, 60_000);

    test('loses nothing and stores nothing twice when Redis is killed in the middle, again and again', async () => {
      const dir = mkdtempSync(join(tmpdir(), 'gatehouse-queue-'));
      cleanup.push(() => rmSync(dir, { recursive: true, force: true }));
      const journal = openJournal({ dir, node: 'gw-1', segmentBytes: 200_000, maxBacklogBytes: 1 << 30 });
      cleanup.push(() => journal.close());
      const queue = producer();
      worker(2_000);
      const shipper = startShipper({
        journal,
        dir,
        node: 'gw-1',
        cursorPath: join(dir, 'gw-1.cursor'),
        deliver: (lines) => queue.add('gw-1', lines),
        onTrouble: () => undefined,
        lingerMs: 20,
      });
      cleanup.push(() => shipper.close(1000));
      for (let round = 0; round < 3; round += 1) {
        await appendFor(400);
        await redis.kill9();
        await appendFor(200);
        await redis.start();
        await appendFor(400);
      }
      const last = journal.written().seq;
      expect(last).toBeGreaterThan(100);
      await expect.poll(() => store.kept.size, { timeout: 40_000, interval: 100 }).toBe(last);
      for (let seq = 1; seq <= last; seq += 1) expect(store.kept.has(`gw-1/${seq}`)).toBe(true);
      expect(alerts.filter(({ kind }) => kind === 'conflict')).toEqual([]);

      async function appendFor(ms: number): Promise<void> {
        const until = performance.now() + ms;
        while (performance.now() < until) {
          const next = journal.written().seq + 1;
          journal.append(intent(`s1-${next}`));
          journal.append(outcome(`s1-${next}`));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }
    }, 90_000);
  },
);

function bodies(count: number) {
  return Array.from({ length: count }, (_, index) => intent(`s1-${index + 1}`));
}

/** Events `first` to `last` of the same journal every time. */
function batch(first: number, last: number): LineBatch {
  const lines = chainedLines(bodies(last)).slice(first - 1);
  return { lines, first, end: { segment: 1, offset: last, seq: last } };
}

/** Connections are made in the background. */
async function eventually(action: () => Promise<void>): Promise<void> {
  await expect
    .poll(
      () =>
        action().then(
          () => 'done',
          () => 'failed',
        ),
      { timeout: 10_000, interval: 50 },
    )
    .toBe('done');
}
