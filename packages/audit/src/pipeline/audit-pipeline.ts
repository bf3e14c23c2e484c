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
import { type Checkpointer, createCheckpointer } from '../checkpoint/checkpointer.ts';
import { formatPublicKey, openSigningKey, type SigningKey } from '../checkpoint/signing-key.ts';
import { startWitness } from '../checkpoint/witness.ts';
import { startGapWatch } from '../gaps/watch-gaps.ts';
import { type Journal, type JournalStatus, openJournal } from '../journal/journal.ts';
import { type AuditWorker, type AuditWorkerStatus, createAuditWorker } from '../queue/audit-worker.ts';
import { type RetentionLimits, startRetention } from '../retention/retain-journal.ts';
import { type StoreSigner, startStoreRetention } from '../retention/retain-store.ts';
import { readCursor } from '../shipping/cursor-file.ts';
import type { ShipperStatus } from '../shipping/shipper.ts';
import type { NamedSink } from '../sinks/audit-sink.ts';
import type { AuditStore, StoreLimits } from '../store/audit-store.ts';
import { openStore } from '../store/open-store.ts';
import { serveStore } from '../store/serve-store.ts';
import { assertAheadOfCursor, assertAheadOfStore } from './assert-ahead.ts';
import { cursorPath, journalDir, publicKeyPath, signingKeyPath, storeSocketPath } from './data-folder.ts';
import { type AuditLog, logAlert } from './log-alert.ts';
import { openShipper } from './open-shipper.ts';
import { openSinks } from './open-sinks.ts';
import type { Opened } from './opened.ts';

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

/** Opens all parts. Throws GatewayError of kind `config` or `audit` when the journal or an embedded store cannot be used or do not belong together; nothing stays open then. */
export async function openAuditPipeline(options: AuditPipelineOptions): Promise<AuditPipeline> {
  const opened: Opened = [];
  const closeAll = async () => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const key = openKey(options);
    const checkpointer = openCheckpointer(options, key);
    const { onLine } = checkpointer;
    const journal = openJournal({ ...options, dir: journalDir(options.dataDir), onLine });
    opened.push(() => journal.close());
    const cursor = readCursor(cursorPath(options.dataDir, options.node));
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
