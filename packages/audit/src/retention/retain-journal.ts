/**
 * Takes old segments of a journal away, whole ones only, oldest first, each after a signed tombstone.
 *
 *   old or too much ──> passed on to everybody? ──> tombstone, synced ──> segment deleted ──> next one
 *
 * INVARIANT: the newest segment stays, and so does every event that somebody has not taken yet.
 * INVARIANT: the tombstone is on the disk before its segment goes. A crash in between leaves a tombstone
 * for what is still there, which proves nothing wrong.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { GatewayError } from '@gatehouse/model';
import type { SigningKey } from '../checkpoint/signing-key.ts';
import { signTombstone, tombstoneBody } from '../checkpoint/tombstone.ts';
import type { Journal } from '../journal/journal.ts';
import { listSegments } from '../journal/segment-files.ts';

export interface RetentionLimits {
  /** Segments whose newest event is older may go. */
  readonly maxAgeMs?: number;
  /** The oldest segments may go while all together are larger. */
  readonly maxBytes?: number;
}

export interface RetentionOptions {
  readonly journal: Journal;
  readonly dir: string;
  readonly node: string;
  readonly key: SigningKey;
  readonly limits: RetentionLimits;
  /** The last event that everybody has taken for good who is to take it. */
  readonly takenSeq: () => number;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

/** Takes away what may go now and gives the number of segments. Rejects when a tombstone cannot be recorded or a file cannot be deleted. */
export async function retainJournal(options: RetentionOptions): Promise<number> {
  for (let removed = 0; ; removed += 1) {
    const due = oldestDue(options);
    if (due === null) return removed;
    const { journal, node, key } = options;
    const { through, head, why } = due;
    const at = new Date((options.clock ?? Date.now)()).toISOString();
    journal.append(tombstoneBody(signTombstone({ node, through, head, why, at }, key), key.publicKey));
    await synced(journal);
    journal.dropOldest(through);
  }
}

interface Due {
  readonly through: number;
  readonly head: string;
  readonly why: 'age' | 'size';
}

function oldestDue({ dir, node, limits, takenSeq, clock = Date.now }: RetentionOptions): Due | null {
  const segments = listSegments(dir, node);
  const [, next] = segments;
  if (next === undefined || takenSeq() < next.first - 1) return null;
  const { prev, at } = firstLine(next.path);
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const old = limits.maxAgeMs !== undefined && clock() - Date.parse(at) > limits.maxAgeMs;
  const large = limits.maxBytes !== undefined && bytes > limits.maxBytes;
  if (!old && !large) return null;
  return { through: next.first - 1, head: prev, why: old ? 'age' : 'size' };
}

/** What the first event of a segment says of the one before: its hash, and that it is not younger. */
function firstLine(path: string): { readonly prev: string; readonly at: string } {
  const bytes = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, bytes, 0, HEAD_BYTES, 0);
  } finally {
    closeSync(fd);
  }
  const match = /^\{"v":1,"node":"[^"]*","seq":\d+,"at":"([^"]*)","prev":"([0-9a-f]{64})",/.exec(
    bytes.toString(),
  );
  if (match !== null) return { at: match[1]!, prev: match[2]! };
  throw new GatewayError('audit', 'journal-unreadable', `expected an event at the beginning of \`${path}\``, {
    context: { path },
  });
}

const HEAD_BYTES = 300;
const EVERY_MS = 60_000;

/** Looks now and then until the returned function is called, which waits for a look that is going on. */
export function startRetention(
  options: RetentionOptions,
  onTrouble: (error: Error) => void,
  everyMs = EVERY_MS,
): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    last = last.then(() => retainJournal(options)).catch(onTrouble);
  }, everyMs).unref();
  return async () => {
    clearInterval(timer);
    await last;
  };
}

function synced(journal: Journal): Promise<void> {
  return new Promise((resolve, reject) =>
    journal.afterSynced((error) => (error === null ? resolve() : reject(error))),
  );
}
