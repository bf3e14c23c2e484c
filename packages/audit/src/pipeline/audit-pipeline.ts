/**
 * Everything that a gateway needs to record and to look up, composed:
 *
 *   journal ──shipper──> queue ──worker──> store <── other processes, through a socket
 *      └───────shipper (without Redis)───────┘
 *
 * The journal is opened first and synchronously; a store or a queue that is away does not keep the
 * gateway from starting, its events wait in the journal up to the limit.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '@gatehouse/model';
import { type Checkpointer, createCheckpointer } from '../checkpoint/checkpointer.ts';
import { formatPublicKey, openSigningKey, type SigningKey } from '../checkpoint/signing-key.ts';
import { startWitness } from '../checkpoint/witness.ts';
import { startGapWatch } from '../gaps/watch-gaps.ts';
import { type Journal, type JournalStatus, openJournal } from '../journal/journal.ts';
import { JOURNAL_START, type JournalPosition } from '../journal/segment-files.ts';
import {
  type AuditWorker,
  type AuditWorkerStatus,
  createAuditWorker,
  type WorkerAlert,
} from '../queue/audit-worker.ts';
import { type RetentionLimits, startRetention } from '../retention/retain-journal.ts';
import { type StoreSigner, startStoreRetention } from '../retention/retain-store.ts';
import { readCursor } from '../shipping/cursor-file.ts';
import type { LineBatch } from '../shipping/segment-reader.ts';
import { type Shipper, type ShipperOptions, type ShipperStatus, startShipper } from '../shipping/shipper.ts';
import { startThreadedShipper, type ThreadedShipperOptions } from '../shipping/threaded-shipper.ts';
import type { NamedSink } from '../sinks/audit-sink.ts';
import { openSink } from '../sinks/open-sink.ts';
import type { AuditStore, StoreLimits } from '../store/audit-store.ts';
import { openStore } from '../store/open-store.ts';
import { serveStore } from '../store/serve-store.ts';

/** A logger as pino is one. */
export interface AuditLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface AuditPipelineOptions {
  /** `journal/`, `store/` and `audit.sock` are made inside. */
  readonly dataDir: string;
  readonly node: string;
  /** Without it the journal feeds the store directly. */
  readonly redisUrl?: string;
  /** `embedded`, or the URL of a server. */
  readonly store: string;
  /** `separate`: with Redis, somebody else runs the worker and this process has no store. */
  readonly worker: 'in-process' | 'separate';
  readonly segmentBytes: number;
  readonly maxBacklogBytes: number;
  readonly maxBacklogMs?: number;
  readonly readsBeyondBacklogBytes?: number;
  /** What of the journal may go; everything stays without it. */
  readonly retention?: RetentionLimits;
  /** What of the store may go; everything stays without it. */
  readonly storeRetention?: StoreLimits;
  /** How often the store is looked at for gaps, and a shared one for other nodes' checkpoints; 30 seconds when absent. */
  readonly witnessMs?: number;
  /** Who else gets every event. */
  readonly sinks?: readonly NamedSink[];
  readonly log: AuditLog;
}

export interface AuditPipelineStatus {
  readonly journal: JournalStatus;
  readonly shipper: ShipperStatus;
  /** Null where no worker runs in this process. */
  readonly worker: AuditWorkerStatus | null;
  /** By name. */
  readonly sinks: ReadonlyMap<string, ShipperStatus>;
}

export interface AuditPipeline {
  readonly journal: Journal;
  /** Null where this process has none. */
  readonly store: AuditStore | null;
  status(): AuditPipelineStatus;
  /** Writes, passes on what can be passed on within a few seconds, and stops. */
  close(): Promise<void>;
}

/** Where the journal of a data folder lies. */
export function journalDir(dataDir: string): string {
  return join(dataDir, 'journal');
}

/** Where a node's public key lies: beside the segments, so that an archive of them can be verified. */
export function publicKeyPath(dataDir: string, node: string): string {
  return join(journalDir(dataDir), `${node}.pub`);
}

/** Where a node's private key lies: not beside the journal, which is copied to archives. */
function signingKeyPath(dataDir: string, node: string): string {
  return join(dataDir, `${node}.signing-key`);
}

/** Where the owner of an embedded store in a data folder answers questions. */
export function storeSocketPath(dataDir: string): string {
  return join(dataDir, 'audit.sock');
}

function cursorPath({ dataDir, node }: AuditPipelineOptions): string {
  return join(journalDir(dataDir), `${node}.cursor`);
}

const CLOSE_GRACE_MS = 3_000;

/** Opens all parts. Throws GatewayError of kind `config` or `audit` when the journal or an embedded store cannot be used or do not belong together; nothing stays open then. */
export async function openAuditPipeline(options: AuditPipelineOptions): Promise<AuditPipeline> {
  const opened: (() => Promise<void>)[] = [];
  const closeAll = async () => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const key = openKey(options);
    const checkpointer = openCheckpointer(options, key);
    const { onLine } = checkpointer;
    const journal = openJournal({ ...options, dir: journalDir(options.dataDir), onLine });
    opened.push(() => journal.close());
    const cursor = readCursor(cursorPath(options));
    assertAheadOfCursor(journal, cursor);
    const store = needsStore(options) ? await openOwnStore(options, opened) : null;
    if (store !== null) await assertAheadOfStore(journal, store, options);
    checkpointer.start(journal);
    opened.push(async () => checkpointer.stop());
    await openWatches(options, { node: options.node, journal, key }, store, opened);
    const worker =
      store === null || options.redisUrl === undefined ? null : openWorker(options, store, opened);
    const shipper = await openShipper(options, { journal, checkpointer }, cursor, store, opened);
    const sinks = openSinks(options, journal, opened);
    const takers = [shipper, ...sinks.values()];
    const takenSeq = () => Math.min(...takers.map((taker) => taker.status().safeSeq));
    openRetention(options, journal, key, takenSeq, opened);
    return {
      journal,
      store,
      status: () => ({
        journal: journal.status(),
        shipper: shipper.status(),
        worker: worker?.status() ?? null,
        sinks: new Map([...sinks].map(([name, sink]) => [name, sink.status()])),
      }),
      async close() {
        journal.flush();
        // The last thing that is written is a signature over everything before it.
        checkpointer.sign();
        journal.flush();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function openKey({ dataDir, node }: AuditPipelineOptions): SigningKey {
  mkdirSync(journalDir(dataDir), { recursive: true, mode: 0o700 });
  const key = openSigningKey(signingKeyPath(dataDir, node));
  writeFileSync(publicKeyPath(dataDir, node), formatPublicKey(key.publicKey), { mode: 0o644 });
  return key;
}

function openRetention(
  { dataDir, node, retention, log }: AuditPipelineOptions,
  journal: Journal,
  key: SigningKey,
  takenSeq: () => number,
  opened: Opened,
): void {
  if (retention === undefined) return;
  const onTrouble = (error: Error) => log.warn({ err: error }, 'audit: old segments could not be taken away');
  const options = { journal, dir: journalDir(dataDir), node, key, limits: retention, takenSeq };
  opened.push(startRetention(options, onTrouble));
}

function openCheckpointer({ dataDir, node, log }: AuditPipelineOptions, key: SigningKey): Checkpointer {
  const dir = journalDir(dataDir);
  const onTrouble = (error: Error) => log.warn({ err: error }, 'audit: a checkpoint could not be recorded');
  return createCheckpointer({ dir, node, key, onTrouble });
}

/** What looks into the store now and then: every node for gaps and for days that may go, and nodes that share one at each other. */
async function openWatches(
  options: AuditPipelineOptions,
  signer: StoreSigner,
  own: AuditStore | null,
  opened: Opened,
): Promise<void> {
  const { witnessMs, storeRetention, log } = options;
  const { node, journal } = signer;
  const everyMs = witnessMs === undefined ? {} : { everyMs: witnessMs };
  const onError = (error: Error) => log.warn({ err: error }, 'a connection to the audit store broke');
  // An embedded store belongs to one node, and may be another process's.
  const shared = options.store !== 'embedded';
  if (own === null && !shared) {
    if (storeRetention !== undefined)
      log.warn({}, 'audit: the embedded store is the worker’s, and nobody signs for taking days away');
    return;
  }
  const store = own ?? (await openStore({ kind: 'server', url: options.store }, onError));
  const gaps = startGapWatch({ node, journal, store, ...everyMs });
  const witness = shared ? startWitness({ node, journal, store, ...everyMs }) : null;
  const onTrouble = (error: Error) =>
    log.warn({ err: error }, 'audit: old days of the store could not be taken away');
  const retention =
    storeRetention === undefined
      ? null
      : startStoreRetention({ store, limits: storeRetention, signer }, onTrouble);
  opened.push(async () => {
    gaps.stop();
    witness?.stop();
    await retention?.stop();
    if (own === null) await store.close();
  });
}

function needsStore({ redisUrl, worker }: AuditPipelineOptions): boolean {
  return redisUrl === undefined || worker === 'in-process';
}

type Opened = (() => Promise<void>)[];

async function openOwnStore(options: AuditPipelineOptions, opened: Opened): Promise<AuditStore> {
  const { dataDir, log } = options;
  const embedded = options.store === 'embedded';
  const store = await openStore(
    embedded ? { kind: 'embedded', dir: join(dataDir, 'store') } : { kind: 'server', url: options.store },
    (error) => log.warn({ err: error }, 'a connection to the audit store broke'),
  );
  opened.push(() => store.close());
  if (embedded) opened.push(await serveStore(store, storeSocketPath(dataDir)));
  return store;
}

function openWorker({ redisUrl, log }: AuditPipelineOptions, store: AuditStore, opened: Opened): AuditWorker {
  const worker = createAuditWorker({ redisUrl: redisUrl!, store, onAlert: (alert) => logAlert(log, alert) });
  opened.push(() => worker.close());
  return worker;
}

/** Writes what a worker tells to a log. */
export function logAlert(log: AuditLog, alert: WorkerAlert): void {
  switch (alert.kind) {
    case 'conflict':
      log.error({ job: alert.job, events: alert.events }, 'audit: two different events have one number');
      return;
    case 'broken-chain':
      log.error({ job: alert.job, events: alert.events }, 'audit: the chain of stored events is broken');
      return;
    case 'malformed-job':
      log.error({ job: alert.job, lines: alert.lines }, 'audit: a job with something that is no event');
      return;
    case 'refused-events':
      log.error(
        { job: alert.job, events: alert.events, err: alert.error },
        'audit: events that the store will never take',
      );
      return;
    case 'store-unavailable':
      log.error({ err: alert.error }, 'audit: the store takes nothing; events wait in the queue');
      return;
    case 'store-recovered':
      log.info({}, 'audit: the store takes events again');
      return;
    case 'queue-unavailable':
      log.warn({ err: alert.error }, 'audit: the worker has lost the queue');
  }
}

async function openShipper(
  options: AuditPipelineOptions,
  { journal, checkpointer }: { readonly journal: Journal; readonly checkpointer: Checkpointer },
  cursor: JournalPosition,
  store: AuditStore | null,
  opened: Opened,
): Promise<Shipper> {
  const { dataDir, node, log } = options;
  const onTrouble = (error: Error | null) => {
    if (error === null) log.info({}, 'audit: events are passed on again');
    else log.error({ err: error }, 'audit: events cannot be passed on; they wait in the journal');
  };
  // What was passed on once does not count as backlog while a store is filled anew.
  journal.acknowledge(cursor);
  const common = { journal, dir: journalDir(dataDir), node, cursorPath: cursorPath(options), onTrouble };
  const { redisUrl } = options;
  const shipper =
    redisUrl === undefined
      ? await openDirect(options, common, cursor, store!)
      : openThreaded({ ...common, redisUrl }, checkpointer);
  opened.push(() => shipper.close(CLOSE_GRACE_MS));
  return shipper;
}

/** To the queue, from a thread that computes roots, too. */
function openThreaded(options: ThreadedShipperOptions, checkpointer: Checkpointer): Shipper {
  const shipper = startThreadedShipper(options);
  checkpointer.leaveRootsTo((hashes) => shipper.findRoot(hashes));
  return shipper;
}

/** Without a queue: straight into the store. */
async function openDirect(
  options: AuditPipelineOptions,
  common: Omit<ShipperOptions, 'deliver'>,
  cursor: JournalPosition,
  store: AuditStore,
): Promise<Shipper> {
  const { node, log } = options;
  const from = options.store === 'embedded' ? await startFor(store, node, cursor, log) : cursor;
  const deliver = async ({ lines, first }: LineBatch) => {
    const { conflicts, broken } = await store.insert(lines);
    const job = `${node}.${first}`;
    if (conflicts.length > 0) logAlert(log, { kind: 'conflict', job, events: conflicts });
    if (broken.length > 0) logAlert(log, { kind: 'broken-chain', job, events: broken });
  };
  return startShipper({ ...common, deliver }, from);
}

/** Each sink reads the journal at its own pace; one that is away holds nobody but itself. */
function openSinks(
  { dataDir, node, sinks = [], log }: AuditPipelineOptions,
  journal: Journal,
  opened: Opened,
): ReadonlyMap<string, Shipper> {
  const dir = journalDir(dataDir);
  const shippers = new Map<string, Shipper>();
  const closers: (() => Promise<void>)[] = [];
  for (const { name, options } of sinks) {
    const sink = openSink(node, options);
    const onTrouble = (error: Error | null) => {
      if (error === null) log.info({ sink: name }, 'audit: a sink takes events again');
      else log.error({ sink: name, err: error }, 'audit: a sink takes nothing; events wait in the journal');
    };
    const shipper = startShipper({
      journal,
      dir,
      node,
      cursorPath: join(dir, `${node}.${name}.cursor`),
      countsAsBacklog: false,
      settleMs: 0,
      deliver: ({ lines, first }) => sink.write(lines, first),
      onTrouble,
    });
    shippers.set(name, shipper);
    closers.push(() => shipper.close(CLOSE_GRACE_MS).finally(() => sink.close()));
  }
  opened.push(async () => {
    await Promise.all(closers.map((close) => close()));
  });
  return shippers;
}

/** SECURITY: numbers that were given out before must never be given out again, or the store would take new events for old ones. Test: `refuses a journal that is older than its cursor`. */
function assertAheadOfCursor(journal: Journal, cursor: JournalPosition): void {
  const { seq } = journal.written();
  if (cursor.seq <= seq) return;
  throw new GatewayError(
    'audit',
    'journal-behind-cursor',
    `expected a journal with the ${cursor.seq} events that were passed on, got one with ${seq}`,
    { context: { passedOn: cursor.seq, journal: seq } },
  );
}

/** SECURITY: the same for a journal that was lost together with its cursor while the store is on a server. Test: `refuses a new journal under a name that the store knows`. */
async function assertAheadOfStore(
  journal: Journal,
  store: AuditStore,
  { node, log }: AuditPipelineOptions,
): Promise<void> {
  const { seq } = journal.written();
  const ahead = await store
    .migrate()
    .then(() => store.lines(node, seq, 1))
    .catch((error: unknown) => {
      log.warn({ err: error }, 'audit: the store is away; its numbers are not compared with the journal');
      return [];
    });
  if (ahead.length === 0) return;
  throw new GatewayError(
    'audit',
    'journal-behind-store',
    `expected the journal of node \`${node}\` from which the store has events behind number ${seq}; bring it back or give this node another name`,
    { context: { node, journal: seq } },
  );
}

/** An embedded store that does not hold what was passed on (deleted, or set back by a power failure) is filled anew. */
async function startFor(
  store: AuditStore,
  node: string,
  cursor: JournalPosition,
  log: AuditLog,
): Promise<JournalPosition> {
  const info = (await store.verifyInfo()).find((held) => held.node === node);
  const complete =
    cursor.seq === 0 || (info !== undefined && info.lastSeq >= cursor.seq && info.missing === 0);
  if (complete) return cursor;
  log.warn(
    { passedOn: cursor.seq, stored: info?.events ?? 0 },
    'audit: the store has less than it should; filling it',
  );
  return JOURNAL_START;
}
