import { afterEach, describe, expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { intent } from '../../testkit/event-bodies.ts';
import { createMemoryStore } from '../../testkit/memory-store.ts';
import { type RedisGroup, startCluster, startSentinelGroup } from '../../testkit/redis-group.ts';
import { startTestRedis, whyNoRedis } from '../../testkit/redis-server.ts';
import { createAuditWorker } from './audit-worker.ts';
import { createQueueProducer, type QueueProducer } from './queue-producer.ts';

const reason = whyNoRedis();
const LINES = chainedLines(Array.from({ length: 40 }, (_, index) => intent(`r${index}`)));

let cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const action of cleanup.splice(0).reverse()) await action();
  cleanup = [];
}, 60_000);

describe.skipIf(reason !== null)(
  `a queue on more than one Redis${reason === null ? '' : ` (${reason})`}`,
  { timeout: 180_000 },
  () => {
    test('goes on with the replica that Sentinel puts in the place of a primary that was killed', async () => {
      const group = await opened(startSentinelGroup());
      const { send, stored } = await way(`${group.url}?replicas=1`);
      await send(0, 20);
      await stored(20);
      const [primary, replica] = group.servers;
      await primary!.kill9();
      const sent = send(20, 40);
      await until(async () => ((await replica!.ask('ROLE')) as unknown[])[0] === 'master');
      await stored(40);
      // What the new primary alone has does not count yet; the old one comes back as its replica.
      await primary!.start();
      await sent;
      expect(await primary!.ask('ROLE')).toMatchObject({ 0: 'slave', 2: replica!.port });
    });

    test('stores everything through a cluster, also what comes while its node is away', async () => {
      const group = await opened(startCluster());
      const { send, stored } = await way(group.url);
      await send(0, 20);
      await stored(20);
      const owner = await ownerOf(group);
      await owner.kill9();
      const sent = send(20, 40);
      await owner.start();
      await sent;
      await stored(40);
    });

    test('counts as delivered only what is on as many replicas as wanted', async () => {
      const redis = await startTestRedis();
      cleanup.push(() => redis.remove());
      const producer = createQueueProducer(`${redis.url}?replicas=1`);
      cleanup.push(() => producer.close());
      await producer.add('gw-1', batch(0, 1));
      await expect(producer.confirm()).rejects.toMatchObject({
        code: 'queue-unavailable',
        cause: { message: '0 of 1 replicas have the events' },
      });
    });

    async function opened(starting: Promise<RedisGroup>): Promise<RedisGroup> {
      const group = await starting;
      cleanup.push(() => group.remove());
      return group;
    }

    /** A producer that tries again until it is confirmed, as the shipper does, and a worker. */
    async function way(url: string) {
      const store = createMemoryStore();
      const producer = createQueueProducer(url);
      cleanup.push(() => producer.close());
      const worker = createAuditWorker({ redisUrl: url, store, onAlert: () => undefined, lockMs: 3_000 });
      cleanup.push(() => worker.close());
      return {
        send: (from: number, to: number) => sendUntilConfirmed(producer, from, to),
        stored: (events: number) => until(async () => (await store.lines('gw-1', 0, 100)).length === events),
      };
    }
  },
);

function batch(from: number, to: number) {
  return { lines: LINES.slice(from, to), first: from + 1, end: { segment: 1, offset: to, seq: to } };
}

async function sendUntilConfirmed(producer: QueueProducer, from: number, to: number): Promise<void> {
  await until(async () => {
    try {
      await producer.add('gw-1', batch(from, to));
      await producer.confirm();
      return true;
    } catch {
      return false;
    }
  });
}

/** The node of a cluster on which the queue lies. */
async function ownerOf(group: RedisGroup) {
  const slot = Number(await group.servers[0]!.ask('CLUSTER', 'KEYSLOT', '{audit}'));
  return group.servers[Math.floor((slot * 3) / 16_384)]!;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries += 1) {
    if (tries === 1_000) throw new Error('it never becomes so');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
