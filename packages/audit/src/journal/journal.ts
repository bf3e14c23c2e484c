/**
 * The journal of one node: an append-only file of events, each carrying the hash of the one before.
 *
 *   append ──> batch of this turn ──one write──> file ──group commit──> disk
 *                                     │ error
 *                                     └──> cut back, waiters fail, appends throw, retry until it writes
 *
 * INVARIANT: behind the last good boundary nothing is ever left in the file; a failed batch is cut
 * off before anything else is written, and only then its sequence numbers are used again.
 * INVARIANT: nobody is told "written" or "synced" who waits for an event that is not.
 * Readers may read up to `written()`, and pass on only what is before `synced()`: what a power
 * failure can take back must not have left the node.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { type Action, type AuditBody, GatewayError } from '@gatehouse/model';
import { createBodyEncoder, type EncodeBody } from './encode-body.ts';
import { GroupCommit, type SyncFile } from './group-commit.ts';
import { takeLock } from './journal-lock.ts';
import { createLagMarks } from './lag-marks.ts';
import { JOURNAL_START, type JournalPosition } from './segment-files.ts';
import { type PendingEvent, SegmentWriter, type WriteFile } from './segment-writer.ts';

export interface JournalOptions {
  /** Created when missing, readable for the owner only. */
  readonly dir: string;
  /** Lower-case letters, digits, `-` and `_`. */
  readonly node: string;
  /** A new file is begun when the next batch would make the current one longer. */
  readonly segmentBytes: number;
  /** New statements are refused when more than this is not yet in the store; what ends running ones has an eighth more. */
  readonly maxBacklogBytes: number;
  /** New statements are refused, too, when an event has waited longer than this to be passed on. */
  readonly maxBacklogMs?: number;
  /** So many bytes beyond the limits are kept for statements that only read; they run on and are recorded here, 0 when absent. */
  readonly readsBeyondBacklogBytes?: number;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  readonly write?: WriteFile;
  readonly sync?: SyncFile;
  /** Told the hash of each line that is in the file now, in order; what signs checkpoints listens. */
  readonly onLine?: (hash: string) => void;
}

/** The state of a journal at one moment. */
export interface JournalStatus {
  readonly node: string;
  /** Last event in the file. */
  readonly seq: number;
  readonly segments: number;
  readonly bytes: number;
  /** Not yet passed on. */
  readonly backlogBytes: number;
  readonly backlogEvents: number;
  readonly maxBacklogBytes: number;
  /** How long the oldest of them has been waiting, 0 for none. */
  readonly backlogMs: number;
  /** Why appends throw now, null when they do not. */
  readonly failure: GatewayError | null;
}

type Callback = (error: GatewayError | null) => void;

export interface Journal {
  /** Adds an event to this turn's batch and gives its sequence number, which counts only once the batch is written. Throws GatewayError of kind `audit`: `journal-full`, `journal-failed`, `event-too-large`, `event-not-json`. */
  append(body: AuditBody): number;
  /** Calls back when everything appended so far is in the file, or with why it is not. Never before this call returns. */
  afterWritten(callback: Callback): void;
  /** Calls back when everything appended so far is on the disk, or with why it is not. */
  afterSynced(callback: Callback): void;
  /** Writes the batch now. */
  flush(): void;
  /** Behind the last event in the file. */
  written(): JournalPosition;
  /** Behind the last event that is known to be on the disk. */
  synced(): JournalPosition;
  /** Says that everything before a position has been passed on. A position that goes back is ignored. */
  acknowledge(position: JournalPosition): void;
  /** Says that what waits now has been waiting since then, milliseconds since 1970; for what an earlier process has written. */
  backdate(sinceMs: number): void;
  /** Calls back after each write until the returned function is called. */
  watch(listener: () => void): () => void;
  /** Deletes the oldest segment, which must end with this event. The newest one and what is not passed on stay: throws Error. */
  dropOldest(through: number): void;
  status(): JournalStatus;
  /** Writes and syncs what is left and closes the file; appends throw from then on. */
  close(): Promise<void>;
}

const RETRY_MS = 250;

/** Opens a journal for writing, after cutting what a crash left half-written. Throws GatewayError `journal-in-use`, `journal-damaged`, `journal-unusable` or `journal-node`. */
export function openJournal(options: JournalOptions): Journal {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(options.node)) {
    throw new GatewayError(
      'config',
      'journal-node',
      `expected letters, digits, \`-\` and \`_\` as name of a node, got \`${options.node}\``,
    );
  }
  try {
    return new FileJournal(options);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError(
      'audit',
      'journal-unusable',
      `the journal in \`${options.dir}\` cannot be opened`,
      {
        context: { dir: options.dir, reason: errorCode(cause) },
        cause,
      },
    );
  }
}

class FileJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #clock: () => number;
  readonly #writer: SegmentWriter;
  readonly #encode: EncodeBody = createBodyEncoder();
  readonly #commit: GroupCommit;
  readonly #unlock: () => void;
  readonly #listeners = new Set<() => void>();

  #synced: JournalPosition = JOURNAL_START;
  #acknowledged: JournalPosition = JOURNAL_START;
  #acknowledgedBytes = 0;

  #events: PendingEvent[] = [];
  #eventCharacters = 0;
  readonly #waiting = createLagMarks();
  #onWritten: Callback[] = [];
  #onSynced: Callback[] = [];
  #scheduled = false;
  #lastMs = Number.NaN;
  #lastAt = '';

  #failure: GatewayError | null = null;
  #failedSince = 0;
  #lostEvents = 0;
  #refusedEvents = 0;
  #retry: NodeJS.Timeout | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    fs.mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    this.#unlock = takeLock(join(options.dir, `${options.node}.lock`));
    try {
      this.#commit = new GroupCommit({
        sync: options.sync ?? fs.fdatasync,
        dir: options.dir,
        onFailed: (error) => this.#failForGood(error),
      });
      this.#writer = new SegmentWriter({
        ...options,
        write: options.write ?? writeWhole,
        onFile: (fd) => this.#commit.use(fd),
      });
      const { cutBytes } = this.#writer;
      if (cutBytes > 0) this.#record('journal-cut', { bytes: cutBytes });
    } catch (error) {
      this.#unlock();
      throw error;
    }
  }

  append(body: AuditBody): number {
    this.#assertOpen(body);
    const text = this.#encode(body);
    this.#events.push({ at: this.#now(), body: text });
    this.#eventCharacters += text.length;
    this.#schedule();
    return this.#writer.written.seq + this.#events.length;
  }

  afterWritten(callback: Callback): void {
    this.#onWritten.push(callback);
    this.#schedule();
  }

  afterSynced(callback: Callback): void {
    this.#onSynced.push(callback);
    this.#schedule();
  }

  flush(): void {
    const events = this.#events;
    const onWritten = this.#onWritten;
    const onSynced = this.#onSynced;
    this.#events = [];
    this.#eventCharacters = 0;
    this.#onWritten = [];
    this.#onSynced = [];
    const error = this.#failure ?? this.#writeBatch(events);
    if (error !== null) this.#lostEvents += events.length;
    callAll(onWritten, error);
    if (error !== null) callAll(onSynced, error);
    else if (onSynced.length > 0) this.#requestSync(onSynced);
    if (error === null && events.length > 0) this.#waiting.note(this.#writer.written.seq, performance.now());
    if (error === null && events.length > 0) for (const listener of [...this.#listeners]) listener();
  }

  written(): JournalPosition {
    return this.#writer.written;
  }

  synced(): JournalPosition {
    return this.#synced;
  }

  acknowledge(position: JournalPosition): void {
    if (position.seq <= this.#acknowledged.seq) return;
    this.#acknowledged = position;
    this.#acknowledgedBytes = this.#writer.bytesBefore(position);
    this.#waiting.drop(position.seq);
  }

  backdate(sinceMs: number): void {
    this.#waiting.backdate(performance.now() - (Date.now() - sinceMs));
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  dropOldest(through: number): void {
    if (through > this.#acknowledged.seq) throw new Error('events that were not passed on would be deleted');
    this.#acknowledgedBytes -= this.#writer.dropOldest(through);
  }

  status(): JournalStatus {
    return {
      node: this.#options.node,
      seq: this.#writer.written.seq,
      segments: this.#writer.segments,
      bytes: this.#writer.bytes,
      backlogBytes: this.#backlog(),
      backlogEvents: this.#writer.written.seq - this.#acknowledged.seq,
      maxBacklogBytes: this.#options.maxBacklogBytes,
      backlogMs: this.#waiting.lagMs(performance.now()),
      failure: this.#failure ?? this.#fullError(this.#options.maxBacklogBytes) ?? this.#lateError(),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.flush();
    if (this.#retry !== null) clearInterval(this.#retry);
    await this.#commit.close();
    this.#unlock();
  }

  #assertOpen(body: AuditBody): void {
    const error = this.#closedError() ?? this.#failure ?? this.#backlogError(body);
    if (error === null) return;
    if (error === this.#failure) this.#refusedEvents += 1;
    throw error;
  }

  /** What ends something always has an eighth more, so that what runs can be recorded to its end. */
  #backlogError(body: AuditBody): GatewayError | null {
    const { maxBacklogBytes, readsBeyondBacklogBytes = 0 } = this.#options;
    const begins = body.kind === 'intent' || body.kind === 'login';
    if (!begins) return this.#fullError(maxBacklogBytes + readsBeyondBacklogBytes + maxBacklogBytes / 8);
    const error = this.#fullError(maxBacklogBytes) ?? this.#lateError();
    if (error === null || readsBeyondBacklogBytes === 0 || !onlyReads(body)) return error;
    return this.#fullError(maxBacklogBytes + readsBeyondBacklogBytes);
  }

  #lateError(): GatewayError | null {
    const { maxBacklogMs } = this.#options;
    if (maxBacklogMs === undefined) return null;
    const backlogMs = this.#waiting.lagMs(performance.now());
    if (backlogMs <= maxBacklogMs) return null;
    return new GatewayError(
      'audit',
      'journal-late',
      `expected every event to be passed on within ${maxBacklogMs} ms, got one that has waited for ${backlogMs}`,
      { retry: 'safe', context: { backlogMs, maxBacklogMs } },
    );
  }

  #closedError(): GatewayError | null {
    if (this.#closing === null) return null;
    return new GatewayError('audit', 'journal-failed', 'the journal is closed', { retry: 'safe' });
  }

  #fullError(limit: number): GatewayError | null {
    const backlog = this.#backlog() + this.#eventCharacters;
    if (backlog < limit) return null;
    return new GatewayError(
      'audit',
      'journal-full',
      `expected at most ${this.#options.maxBacklogBytes} bytes of events that are not yet in the store, got ${backlog}`,
      { retry: 'safe', context: { backlogBytes: backlog, maxBacklogBytes: this.#options.maxBacklogBytes } },
    );
  }

  #backlog(): number {
    return Math.max(0, this.#writer.bytes - this.#acknowledgedBytes);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Gives null when all events are in the file; otherwise none of them is, or nothing is written any more until it is so. */
  #writeBatch(events: readonly PendingEvent[]): GatewayError | null {
    if (events.length === 0) return null;
    try {
      this.#writer.writeBatch(events);
      return null;
    } catch (error) {
      return this.#fail(error as Error);
    }
  }

  #requestSync(waiters: readonly Callback[]): void {
    const position = this.#writer.written;
    this.#commit.request((error) => {
      if (error === null && position.seq > this.#synced.seq) this.#synced = position;
      callAll(waiters, error === null ? null : failed(error, this.#options.dir));
    });
  }

  #fail(cause: Error): GatewayError {
    this.#failure = failed(cause, this.#options.dir);
    this.#failedSince = this.#clock();
    this.#writer.cutBack();
    this.#retry ??= setInterval(() => this.#tryAgain(), RETRY_MS).unref();
    return this.#failure;
  }

  /** SECURITY: what a failed sync left on the disk cannot be known; only opening the journal again reads it. Test: `never syncs again after a failed sync`. */
  #failForGood(cause: Error): void {
    this.#failure = failed(cause, this.#options.dir);
    if (this.#retry !== null) clearInterval(this.#retry);
    this.#retry = null;
  }

  /** The event that says what was lost is the proof that the file can be written again. */
  #tryAgain(): void {
    const before = this.#failure;
    if (before === null || this.#events.length > 0 || !this.#writer.cutBack()) return;
    const detail = {
      reason: String(before.context['reason']),
      lostEvents: this.#lostEvents,
      refusedEvents: this.#refusedEvents,
      durationMs: Math.round(this.#clock() - this.#failedSince),
    };
    const body = JSON.stringify({ kind: 'gateway', what: 'journal-recovered', detail });
    const since = this.#failedSince;
    if (this.#writeBatch([{ at: this.#now(), body }]) !== null) {
      this.#failedSince = since;
      return;
    }
    if (this.#retry !== null) clearInterval(this.#retry);
    this.#retry = null;
    this.#failure = null;
    this.#lostEvents = 0;
    this.#refusedEvents = 0;
    for (const listener of [...this.#listeners]) listener();
  }

  #record(what: string, detail: Readonly<Record<string, number>>): void {
    this.#events.push({ at: this.#now(), body: JSON.stringify({ kind: 'gateway', what, detail }) });
    this.#schedule();
  }

  #now(): string {
    const ms = this.#clock();
    if (ms !== this.#lastMs) {
      this.#lastMs = ms;
      this.#lastAt = new Date(ms).toISOString();
    }
    return this.#lastAt;
  }
}

const READING: readonly Action[] = ['read', 'introspect', 'transact'];

/** Logins count as well: they change nothing, and without them nobody could read. What is not known may write. */
function onlyReads(body: AuditBody): boolean {
  if (body.kind !== 'intent') return body.kind === 'login';
  return body.statements.every(
    ({ accesses }) => accesses.known && accesses.value.every(({ action }) => READING.includes(action)),
  );
}

function writeWhole(fd: number, bytes: Buffer, position: number): number {
  return fs.writeSync(fd, bytes, 0, bytes.length, position);
}

/** Calls every waiter; one that throws does not keep the others from their answer. */
function callAll(callbacks: readonly Callback[], error: GatewayError | null): void {
  for (const callback of callbacks) {
    try {
      callback(error);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}

function failed(cause: Error, dir: string): GatewayError {
  return new GatewayError('audit', 'journal-failed', `the journal in \`${dir}\` cannot be written`, {
    retry: 'safe',
    context: { reason: errorCode(cause) },
    cause,
  });
}

function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).name ?? 'unknown';
}
