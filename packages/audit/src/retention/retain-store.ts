/**
 * Takes old days of a store away, whole partitions only, oldest first, each node's part after a signed
 * tombstone in its chain.
 *
 *   plan ──> my events in it? tombstone, synced ──> it arrives in the store like any event ──> next look:
 *   every node has signed? ──> the days go
 *
 * A node signs for itself. For one that has been gone for a week another one does, having witnessed its
 * newest checkpoint first. INVARIANT: what goes is what the tombstones in the store say, no more.
 */
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import type { SigningKey } from '../checkpoint/signing-key.ts';
import { signTombstone, storeTombstoneBody } from '../checkpoint/tombstone.ts';
import { witnessedBody } from '../checkpoint/witness.ts';
import { parseLine } from '../journal/event-line.ts';
import type { Journal } from '../journal/journal.ts';
import type { AuditStore, DueNode, StoreLimits } from '../store/audit-store.ts';
import { isSigned } from './plan-retention.ts';

/** Who signs; a worker without a journal signs nothing, and only takes away what gateways have signed. */
export interface StoreSigner {
  readonly node: string;
  readonly journal: Journal;
  readonly key: SigningKey;
}

export interface StoreRetentionOptions {
  readonly store: Pick<AuditStore, 'planRetention' | 'dropDays'>;
  readonly limits: StoreLimits;
  readonly signer: StoreSigner | null;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

export interface StoreRetention {
  /** Looks now, and gives the days that it took away. Rejects when the store is away or a tombstone cannot be recorded. */
  look(): Promise<readonly string[]>;
  /** Waits for a look that is going on. */
  stop(): Promise<void>;
}

const EVERY_MS = 60_000;
/** A tombstone that has not arrived by then is written again. */
const AGAIN_MS = 15 * 60_000;

/** Looks now and then. */
export function startStoreRetention(
  options: StoreRetentionOptions,
  onTrouble: (error: Error) => void,
  everyMs = EVERY_MS,
): StoreRetention {
  const { store, limits, signer, clock = Date.now } = options;
  const signed = new Map<string, number>();
  const sign = async (by: StoreSigner, one: DueNode, why: string) => {
    const key = `${one.node}/${one.through}/${one.head}`;
    const now = clock();
    if (now - (signed.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    const { node, through, head } = one;
    const at = new Date(now).toISOString();
    if (node !== by.node) recordWitnessed(by.journal, one);
    const tombstone = signTombstone({ node, through, head, why, at }, by.key);
    by.journal.append(storeTombstoneBody(tombstone, by.node, by.key.publicKey));
    await synced(by.journal);
    signed.set(key, now);
  };
  const look = async () => {
    const { due } = await store.planRetention(limits, clock());
    if (due === null) return [];
    if (isSigned(due)) return (await store.dropDays(due)) ? due.days : [];
    if (signer === null) return [];
    for (const one of due.nodes) {
      if (one.signedBy === null && (one.node === signer.node || one.silent)) await sign(signer, one, due.why);
    }
    return [];
  };
  let last: Promise<readonly string[]> = Promise.resolve([]);
  const lookNext = () => {
    last = last.catch(() => []).then(look);
    return last;
  };
  const timer = setInterval(() => void lookNext().catch(onTrouble), everyMs).unref();
  return {
    look: lookNext,
    async stop() {
      clearInterval(timer);
      await last.catch(() => undefined);
    },
  };
}

function recordWitnessed(journal: Journal, { checkpoint }: DueNode): void {
  const event = checkpoint === null ? null : parseLine(checkpoint);
  if (event?.body.kind !== 'gateway') return;
  const read = readCheckpoint(event.node, event.body.detail);
  if (read !== null) journal.append(witnessedBody(read));
}

function synced(journal: Journal): Promise<void> {
  return new Promise((resolve, reject) =>
    journal.afterSynced((error) => (error === null ? resolve() : reject(error))),
  );
}
