/**
 * A lock between processes: a file that only one of them can create.
 *
 * It holds the owner's host, process id and a random mark. A lock whose process is gone, or that is
 * older than any owner may be, is broken under a second lock, so that two waiters never break each
 * other's. An owner that was broken notices before it publishes anything (`isHeld`).
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '@gatehouse/model';

interface FileLock {
  /** False when another process broke this lock. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** After this time a lock counts as left behind; an owner needs milliseconds. */
const STALE_AFTER_MS = 30_000;
const WAIT_MS = 5_000;
const RETRY_MS = 15;

/** Waits up to 5 s for the lock; throws GatewayError `file-locked` then. */
export async function acquireFileLock(path: string, signal?: AbortSignal): Promise<FileLock> {
  const mark = JSON.stringify({ host: hostname(), pid: process.pid, mark: randomUUID() });
  const deadline = performance.now() + WAIT_MS;
  while (!(await createExclusively(path, mark))) {
    signal?.throwIfAborted();
    if (performance.now() > deadline)
      throw new GatewayError('unavailable', 'file-locked', `another process holds \`${path}\``, {
        retry: 'safe',
        context: { path },
      });
    if (await isStale(path)) await breakLock(path);
    else await sleep(RETRY_MS, undefined, signal === undefined ? {} : { signal });
  }
  const isHeld = async (): Promise<boolean> => (await readIfThere(path)) === mark;
  return {
    isHeld,
    async release() {
      if (await isHeld()) await rm(path, { force: true });
    },
  };
}

async function createExclusively(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    if (await isOld(path)) return true;
    const owner: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isOwner(owner) && owner.host === hostname() && !isAlive(owner.pid);
  } catch {
    // Gone, or being written right now: not ours to break.
    return false;
  }
}

async function isOld(path: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > STALE_AFTER_MS;
  } catch {
    return false;
  }
}

async function breakLock(path: string): Promise<void> {
  const breaker = `${path}.break`;
  if (!(await createExclusively(breaker, ''))) {
    // Held for a few system calls; an old one was left by a process that died in between.
    if (await isOld(breaker)) await rm(breaker, { force: true });
    await sleep(RETRY_MS);
    return;
  }
  try {
    if (await isStale(path)) await rm(path, { force: true });
  } finally {
    await rm(breaker, { force: true });
  }
}

function isOwner(value: unknown): value is { readonly host: string; readonly pid: number } {
  return typeof value === 'object' && value !== null && 'host' in value && 'pid' in value;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, 'ESRCH');
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/** True for an error of the operating system with this code. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
