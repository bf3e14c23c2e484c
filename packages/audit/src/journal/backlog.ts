/**
 * How much of a journal has not been passed on, for how long, and what may still be recorded then.
 *
 * New statements are refused first; what ends running ones has room beyond; statements that only
 * read may be given room of their own.
 */
import { type Action, type AuditBody, GatewayError } from '@gatehouse/model';
import { createLagMarks } from './lag-marks.ts';
import { JOURNAL_START, type JournalPosition } from './segment-files.ts';

export interface BacklogLimits {
  /** New statements are refused when more than this is not yet in the store; what ends running ones has an eighth more. */
  readonly maxBacklogBytes: number;
  /** New statements are refused, too, when an event has waited longer than this to be passed on. */
  readonly maxBacklogMs?: number;
  /** So many bytes beyond the limits are kept for statements that only read; they run on and are recorded here, 0 when absent. */
  readonly readsBeyondBacklogBytes?: number;
}

/** What of a journal is in its files. */
interface Written {
  readonly bytes: number;
  /** Bytes of all segments before a position. */
  bytesBefore(position: JournalPosition): number;
}

export class Backlog {
  readonly #limits: BacklogLimits;
  readonly #written: Written;
  readonly #waiting = createLagMarks();
  #acknowledged: JournalPosition = JOURNAL_START;
  #acknowledgedBytes = 0;

  constructor(limits: BacklogLimits, written: Written) {
    this.#limits = limits;
    this.#written = written;
  }

  /** The last event that was passed on. */
  get acknowledgedSeq(): number {
    return this.#acknowledged.seq;
  }

  get bytes(): number {
    return Math.max(0, this.#written.bytes - this.#acknowledgedBytes);
  }

  /** How long the oldest event has been waiting, 0 for none. */
  get lagMs(): number {
    return this.#waiting.lagMs(performance.now());
  }

  /** Everything up to `seq` is written now. */
  note(seq: number): void {
    this.#waiting.note(seq, performance.now());
  }

  /** Everything before a position has been passed on. A position that goes back is ignored. */
  acknowledge(position: JournalPosition): void {
    if (position.seq <= this.#acknowledged.seq) return;
    this.#acknowledged = position;
    this.#acknowledgedBytes = this.#written.bytesBefore(position);
    this.#waiting.drop(position.seq);
  }

  /** What waits now has been waiting since then, milliseconds since 1970. */
  backdate(sinceMs: number): void {
    this.#waiting.backdate(performance.now() - (Date.now() - sinceMs));
  }

  /** So many bytes that were passed on are no longer in the files. */
  forget(bytes: number): void {
    this.#acknowledgedBytes -= bytes;
  }

  /** Why new statements are refused, null when they are not. So much is to be written before them. */
  failure(pending: number): GatewayError | null {
    return this.#fullError(this.#limits.maxBacklogBytes, pending) ?? this.#lateError();
  }

  /** Why this event is refused, null when it is not. What ends something always has an eighth more, so that what runs can be recorded to its end. */
  refusal(body: AuditBody, pending: number): GatewayError | null {
    const { maxBacklogBytes, readsBeyondBacklogBytes = 0 } = this.#limits;
    const begins = body.kind === 'intent' || body.kind === 'login';
    if (!begins) {
      return this.#fullError(maxBacklogBytes + readsBeyondBacklogBytes + maxBacklogBytes / 8, pending);
    }
    const error = this.failure(pending);
    if (error === null || readsBeyondBacklogBytes === 0 || !onlyReads(body)) return error;
    return this.#fullError(maxBacklogBytes + readsBeyondBacklogBytes, pending);
  }

  #lateError(): GatewayError | null {
    const { maxBacklogMs } = this.#limits;
    if (maxBacklogMs === undefined) return null;
    const backlogMs = this.lagMs;
    if (backlogMs <= maxBacklogMs) return null;
    return new GatewayError(
      'audit',
      'journal-late',
      `expected every event to be passed on within ${maxBacklogMs} ms, got one that has waited for ${backlogMs}`,
      { retry: 'safe', context: { backlogMs, maxBacklogMs } },
    );
  }

  #fullError(limit: number, pending: number): GatewayError | null {
    const backlogBytes = this.bytes + pending;
    if (backlogBytes < limit) return null;
    const { maxBacklogBytes } = this.#limits;
    return new GatewayError(
      'audit',
      'journal-full',
      `expected at most ${maxBacklogBytes} bytes of events that are not yet in the store, got ${backlogBytes}`,
      { retry: 'safe', context: { backlogBytes, maxBacklogBytes } },
    );
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
