/**
 * A signed statement about a node's chain: these events, this root over them, this head.
 *
 * It travels as an ordinary event of the node, so that the store, the sinks and every export have it:
 *
 *   {"kind":"gateway","what":"checkpoint","detail":{"v":1,"from":…,"to":…,"head":…,"root":…,
 *     "at":…,"every":…,"key":…,"signature":…,"publicKey":…}}
 *
 * What is signed is the text `signedText` gives: fixed fields, one a line, led by a name that no other
 * signature of this key has.
 */
import type { GatewayBody, JsonValue } from '@gatehouse/model';
import type { PublicKey, SigningKey } from './signing-key.ts';

/** `what` of the event that carries a checkpoint. */
export const CHECKPOINT = 'checkpoint';
/** `what` of the event that names a node's public key. */
export const SIGNING_KEY = 'signing-key';

export interface Checkpoint {
  readonly node: string;
  /** First and last event under the root. */
  readonly from: number;
  readonly to: number;
  /** Hash of the line of event `to`. */
  readonly head: string;
  /** Merkle root over the lines' hashes, `from` to `to`. */
  readonly root: string;
  /** When it was signed, ISO 8601. */
  readonly at: string;
  /** So many events at most will be unsigned before the next checkpoint. */
  readonly every: number;
  /** Id of the key. */
  readonly key: string;
  /** Base64. */
  readonly signature: string;
}

type Unsigned = Omit<Checkpoint, 'key' | 'signature'>;

export function signCheckpoint(facts: Unsigned, key: SigningKey): Checkpoint {
  const unsigned = { ...facts, key: key.publicKey.id };
  return { ...unsigned, signature: key.sign(signedText(unsigned)) };
}

/** True when the key has signed exactly this. */
export function isSignedBy(checkpoint: Checkpoint, key: PublicKey): boolean {
  return checkpoint.key === key.id && key.verify(signedText(checkpoint), checkpoint.signature);
}

/** A checkpoint as the body of an event; the key comes along, so that each tells by what it can be verified. */
export function checkpointBody(checkpoint: Checkpoint, { text }: PublicKey): GatewayBody {
  return { kind: 'gateway', what: CHECKPOINT, detail: { ...checkpointDetail(checkpoint), publicKey: text } };
}

/** What `readCheckpoint` reads. */
export function checkpointDetail(checkpoint: Checkpoint): Readonly<Record<string, JsonValue>> {
  const { node: _node, ...rest } = checkpoint;
  return { v: 1, ...rest };
}

/** A checkpoint of a node from the detail of an event, or null for something else. */
export function readCheckpoint(node: string, detail: Readonly<Record<string, JsonValue>>): Checkpoint | null {
  const { v, from, to, head, root, at, every, key, signature } = detail;
  const good =
    v === 1 &&
    isNumber(from) &&
    isNumber(to) &&
    from <= to &&
    isHex(head, 64) &&
    isHex(root, 64) &&
    typeof at === 'string' &&
    !Number.isNaN(Date.parse(at)) &&
    isNumber(every) &&
    isHex(key, 32) &&
    typeof signature === 'string';
  return good ? { node, from, to, head, root, at, every, key, signature } : null;
}

function isNumber(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isHex(value: JsonValue | undefined, digits: number): value is string {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value);
}

function signedText({ node, from, to, head, root, at, every, key }: Omit<Checkpoint, 'signature'>): Buffer {
  return Buffer.from(['gatehouse checkpoint 1', node, from, to, head, root, at, every, key].join('\n'));
}
