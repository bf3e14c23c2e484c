/**
 * Keeps two processes from writing one journal.
 *
 * A file names the process that holds it, by id and start time: after a container restarts, the
 * same id is a different process. Does not protect between machines that share a disk.
 */
import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { GatewayError } from '@gatehouse/model';

/** Takes the lock and gives the function that frees it. Throws GatewayError `journal-in-use` when a living process has it. */
export function takeLock(path: string): () => void {
  const own = `${process.pid} ${startTime(process.pid)}\n`;
  if (!tryCreate(path, own)) {
    const owner = readOwner(path);
    if (isAlive(owner)) throw inUse(path, owner);
    setAside(path, owner);
    if (!tryCreate(path, own)) throw inUse(path, readOwner(path));
  }
  return () => {
    if (readOwner(path) === own) unlinkSync(path);
  };
}

function tryCreate(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Another process may be taking over the same dead lock; what was moved must be what was judged. */
function setAside(path: string, judged: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = readOwner(aside);
  if (moved === judged) {
    unlinkSync(aside);
    return;
  }
  renameSync(aside, path);
  throw inUse(path, moved);
}

function readOwner(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(owner: string): boolean {
  const [id, started] = owner.trim().split(' ');
  const pid = Number(id);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
  return startTime(pid) === started;
}

/** In clock ticks since boot, `-` where the system does not say. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name may hold spaces and brackets; fields are counted from behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
  } catch {
    return '-';
  }
}

function inUse(path: string, owner: string): GatewayError {
  const pid = Number(owner.trim().split(' ')[0]);
  return new GatewayError(
    'config',
    'journal-in-use',
    `process ${pid} already writes the journal of \`${path}\``,
    {
      context: { path, pid },
    },
  );
}

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
