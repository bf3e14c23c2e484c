/**
 * Signs what a journal has written, every so many events, every so many seconds, and at its close.
 *
 *   line written ──> leaf ──(enough of them, or old enough)──> signed checkpoint ──> event of the journal
 *
 * Leaves gather as texts. The root over a full checkpoint may come from another thread; small ones,
 * the last one, and what that thread does not answer in time are computed here. A checkpoint is an
 * event itself and a leaf of the next one. When a process ends without closing, the next one reads
 * what is not signed yet from the files and signs it first.
 */
import type { Journal } from '../journal/journal.ts';
import { checkpointBody, SIGNING_KEY, signCheckpoint } from './checkpoint.ts';
import { merkleRoot } from './merkle-tree.ts';
import type { SigningKey } from './signing-key.ts';
import { unsignedTail } from './unsigned-tail.ts';

export interface CheckpointerOptions {
  readonly dir: string;
  readonly node: string;
  readonly key: SigningKey;
  readonly everyEvents?: number;
  readonly everyMs?: number;
  /** Told when a checkpoint could not be recorded; it comes again. */
  readonly onTrouble: (error: Error) => void;
}

/** Gives the Merkle root over hashes of lines, in order; rejects when it cannot. */
export type FindRoot = (hashes: readonly string[]) => Promise<string>;

export interface Checkpointer {
  /** For the journal: what it calls with each line that is in the file. */
  readonly onLine: (hash: string) => void;
  /** Begins, with what the files hold that is not signed yet. Reads them. */
  start(journal: Journal): void;
  /** Roots over full checkpoints come from there now. */
  leaveRootsTo(findRoot: FindRoot): void;
  /** Signs everything that is written now, so that the checkpoint is the journal's last event. */
  sign(): void;
  stop(): void;
}

const EVERY_EVENTS = 1_000;
const EVERY_MS = 5_000;

export function createCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { dir, node, key, onTrouble } = options;
  const every = options.everyEvents ?? EVERY_EVENTS;
  /** Hashes of the lines that are not signed yet; the first is that of number `from`. */
  let leaves: string[] = [];
  let from = 1;
  let journal: Journal | null = null;
  let unwatch: () => void = () => undefined;
  let timer: NodeJS.Timeout | null = null;
  let findRoot: FindRoot | null = null;
  /** What `findRoot` was asked last; an answer to anything else comes too late. */
  let asked: readonly string[] | null = null;
  /** The number of the checkpoint that was appended last: alone at the end it needs no other. */
  let own = 0;
  /** A checkpoint went down with a batch that could not be written: what it signed must be signed again. */
  let lost = false;
  /** Told once; every further event would bring the same again. */
  let refused = false;

  const read = () => {
    const tail = unsignedTail(dir, node);
    from = tail.from;
    own = tail.checkpoint;
    leaves = [...tail.hashes];
    lost = false;
    return tail;
  };
  /** Signs the first leaves, whose root this is. */
  const signRoot = (opened: Journal, count: number, root: string) => {
    const to = from + count - 1;
    const at = new Date().toISOString();
    const checkpoint = signCheckpoint({ node, from, to, head: leaves[count - 1]!, root, at, every }, key);
    try {
      own = opened.append(checkpointBody(checkpoint, key.publicKey));
    } catch (error) {
      if (!refused) onTrouble(error as Error);
      refused = true;
      return;
    }
    refused = false;
    from = to + 1;
    leaves = leaves.slice(count);
    opened.afterWritten((error) => {
      if (error === null) return;
      lost = true;
      onTrouble(error);
    });
  };
  /** The journal, when it would take a checkpoint. A full one still takes what ends statements, and that wants signing like everything else. */
  const signable = () => (journal?.status().failure?.code === 'journal-failed' ? null : journal);
  const sign = () => {
    const opened = signable();
    if (opened === null) return;
    asked = null;
    if (lost) read();
    const alone = leaves.length === 1 && from === own;
    if (leaves.length > 0 && !alone) signRoot(opened, leaves.length, merkleRoot(leaves));
  };
  const ask = (find: FindRoot) => {
    const hashes = [...leaves];
    asked = hashes;
    const ifAwaited = (then: () => void) => {
      if (asked === hashes) then();
    };
    find(hashes).then(
      (root) =>
        ifAwaited(() => {
          asked = null;
          const opened = signable();
          if (opened !== null && !lost) signRoot(opened, hashes.length, root);
        }),
      () => ifAwaited(sign),
    );
  };
  /** Enough is written for a checkpoint. What is asked for may take until as much again is written. */
  const signSoon = () => {
    if (findRoot === null || lost || leaves.length >= 2 * every) sign();
    else if (asked === null) ask(findRoot);
  };
  return {
    onLine(hash) {
      leaves.push(hash);
    },
    start(opened) {
      journal = opened;
      if (read().key !== key.publicKey.id) {
        const detail = { key: key.publicKey.id, publicKey: key.publicKey.text, algorithm: 'Ed25519' };
        opened.append({ kind: 'gateway', what: SIGNING_KEY, detail });
      }
      sign();
      unwatch = opened.watch(() => {
        if (leaves.length >= every) signSoon();
      });
      timer = setInterval(sign, options.everyMs ?? EVERY_MS).unref();
    },
    leaveRootsTo(find) {
      findRoot = find;
    },
    sign,
    stop() {
      asked = null;
      unwatch();
      if (timer !== null) clearInterval(timer);
    },
  };
}
