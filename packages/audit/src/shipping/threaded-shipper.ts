/**
 * A shipper to the queue in a thread of its own: what it costs is not taken from the sessions.
 *
 *   gateway's thread                         shipper's thread
 *   journal ── how far it has come ────────> reads the files ──> queue
 *        <──── sync, please; delivered to ──
 *   hashes of lines ───────────────────────> their Merkle root ──> back
 *
 * A thread that dies is started again and goes on from the cursor; what it had delivered lately comes twice.
 */
import { Worker } from 'node:worker_threads';
import type { Journal } from '../journal/journal.ts';
import type { Shipper, ShipperStatus } from './shipper.ts';
import {
  errorText,
  type FromShipper,
  restoreError,
  type ShipperThreadOptions,
  type ToShipper,
} from './thread-messages.ts';

export interface ThreadedShipperOptions {
  readonly journal: Journal;
  readonly dir: string;
  readonly node: string;
  readonly cursorPath: string;
  readonly redisUrl: string;
  /** Told once when delivering begins to fail, and with null when it works again. */
  readonly onTrouble: (error: Error | null) => void;
}

/** Positions are told no more often: each batch waits longer than this anyway. */
const TELL_MS = 10;
const AGAIN_MS = 1_000;
/** For a thread that hangs while it closes. */
const HANGING_MS = 2_000;
const THREAD_ENDED = 'the thread of the shipper has ended';

export interface ThreadedShipper extends Shipper {
  /** Computes the Merkle root over hashes of lines in the shipper's thread. Rejects when that ends first. */
  findRoot(hashes: readonly string[]): Promise<string>;
}

export function startThreadedShipper(options: ThreadedShipperOptions): ThreadedShipper {
  return new WorkerShipper(options);
}

interface RootWaiter {
  readonly resolve: (root: string) => void;
  readonly reject: (error: Error) => void;
}

class WorkerShipper implements ThreadedShipper {
  readonly #options: ThreadedShipperOptions;
  readonly #unwatch: () => void;
  #worker: Worker;
  #telling: NodeJS.Timeout | null = null;
  #deliveredSeq = 0;
  #safeSeq = 0;
  #failure: Error | null = null;
  #closed: (() => void) | null = null;
  #running = false;
  #rootsAsked = 0;
  readonly #rootWaiters = new Map<number, RootWaiter>();

  constructor(options: ThreadedShipperOptions) {
    this.#options = options;
    this.#worker = this.#start();
    this.#unwatch = options.journal.watch(() => {
      this.#telling ??= setTimeout(() => this.#tell(), TELL_MS);
    });
  }

  status(): ShipperStatus {
    const { seq, backlogBytes, backlogMs } = this.#options.journal.status();
    return {
      deliveredSeq: this.#deliveredSeq,
      safeSeq: this.#safeSeq,
      backlogEvents: Math.max(0, seq - this.#deliveredSeq),
      backlogBytes,
      lagMs: backlogMs,
      failure: this.#failure,
    };
  }

  findRoot(hashes: readonly string[]): Promise<string> {
    if (!this.#running) return Promise.reject(new Error(THREAD_ENDED));
    this.#rootsAsked += 1;
    const id = this.#rootsAsked;
    const root = new Promise<string>((resolve, reject) => this.#rootWaiters.set(id, { resolve, reject }));
    this.#send({ kind: 'hashes', id, hashes: hashes.join('') });
    return root;
  }

  async close(graceMs: number): Promise<void> {
    this.#unwatch();
    this.#tell();
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
      timer = setTimeout(resolve, graceMs + HANGING_MS);
      this.#send({ kind: 'close', graceMs });
    });
    clearTimeout(timer);
    await this.#worker.terminate();
  }

  #start(): Worker {
    const { journal, dir, node, cursorPath, redisUrl } = this.#options;
    const workerData: ShipperThreadOptions = {
      ...{ dir, node, cursorPath, redisUrl },
      written: journal.written(),
      synced: journal.synced(),
    };
    const worker = openThread(workerData);
    this.#running = true;
    worker.unref();
    worker.on('message', (message: FromShipper) => this.#hear(message));
    worker.on('error', (error) => this.#trouble(error));
    worker.on('exit', () => this.#ended());
    return worker;
  }

  #ended(): void {
    this.#running = false;
    for (const { reject } of this.#rootWaiters.values()) reject(new Error(THREAD_ENDED));
    this.#rootWaiters.clear();
    if (this.#closed !== null) {
      this.#closed();
      return;
    }
    this.#trouble(this.#failure ?? new Error(THREAD_ENDED));
    setTimeout(() => {
      if (this.#closed === null) this.#worker = this.#start();
    }, AGAIN_MS).unref();
  }

  #hear(message: FromShipper): void {
    const { journal } = this.#options;
    switch (message.kind) {
      case 'sync':
        journal.afterSynced((error) => {
          this.#tell();
          this.#send({ kind: 'synced', id: message.id, failed: error === null ? null : errorText(error) });
        });
        return;
      case 'delivered':
        this.#deliveredSeq = message.position.seq;
        journal.acknowledge(message.position);
        return;
      case 'safe':
        this.#safeSeq = message.seq;
        return;
      case 'root':
        this.#rootWaiters.get(message.id)?.resolve(message.root);
        this.#rootWaiters.delete(message.id);
        return;
      case 'backdate':
        journal.backdate(message.sinceMs);
        return;
      case 'trouble':
        this.#trouble(message.failed === null ? null : restoreError(message.failed));
        return;
      case 'closed':
        this.#closed?.();
    }
  }

  #tell(): void {
    if (this.#telling !== null) clearTimeout(this.#telling);
    this.#telling = null;
    const { journal } = this.#options;
    this.#send({ kind: 'journal', written: journal.written(), synced: journal.synced() });
  }

  #send(message: ToShipper): void {
    this.#worker.postMessage(message);
  }

  #trouble(error: Error | null): void {
    const changed = (this.#failure === null) !== (error === null);
    this.#failure = error;
    if (changed) this.#options.onTrouble(error);
  }
}

/** The thread's program lies beside this file: as it was built, or its source, which needs the loader. */
function openThread(workerData: ShipperThreadOptions): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./shipper-thread.js', import.meta.url), { workerData });
  }
  const program = new URL('./run-thread-source.mjs', import.meta.url);
  return new Worker(program, { workerData, execArgv: ['--conditions=gatehouse-source'] });
}
