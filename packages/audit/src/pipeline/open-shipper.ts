/** Passes the journal on to the queue, or straight into the store where there is none. */
import type { Checkpointer } from '../checkpoint/checkpointer.ts';
import type { Journal } from '../journal/journal.ts';
import { JOURNAL_START, type JournalPosition } from '../journal/segment-files.ts';
import type { LineBatch } from '../shipping/segment-reader.ts';
import { type Shipper, type ShipperOptions, startShipper } from '../shipping/shipper.ts';
import { startThreadedShipper, type ThreadedShipperOptions } from '../shipping/threaded-shipper.ts';
import type { AuditStore } from '../store/audit-store.ts';
import type { AuditPipelineOptions } from './audit-pipeline.ts';
import { cursorPath, journalDir } from './data-folder.ts';
import { type AuditLog, logAlert } from './log-alert.ts';
import { CLOSE_GRACE_MS, type Opened } from './opened.ts';

/** The way that every event must go: to the queue or into the store. */
export async function openShipper(
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
  const common = {
    journal,
    dir: journalDir(dataDir),
    node,
    cursorPath: cursorPath(dataDir, node),
    onTrouble,
  };
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
