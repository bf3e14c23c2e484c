/**
 * Brings a journal's file to the disk for many waiters at once.
 *
 * While one sync runs, later waiters gather for the next. A failed sync is final: the kernel may
 * have dropped the pages and would report success the next time, so nothing is ever reported as
 * synced again by this object.
 */
import * as fs from 'node:fs';

/** `fs.fdatasync`, or what a test puts in its place. */
export type SyncFile = (fd: number, done: (error: Error | null) => void) => void;

export interface GroupCommitOptions {
  readonly sync: SyncFile;
  /** The folder, synced whenever a file was added to it. */
  readonly dir: string;
  /** Called once, with the first failure. */
  readonly onFailed: (error: Error) => void;
}

type Waiter = (error: Error | null) => void;

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #current: number | null = null;
  #retired: number[] = [];
  #newFile = false;
  #waiters: Waiter[] = [];
  #running = false;
  #failure: Error | null = null;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Syncs belong to this file from now on; the one before is synced once more and closed. */
  use(fd: number): void {
    if (this.#current !== null) this.#retired.push(this.#current);
    this.#current = fd;
    this.#newFile = true;
  }

  /** Calls back when everything that is written by now is on the disk; never before this call returns. */
  request(waiter: Waiter): void {
    this.#waiters.push(waiter);
    if (!this.#running) void this.#run();
  }

  /** Closes the files after a last sync. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.request(() => resolve()));
    if (this.#current !== null) fs.closeSync(this.#current);
    this.#current = null;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiters.length > 0) {
      // All waiters of one flush share one sync.
      await Promise.resolve();
      const waiters = this.#waiters;
      this.#waiters = [];
      const error = this.#failure ?? (await this.#syncAll());
      for (const waiter of waiters) waiter(error);
    }
    this.#running = false;
  }

  async #syncAll(): Promise<Error | null> {
    const retired = this.#retired;
    this.#retired = [];
    const current = this.#current;
    const newFile = this.#newFile;
    this.#newFile = false;
    try {
      for (const fd of retired) await this.#sync(fd);
      if (current !== null) await this.#sync(current);
      if (newFile) await syncFolder(this.#options.dir);
      return null;
    } catch (error) {
      this.#failure = error as Error;
      this.#options.onFailed(this.#failure);
      return this.#failure;
    } finally {
      for (const fd of retired) fs.closeSync(fd);
    }
  }

  #sync(fd: number): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#options.sync(fd, (error) => (error ? reject(error) : resolve())),
    );
  }
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await fs.promises.open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
