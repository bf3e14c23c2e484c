/**
 * Signs what a journal has written, every so many events, every so many seconds, and at its close.
 *
 *   line written ──> leaf ──(enough of them, or old enough)──> signed checkpoint ──> event of the journal
 *
 * The tree grows with each event, so that signing is one hash per event and one signature per
 * checkpoint. A checkpoint is an event itself and a leaf of the next one. When a process ends without
 * closing, the next one reads what is not signed yet from the files and signs it first.
 */
import type { Journal } from '../journal/journal.ts';
import { checkpointBody, SIGNING_KEY, signCheckpoint } from './checkpoint.ts';
import { createMerkleTree, type MerkleTree } from './merkle-tree.ts';
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

export interface Checkpointer {
  /** For the journal: what it calls with each line that is in the file. */
  readonly onLine: (hash: string) => void;
  /** Begins, with what the files hold that is not signed yet. Reads them. */
  start(journal: Journal): void;
  /** Signs everything that is written now, so that the checkpoint is the journal's last event. */
  sign(): void;
  stop(): void;
}

const EVERY_EVENTS = 1_000;
const EVERY_MS = 5_000;

export function createCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { dir, node, key, onTrouble } = options;
  const every = options.everyEvents ?? EVERY_EVENTS;
  let tree: MerkleTree = createMerkleTree();
  let from = 1;
  let head = '';
  let journal: Journal | null = null;
  let unwatch: () => void = () => undefined;
  let timer: NodeJS.Timeout | null = null;
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
    tree = createMerkleTree();
    for (const hash of tail.hashes) {
      tree.add(hash);
      head = hash;
    }
    lost = false;
    return tail;
  };
  const sign = () => {
    // A journal that is full still takes what ends statements, and that wants signing like everything else.
    if (journal === null || journal.status().failure?.code === 'journal-failed') return;
    if (lost) read();
    const to = from + tree.size - 1;
    if (tree.size === 0 || (tree.size === 1 && to === own)) return;
    const at = new Date().toISOString();
    const checkpoint = signCheckpoint({ node, from, to, head, root: tree.root(), at, every }, key);
    try {
      own = journal.append(checkpointBody(checkpoint, key.publicKey));
    } catch (error) {
      if (!refused) onTrouble(error as Error);
      refused = true;
      return;
    }
    refused = false;
    from = to + 1;
    tree = createMerkleTree();
    journal.afterWritten((error) => {
      if (error === null) return;
      lost = true;
      onTrouble(error);
    });
  };
  return {
    onLine(hash) {
      tree.add(hash);
      head = hash;
    },
    start(opened) {
      journal = opened;
      if (read().key !== key.publicKey.id) {
        const detail = { key: key.publicKey.id, publicKey: key.publicKey.text, algorithm: 'Ed25519' };
        opened.append({ kind: 'gateway', what: SIGNING_KEY, detail });
      }
      sign();
      unwatch = opened.watch(() => {
        if (tree.size >= every) sign();
      });
      timer = setInterval(sign, options.everyMs ?? EVERY_MS).unref();
    },
    sign,
    stop() {
      unwatch();
      if (timer !== null) clearInterval(timer);
    },
  };
}
