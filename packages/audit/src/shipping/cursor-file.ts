/**
 * Remembers up to where a journal was passed on. Losing the file costs time only: everything is
 * passed on again, and the store takes each event once.
 */
import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { JOURNAL_START, type JournalPosition } from '../journal/segment-files.ts';

/** Gives the position in the file, or the start of the journal for a file that is missing or makes no sense. */
export function readCursor(path: string): JournalPosition {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isPosition(value)
      ? { segment: value.segment, offset: value.offset, seq: value.seq }
      : JOURNAL_START;
  } catch {
    return JOURNAL_START;
  }
}

/** Replaces the file whole and brings it to the disk. */
export async function writeCursor(path: string, position: JournalPosition): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(position)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}

function isPosition(value: unknown): value is JournalPosition {
  if (typeof value !== 'object' || value === null) return false;
  const { segment, offset, seq } = value as Record<string, unknown>;
  return [segment, offset, seq].every((part) => Number.isSafeInteger(part) && (part as number) >= 0);
}
