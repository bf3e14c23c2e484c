/**
 * What the chain cannot say of itself: that a key has signed it, that its beginning was taken away on
 * purpose, that others have seen as much of it as is there.
 *
 * Takes the events of one node in order, each already linked to the one before. Whoever makes up the
 * chain anew from some event on cannot sign it: the next checkpoint does not fit, or comes too late.
 */
import type { GatewayBody } from '@gatehouse/model';
import {
  CHECKPOINT,
  type Checkpoint,
  isSignedBy,
  readCheckpoint,
  SIGNING_KEY,
} from '../checkpoint/checkpoint.ts';
import { merkleRoot } from '../checkpoint/merkle-tree.ts';
import { type PublicKey, parsePublicKey } from '../checkpoint/signing-key.ts';
import {
  isTombstoneSignedBy,
  readStoreTombstone,
  readTombstone,
  STORE_TRIMMED,
  type Tombstone,
  TRIMMED,
} from '../checkpoint/tombstone.ts';
import type { AuditEvent } from '../journal/event-line.ts';

/** What is wrong, and at which event. */
export interface SignatureProblem {
  readonly kind: 'forged' | 'unsigned' | 'truncated' | 'missing';
  readonly seq: number;
  readonly detail: string;
}

/** What a signature covers. */
export interface SignedState {
  /** The last event under a checkpoint. */
  readonly through: number;
  readonly checkpoints: number;
  /** Id of the key that signed last. */
  readonly key: string;
  /** True when the key was given from outside; the journal's own word otherwise. */
  readonly pinned: boolean;
}

/** What signatures are held against. */
export interface SignatureOptions {
  /** Keys that count; without them the first one that the lines name. */
  readonly keys?: readonly PublicKey[];
  /** Checkpoints of this node that others have seen. */
  readonly witnessed?: readonly Checkpoint[];
  /** What others say was taken of this node from the store; counts when a given key has signed it. */
  readonly tombstones?: readonly Tombstone[];
  /** True unless the lines are known to be a journal's own. */
  readonly fromStore?: boolean;
}

/** The same without a checkpoint is suspicious: twice as many as a checkpoint promises, and a large batch. */
const SLACK_EVENTS = 2_000;
/** Far more than a running gateway takes between checkpoints, with so many events behind that no jump of a clock explains it. */
const SLACK_MS = 10 * 60_000;
const SLACK_TIME_EVENTS = 100;
/** Without any checkpoint no more leaves than these are kept. */
const MAX_PENDING = 1_000_000;

export class SignatureCheck {
  readonly #keys = new Map<string, PublicKey>();
  readonly #pinned: boolean;
  readonly #witnessed: ReadonlyMap<number, Checkpoint>;
  /** Hashes of the events that no checkpoint covers yet, and the time of the first. */
  #pending: string[] = [];
  #pendingFrom = 0;
  #pendingSince: number | null = null;
  /** How many of them are much later than the first. */
  #late = 0;
  #whole = true;
  #every: number | null = null;
  #state: SignedState | null = null;
  #start: { readonly seq: number; readonly prev: string } | null = null;
  #tombstones: Tombstone[];
  readonly #fromStore: boolean;
  #last = 0;

  constructor({ keys = [], witnessed = [], tombstones = [], fromStore = true }: SignatureOptions) {
    this.#tombstones = [...tombstones];
    this.#fromStore = fromStore;
    for (const key of keys) this.#keys.set(key.id, key);
    this.#pinned = keys.length > 0;
    this.#witnessed = new Map(witnessed.map((checkpoint) => [checkpoint.to, checkpoint]));
  }

  get state(): SignedState | null {
    return this.#state;
  }

  /** The next event and the hash of its line. */
  take(event: AuditEvent, hash: string): SignatureProblem | null {
    this.#start ??= { seq: event.seq, prev: event.prev };
    this.#last = event.seq;
    if (this.#pending.length === 0) this.#pendingFrom = event.seq;
    const problem = this.#heed(event) ?? this.#compare(event.seq, hash);
    if (problem !== null) return problem;
    this.#pending.push(hash);
    this.#clock(event);
    if (this.#every === null) {
      if (this.#pending.length > MAX_PENDING) this.#forget();
      return null;
    }
    return this.#overdue(this.#every);
  }

  /** After the last event: what is missing at either end. */
  end(begins: 'anywhere' | 'proven'): SignatureProblem | null {
    return (begins === 'proven' ? this.#beginning() : null) ?? this.#ending();
  }

  #heed(event: AuditEvent): SignatureProblem | null {
    const { body } = event;
    if (body.kind !== 'gateway') return null;
    if (body.what === SIGNING_KEY || body.what === CHECKPOINT)
      this.#meetKey(String(body.detail['publicKey']));
    const tombstone = this.#readTombstone(event.node, body);
    if (tombstone?.node === event.node) this.#tombstones.push(tombstone);
    if (body.what !== CHECKPOINT) return null;
    const checkpoint = readCheckpoint(event.node, body.detail);
    if (checkpoint !== null && checkpoint.to < event.seq) return this.#check(checkpoint);
    return this.#forged(event.seq, 'a checkpoint that makes no sense');
  }

  /** SECURITY: what a tombstone of the store allows, it does not allow for files. Test: `proves no journal by a tombstone of the store`. */
  #readTombstone(node: string, { what, detail }: GatewayBody): Tombstone | null {
    if (what === STORE_TRIMMED && this.#fromStore) return readStoreTombstone(node, detail);
    const tombstone = what === TRIMMED ? readTombstone(node, detail) : null;
    return tombstone?.why.startsWith('store-') === true ? null : tombstone;
  }

  /** The first key that a chain names counts as its own, unless keys were given. SECURITY: a later one does not: whoever forges would name his own. Test: `finds a chain that was made up anew with a key of its own`. */
  #meetKey(text: string): void {
    const key = parsePublicKey(text);
    if (key !== null && !this.#pinned && this.#keys.size === 0) this.#keys.set(key.id, key);
  }

  #check(checkpoint: Checkpoint): SignatureProblem | null {
    const { from, to } = checkpoint;
    const key = this.#keys.get(checkpoint.key);
    const first = this.#pendingFrom;
    if (key === undefined) {
      // Lines from somewhere inside have not named the key; nothing can be said then.
      if (!this.#pinned && this.#keys.size === 0) return null;
      return this.#forged(first, `number ${to} and before are signed by a key that nobody vouches for`);
    }
    if (!isSignedBy(checkpoint, key)) {
      return this.#forged(first, `the checkpoint over ${from} to ${to} has no good signature`);
    }
    const before = this.#state === null ? Math.min(from, first) : this.#state.through + 1;
    if (from !== before) {
      return this.#forged(
        first,
        `expected a checkpoint from number ${before} on, got one over ${from} to ${to}`,
      );
    }
    // Lines from somewhere inside may begin behind everything that their first checkpoint covers.
    if (to >= first) {
      const problem = this.#compareSigned(checkpoint, first);
      if (problem !== null) return problem;
    }
    this.#every = checkpoint.every;
    const checkpoints = (this.#state?.checkpoints ?? 0) + 1;
    this.#state = { through: to, checkpoints, key: key.id, pinned: this.#pinned };
    this.#pendingSince = this.#pending.length === 0 ? null : Date.parse(checkpoint.at);
    this.#late = 0;
    return null;
  }

  #compareSigned({ from, to, head, root }: Checkpoint, first: number): SignatureProblem | null {
    const signed = this.#pending.splice(0, to - first + 1);
    if (signed.at(-1) !== head)
      return this.#forged(first, `one of the events up to ${to} is not what was signed`);
    if (this.#whole && from === first && merkleRoot(signed) !== root) {
      return this.#forged(first, `the events ${from} to ${to} are not those that were signed`);
    }
    this.#whole = true;
    this.#pendingFrom = to + 1;
    return null;
  }

  #compare(seq: number, hash: string): SignatureProblem | null {
    const witnessed = this.#witnessed.get(seq);
    if (witnessed === undefined || witnessed.head === hash || !this.#trusts(witnessed)) return null;
    const first = this.#pending.length === 0 ? seq : this.#pendingFrom;
    return this.#forged(first, `another event than number ${seq} here was witnessed`);
  }

  /** A checkpoint that waits alone, as at the end of a quiet day, waits for nothing. */
  #clock({ at, body }: AuditEvent): void {
    const time = Date.parse(at);
    if (this.#pendingSince !== null && time - this.#pendingSince > SLACK_MS) this.#late += 1;
    if (body.kind !== 'gateway' || body.what !== CHECKPOINT) this.#pendingSince ??= time;
  }

  #overdue(every: number): SignatureProblem | null {
    const few = this.#pending.length <= every * 2 + SLACK_EVENTS;
    if (few && this.#late <= SLACK_TIME_EVENTS) return null;
    const seq = this.#pendingFrom;
    return { kind: 'unsigned', seq, detail: `no checkpoint covers number ${seq} and what follows` };
  }

  #beginning(): SignatureProblem | null {
    const start = this.#start;
    if (start === null || start.seq === 1) return null;
    const through = start.seq - 1;
    const proven = this.#tombstones.some((tombstone) => {
      const key = this.#keys.get(tombstone.key);
      const fits = tombstone.through === through && tombstone.head === start.prev;
      return fits && key !== undefined && isTombstoneSignedBy(tombstone, key);
    });
    if (proven) return null;
    return {
      kind: 'missing',
      seq: 1,
      detail: `no signed tombstone says that numbers 1 to ${through} were taken away`,
    };
  }

  #ending(): SignatureProblem | null {
    const ahead = [...this.#witnessed.values()].filter((seen) => seen.to > this.#last && this.#trusts(seen));
    const last = ahead.reduce((most, { to }) => Math.max(most, to), 0);
    if (last === 0) return null;
    const detail = `others have seen a checkpoint up to number ${last}`;
    return { kind: 'truncated', seq: this.#last + 1, detail };
  }

  /** A witness's word counts by the signature in it. */
  #trusts(checkpoint: Checkpoint): boolean {
    const key = this.#keys.get(checkpoint.key);
    return key !== undefined && isSignedBy(checkpoint, key);
  }

  #forget(): void {
    this.#pending = [];
    this.#whole = false;
  }

  #forged(seq: number, detail: string): SignatureProblem {
    return { kind: 'forged', seq, detail };
  }
}
