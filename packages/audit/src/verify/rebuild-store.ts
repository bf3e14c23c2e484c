/** Fills a store from the journals: after it was lost, or to move to another one. */
import { parseLine } from '../journal/event-line.ts';
import { listNodes } from '../journal/segment-files.ts';
import type { AuditStore, InsertResult } from '../store/audit-store.ts';
import { journalLines } from './verify-journal.ts';

const BATCH = 200;

/** Adds every event of every journal in a folder that the store does not have. Lines that are no events are left out; `verifyJournal` names them. Throws what `insert` throws. */
export async function rebuildStore(
  dir: string,
  store: Pick<AuditStore, 'migrate' | 'insert'>,
): Promise<InsertResult> {
  await store.migrate();
  let total: InsertResult = { inserted: 0, duplicates: 0, conflicts: [], broken: [] };
  const add = async (lines: readonly string[]) => {
    if (lines.length === 0) return;
    const { inserted, duplicates, conflicts, broken } = await store.insert(lines);
    total = {
      inserted: total.inserted + inserted,
      duplicates: total.duplicates + duplicates,
      conflicts: [...total.conflicts, ...conflicts],
      broken: [...total.broken, ...broken],
    };
  };
  for (const node of listNodes(dir)) {
    let lines: string[] = [];
    for await (const bytes of journalLines(dir, node)) {
      const line = bytes.toString('utf8');
      if (parseLine(line) === null) continue;
      lines.push(line);
      if (lines.length < BATCH) continue;
      await add(lines);
      lines = [];
    }
    await add(lines);
  }
  return total;
}
