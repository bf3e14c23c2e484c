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
import { type AuditBody, GatewayError } from '@gatehouse/model';
import { Backlog } from './backlog.ts';
import { type Callback, callAll } from './call-all.ts';
import { createBodyEncoder, type EncodeBody } from './encode-body.ts';
import { GroupCommit } from './group-commit.ts';
import type { Journal, JournalOptions, JournalStatus } from './journal.ts';
import { journalFailed } from './journal-errors.ts';
import { takeLock } from './journal-lock.ts';
import { Outage } from './outage.ts';
import { JOURNAL_START, type JournalPosition } from './segment-files.ts';
import { type PendingEvent, SegmentWriter } from './segment-writer.ts';

/** Opens, writes and closes the files; `openJournal` says what can go wrong. */
export class FileJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #clock: () => number;
  readonly #writer: SegmentWriter;
  readonly #encode: EncodeBody = createBodyEncoder();
  readonly #commit: GroupCommit;
  readonly #backlog: Backlog;
  readonly #outage: Outage;
  readonly #unlock: () => void;
  readonly #listeners = new Set<() => void>();

  #synced: JournalPosition = JOURNAL_START;

  #events: PendingEvent[] = [];
  #eventCharacters = 0;
  #onWritten: Callback[] = [];
  #onSynced: Callback[] = [];
  #scheduled = false;
  #lastMs = Number.NaN;
  #lastAt = '';

  #closing: Promise<void> | null = null;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#outage = new Outage({ dir: options.dir, clock: this.#clock, tryAgain: () => this.#tryAgain() });
    fs.mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    this.#unlock = takeLock(join(options.dir, `${options.node}.lock`));
    try {
      this.#commit = new GroupCommit({
        sync: options.sync ?? fs.fdatasync,
        dir: options.dir,
        // SECURITY: what a failed sync left on the disk cannot be known; only opening the journal again reads it. Test: `never syncs again after a failed sync`.
        onFailed: (error) => this.#outage.beginForGood(error),
      });
      this.#writer = new SegmentWriter({
        ...options,
        write: options.write ?? writeWhole,
        onFile: (fd) => this.#commit.use(fd),
      });
      this.#backlog = new Backlog(options, this.#writer);
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
    const error = this.#outage.failure ?? this.#writeBatch(events);
    if (error !== null) this.#outage.lose(events.length);
    callAll(onWritten, error);
    if (error !== null) callAll(onSynced, error);
    else if (onSynced.length > 0) this.#requestSync(onSynced);
    if (error !== null || events.length === 0) return;
    this.#backlog.note(this.#writer.written.seq);
    this.#tellListeners();
  }

  written(): JournalPosition {
    return this.#writer.written;
  }

  synced(): JournalPosition {
    return this.#synced;
  }

  acknowledge(position: JournalPosition): void {
    this.#backlog.acknowledge(position);
  }

  backdate(sinceMs: number): void {
    this.#backlog.backdate(sinceMs);
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  dropOldest(through: number): void {
    if (through > this.#backlog.acknowledgedSeq)
      throw new Error('events that were not passed on would be deleted');
    this.#backlog.forget(this.#writer.dropOldest(through));
  }

  status(): JournalStatus {
    return {
      node: this.#options.node,
      seq: this.#writer.written.seq,
      segments: this.#writer.segments,
      bytes: this.#writer.bytes,
      backlogBytes: this.#backlog.bytes,
      backlogEvents: this.#writer.written.seq - this.#backlog.acknowledgedSeq,
      maxBacklogBytes: this.#options.maxBacklogBytes,
      backlogMs: this.#backlog.lagMs,
      failure: this.#outage.failure ?? this.#backlog.failure(this.#eventCharacters),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.flush();
    this.#outage.stopTrying();
    await this.#commit.close();
    this.#unlock();
  }

  #assertOpen(body: AuditBody): void {
    const { failure } = this.#outage;
    const error = this.#closedError() ?? failure ?? this.#backlog.refusal(body, this.#eventCharacters);
    if (error === null) return;
    if (error === failure) this.#outage.refuse();
    throw error;
  }

  #closedError(): GatewayError | null {
    if (this.#closing === null) return null;
    return new GatewayError('audit', 'journal-failed', 'the journal is closed', { retry: 'safe' });
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
      this.#writer.cutBack();
      return this.#outage.begin(error as Error);
    }
  }

  #requestSync(waiters: readonly Callback[]): void {
    const position = this.#writer.written;
    this.#commit.request((error) => {
      if (error === null && position.seq > this.#synced.seq) this.#synced = position;
      callAll(waiters, error === null ? null : journalFailed(error, this.#options.dir));
    });
  }

  /** The event that says what was lost is the proof that the file can be written again. */
  #tryAgain(): void {
    const { failure } = this.#outage;
    if (failure === null || this.#events.length > 0 || !this.#writer.cutBack()) return;
    const detail = this.#outage.detail(failure);
    const body = JSON.stringify({ kind: 'gateway', what: 'journal-recovered', detail });
    if (this.#writeBatch([{ at: this.#now(), body }]) !== null) return;
    this.#outage.end();
    this.#tellListeners();
  }

  #tellListeners(): void {
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

function writeWhole(fd: number, bytes: Buffer, position: number): number {
  return fs.writeSync(fd, bytes, 0, bytes.length, position);
}
