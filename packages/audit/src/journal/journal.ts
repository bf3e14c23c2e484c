/** The journal of one node: what it takes, what it promises, and how it is opened. `file-journal.ts` keeps the promises. */
import { type AuditBody, GatewayError } from '@gatehouse/model';
import type { BacklogLimits } from './backlog.ts';
import type { Callback } from './call-all.ts';
import { FileJournal } from './file-journal.ts';
import type { SyncFile } from './group-commit.ts';
import { journalUnusable } from './journal-errors.ts';
import type { JournalPosition } from './segment-files.ts';
import type { WriteFile } from './segment-writer.ts';

export interface JournalOptions extends BacklogLimits {
  /** Created when missing, readable for the owner only. */
  readonly dir: string;
  /** Lower-case letters, digits, `-` and `_`. */
  readonly node: string;
  /** A new file is begun when the next batch would make the current one longer. */
  readonly segmentBytes: number;
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
    throw journalUnusable(cause, options.dir);
  }
}
