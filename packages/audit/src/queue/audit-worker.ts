/**
 * Takes batches from the queue and puts them into the store.
 *
 * A batch is done when the store has it. While the store is away its batches are held and tried
 * again; a worker that dies gives its batches back after their lock has run out. Nothing is
 * dropped: a job that can never be stored is kept as failed and told.
 */
import { GatewayError } from '@gatehouse/model';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { parseLine } from '../journal/event-line.ts';
import type { AuditStore, InsertResult } from '../store/audit-store.ts';
import { jobLines, QUEUE, QUEUE_PREFIX } from './audit-queue.ts';
import { combineBatches } from './combine-batches.ts';
import { openRedis, type RedisClient } from './open-redis.ts';

/** Something that a person should know. */
export type WorkerAlert =
  /** Two different events with one number; the store has kept the first. */
  | { readonly kind: 'conflict'; readonly job: string; readonly events: readonly string[] }
  /** Events that do not name the hash of the one before; both are stored, one is not what a journal wrote. */
  | { readonly kind: 'broken-chain'; readonly job: string; readonly events: readonly string[] }
  /** A job with something that is no event; its good lines are stored, the job is kept as failed. */
  | { readonly kind: 'malformed-job'; readonly job: string; readonly lines: number }
  /** Events that the store will never take; the others of the batch are stored, the job is kept as failed. */
  | { readonly kind: 'refused-events'; readonly job: string; readonly events: number; readonly error: Error }
  | { readonly kind: 'store-unavailable'; readonly error: Error }
  | { readonly kind: 'store-recovered' }
  | { readonly kind: 'queue-unavailable'; readonly error: Error };

export interface AuditWorkerOptions {
  readonly redisUrl: string;
  /** Stays open when the worker closes. */
  readonly store: Pick<AuditStore, 'insert'>;
  readonly onAlert: (alert: WorkerAlert) => void;
  /** Batches at one time. */
  readonly concurrency?: number;
  /** How long a batch stays with a worker that has died. */
  readonly lockMs?: number;
}

export interface AuditWorkerStatus {
  readonly storedEvents: number;
  readonly duplicateEvents: number;
  readonly failedJobs: number;
  readonly storeFailure: Error | null;
}

export interface AuditWorker {
  status(): AuditWorkerStatus;
  /** Finishes the batches that the store takes now, gives the others back. */
  close(): Promise<void>;
}

const CLOSE_MS = 5_000;
/** Jobs that wait together are stored together. */
const JOBS_AT_ONCE = 16;
const MAX_INSERT_EVENTS = 1_000;
const INSERTS_AT_ONCE = 2;
const LONGEST_RETRY_MS = 10_000;

/** Starts a worker; it connects in the background and for ever. */
export function createAuditWorker(options: AuditWorkerOptions): AuditWorker {
  const connection = openRedis(options.redisUrl, {
    enableOfflineQueue: true,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 200, 2_000),
  });
  const closing = new AbortController();
  const keeper = createKeeper(options, closing.signal);
  let failedJobs = 0;
  const lockDuration = options.lockMs ?? 30_000;
  const worker = new Worker(QUEUE, (job) => keeper.keep(job), {
    connection,
    prefix: QUEUE_PREFIX,
    concurrency: options.concurrency ?? JOBS_AT_ONCE,
    maxStalledCount: 1000,
    lockDuration,
    stalledInterval: Math.min(lockDuration, 10_000),
    settings: { backoffStrategy: (attempts) => Math.min(2 ** Math.min(attempts, 20) * 125, 30_000) },
  });
  const onError = (error: Error) => options.onAlert({ kind: 'queue-unavailable', error });
  const tellOnce = onceUntilReady(connection, onError);
  connection.on('error', tellOnce);
  worker.on('error', tellOnce);
  worker.on('failed', (_job, error) => {
    if (error instanceof UnrecoverableError) failedJobs += 1;
  });
  return {
    status: () => ({ ...keeper.status(), failedJobs }),
    async close() {
      closing.abort();
      // A store or a Redis that hangs must not keep the process from ending; the lock gives the batch back.
      const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref());
      const closed = worker.close(connection.status !== 'ready').catch(() => undefined);
      await Promise.race([closed, late]);
      connection.disconnect();
    },
  };
}

/** A Redis that is away reports it with every attempt to connect; once is enough. */
function onceUntilReady(redis: RedisClient, tell: (error: Error) => void): (error: Error) => void {
  let told = false;
  redis.on('ready', () => {
    told = false;
  });
  return (error) => {
    if (!told) tell(error);
    told = true;
  };
}

interface Keeper {
  keep(job: Job): Promise<void>;
  status(): Omit<AuditWorkerStatus, 'failedJobs'>;
}

interface Stored extends InsertResult {
  readonly refusals: readonly Error[];
}

function createKeeper({ store, onAlert }: AuditWorkerOptions, closing: AbortSignal): Keeper {
  let storedEvents = 0;
  let duplicateEvents = 0;
  let storeFailure: Error | null = null;

  const alone = (lines: readonly string[]) => store.insert(lines);
  const combined = combineBatches({
    insert: (lines) => store.insert(lines),
    maxEvents: MAX_INSERT_EVENTS,
    concurrency: INSERTS_AT_ONCE,
  });
  const insert = async (lines: readonly string[], how = combined): Promise<Stored> => {
    for (let retryMs = 250; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
      try {
        const result = await how(lines);
        if (storeFailure !== null) onAlert({ kind: 'store-recovered' });
        storeFailure = null;
        return { ...result, refusals: [] };
      } catch (error) {
        // What was refused may stand in a batch beside this one: each tries alone.
        if ((isRefusal(error) || isMalformed(error)) && how === combined) return insert(lines, alone);
        if (isMalformed(error)) throw error;
        if (isRefusal(error)) return insertHalves(lines, error as Error);
        if (storeFailure === null) onAlert({ kind: 'store-unavailable', error: error as Error });
        storeFailure = error as Error;
        if (closing.aborted) throw error;
        await sleep(retryMs, closing);
      }
    }
  };
  /** One event that the store refuses must not keep the others of its batch out. */
  const insertHalves = async (lines: readonly string[], refusal: Error): Promise<Stored> => {
    if (lines.length === 1) {
      return { ...NOTHING_STORED, refusals: [refusal] };
    }
    const middle = Math.ceil(lines.length / 2);
    const first = await insert(lines.slice(0, middle), alone);
    const second = await insert(lines.slice(middle), alone);
    return {
      inserted: first.inserted + second.inserted,
      duplicates: first.duplicates + second.duplicates,
      conflicts: [...first.conflicts, ...second.conflicts],
      broken: [...first.broken, ...second.broken],
      refusals: [...first.refusals, ...second.refusals],
    };
  };
  /** The store parses what it takes; only what it finds no event in is looked at here as well. */
  const insertGood = async (lines: readonly string[]): Promise<Stored & { readonly malformed: number }> => {
    if (lines.length === 0) return { ...NOTHING_STORED, malformed: 0 };
    try {
      return { ...(await insert(lines)), malformed: 0 };
    } catch (error) {
      if (!isMalformed(error)) throw error;
      const good = lines.filter((line) => parseLine(line) !== null);
      const stored = good.length === 0 ? NOTHING_STORED : await insert(good);
      return { ...stored, malformed: lines.length - good.length };
    }
  };
  return {
    async keep(job) {
      const id = job.id ?? '?';
      const lines = jobLines(job.data) ?? [];
      const { inserted, duplicates, conflicts, broken, refusals, malformed } = await insertGood(lines);
      storedEvents += inserted;
      duplicateEvents += duplicates;
      if (conflicts.length > 0) onAlert({ kind: 'conflict', job: id, events: conflicts });
      if (broken.length > 0) onAlert({ kind: 'broken-chain', job: id, events: broken });
      const [error] = refusals;
      if (error !== undefined) {
        onAlert({ kind: 'refused-events', job: id, events: refusals.length, error });
        throw new UnrecoverableError('a batch with events that the store refuses');
      }
      if (malformed === 0 && lines.length > 0) return;
      onAlert({ kind: 'malformed-job', job: id, lines: malformed });
      throw new UnrecoverableError('a batch with something that is no event');
    },
    status: () => ({ storedEvents, duplicateEvents, storeFailure }),
  };
}

const NOTHING_STORED: Stored = { inserted: 0, duplicates: 0, conflicts: [], broken: [], refusals: [] };

function isMalformed(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'line-malformed';
}

/** The store is there and will say the same tomorrow: SQLSTATE class 22 is about the data, 54 about its size. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof GatewayError)) return false;
  return /^(22|54)/.test(String(error.context['reason']));
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
