/** Keeps a node from giving out numbers a second time. */
import { GatewayError } from '@gatehouse/model';
import type { Journal } from '../journal/journal.ts';
import type { JournalPosition } from '../journal/segment-files.ts';
import type { AuditStore } from '../store/audit-store.ts';
import type { AuditPipelineOptions } from './audit-pipeline.ts';

/** SECURITY: numbers that were given out before must never be given out again, or the store would take new events for old ones. Test: `refuses a journal that is older than its cursor`. */
export function assertAheadOfCursor(journal: Journal, cursor: JournalPosition): void {
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
export async function assertAheadOfStore(
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
