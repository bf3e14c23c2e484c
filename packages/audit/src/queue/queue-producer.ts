/**
 * Puts batches on the queue, or says at once that it cannot: nothing waits in memory for Redis to
 * come back, that is what the journal is for.
 */
import { GatewayError } from '@gatehouse/model';
import { Queue } from 'bullmq';
import type { LineBatch } from '../shipping/segment-reader.ts';
import { type AuditJob, JOB_OPTIONS, jobId, QUEUE, QUEUE_PREFIX } from './audit-queue.ts';
import { openRedis, type RedisClient, wantedReplicas } from './open-redis.ts';

export interface QueueProducer {
  /** Resolves when Redis has the batch. Throws GatewayError `queue-unavailable`, kind `unavailable`; Redis may have it all the same. */
  add(node: string, batch: LineBatch): Promise<void>;
  /** Resolves when the Redis that took earlier batches is still there. Throws GatewayError `queue-unavailable` when it may have been another one in between. */
  confirm(): Promise<void>;
  close(): Promise<void>;
}

const COMMAND_MS = 2_000;
/** Adding is one command after the queue was opened, which is a few. */
const ADD_MS = 5_000;
/** Less than a command may take. */
const REPLICAS_MS = 1_500;
const KEPT_QUEUE_EVENTS = 1_000;

/** Connects in the background and for ever; `redisUrl` as open-redis reads it. */
export function createQueueProducer(redisUrl: string): QueueProducer {
  const replicas = wantedReplicas(redisUrl);
  const redis = openRedis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_MS,
    connectTimeout: ADD_MS,
    retryStrategy: (times) => Math.min(times * 200, 2_000),
  });
  let queue: Promise<Queue> | null = null;
  // Every failure is reported by the batch that it stops; without a listener it would end the process.
  redis.on('error', () => undefined);
  // SECURITY: a Redis that was killed forgets up to two seconds of what it had acknowledged, and may be back
  // before the next batch. Test: `delivers again what a Redis took with it when it was killed`.
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  redis.on('close', interrupt);
  // A cluster goes on without one of its nodes, which may have been the one.
  redis.on('-node', interrupt);
  // A gateway that has just started would report a Redis as away that it is still connecting to.
  const firstAttempt = new Promise<void>((resolve) => {
    redis.once('ready', resolve);
    redis.once('close', resolve);
  });
  const assertSameConnection = () => {
    const before = interrupted;
    interrupted = false;
    if (redis.status !== 'ready') throw new Error('not connected');
    if (before) throw new Error('the connection was lost in between');
  };

  const opened = (): Promise<Queue> => {
    queue ??= openQueue(redis).catch((error: unknown) => {
      queue = null;
      throw error;
    });
    return queue;
  };
  const add = async (node: string, batch: LineBatch) => {
    await firstAttempt;
    assertSameConnection();
    const { lines, first } = batch;
    const { seq: last } = batch.end;
    const job: AuditJob = { v: 1, node, first, last, lines };
    await (await opened()).add('batch', job, { ...JOB_OPTIONS, jobId: jobId(node, first, last) });
  };
  const confirm = async () => {
    assertSameConnection();
    await redis.ping();
    if (replicas > 0) await assertReplicated(redis, replicas);
    assertSameConnection();
  };
  return {
    confirm: () =>
      withinTime(confirm(), ADD_MS).catch((cause: unknown) => Promise.reject(unavailable(cause))),
    add: (node, batch) =>
      withinTime(add(node, batch), ADD_MS).catch((cause: unknown) => Promise.reject(unavailable(cause))),
    async close() {
      redis.disconnect();
      const open = await queue?.catch(() => null);
      await open?.close().catch(() => undefined);
    },
  };
}

/** Everything that this connection has sent must be on so many replicas. */
async function assertReplicated(redis: RedisClient, replicas: number): Promise<void> {
  const have = Number(await redis.call('WAIT', replicas, REPLICAS_MS));
  if (have < replicas) throw new Error(`${have} of ${replicas} replicas have the events`);
}

async function openQueue(connection: RedisClient): Promise<Queue> {
  const queue = new Queue(QUEUE, {
    connection,
    prefix: QUEUE_PREFIX,
    streams: { events: { maxLen: KEPT_QUEUE_EVENTS } },
  });
  queue.on('error', () => undefined);
  await queue.waitUntilReady();
  return queue;
}

async function withinTime(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError('unavailable', 'queue-unavailable', 'the audit queue does not take events', {
    retry: 'unknown',
    cause,
  });
}
