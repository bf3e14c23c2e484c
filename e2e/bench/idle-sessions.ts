import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IdleRow } from './rows.ts';

/** Opens this many sessions at once at most. */
const AT_ONCE = 10;
/** For the memory of logins and of closed sessions to come back. */
const SETTLE_MS = 1_500;

/**
 * What one idle session takes of the gateway: the growth of its resident memory over many of them. Asked of a
 * gateway that has done nothing else yet, because room that a load has left in the heap would hide sessions; a
 * few are opened and closed before, so that what the first session ever brings along does not count.
 */
export async function measureIdle<T>(
  database: string,
  pid: number,
  sessions: number,
  open: () => Promise<T>,
  close: (session: T) => unknown,
): Promise<IdleRow> {
  for (const session of await openMany(AT_ONCE, open)) await close(session);
  await sleep(SETTLE_MS);
  const before = residentKilobytes(pid);
  const opened = await openMany(sessions, open);
  await sleep(SETTLE_MS);
  const kilobytesEach = (residentKilobytes(pid) - before) / sessions;
  for (const session of opened) await close(session);
  return { database, sessions, kilobytesEach };
}

async function openMany<T>(count: number, open: () => Promise<T>): Promise<readonly T[]> {
  const opened: T[] = [];
  while (opened.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - opened.length) }, open);
    opened.push(...(await Promise.all(batch)));
  }
  return opened;
}

function residentKilobytes(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim());
}
