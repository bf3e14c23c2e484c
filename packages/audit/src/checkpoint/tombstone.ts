/**
 * A signed statement that the beginning of a node's chain was taken away on purpose: up to this
 * event, whose line had this hash. The next event names that hash as `prev`, so the chain that is
 * left still has a proven beginning.
 *
 * It travels as an event, written before anything is deleted: `journal-trimmed` of the node itself, for
 * its files; `store-trimmed` for the store, of the node itself or, where that has gone, of another one
 * that names it in `of`. `why` is signed, too, and begins with `store-` for the store: a tombstone of
 * the store proves nothing about files.
 */
import type { GatewayBody, JsonValue } from '@gatehouse/model';
import type { PublicKey, SigningKey } from './signing-key.ts';

/** `what` of the event that carries a tombstone. */
export const TRIMMED = 'journal-trimmed';
export const STORE_TRIMMED = 'store-trimmed';

export interface Tombstone {
  readonly node: string;
  /** The last event that was taken away. */
  readonly through: number;
  /** Hash of its line. */
  readonly head: string;
  /** `age` or `size`; `store-age` or `store-size`. */
  readonly why: string;
  readonly at: string;
  readonly key: string;
  readonly signature: string;
}

export function signTombstone(facts: Omit<Tombstone, 'key' | 'signature'>, key: SigningKey): Tombstone {
  const unsigned = { ...facts, key: key.publicKey.id };
  return { ...unsigned, signature: key.sign(signedText(unsigned)) };
}

/** True when the key has signed exactly this. */
export function isTombstoneSignedBy(tombstone: Tombstone, key: PublicKey): boolean {
  return tombstone.key === key.id && key.verify(signedText(tombstone), tombstone.signature);
}

export function tombstoneBody(tombstone: Tombstone, { text }: PublicKey): GatewayBody {
  const { node: _node, ...rest } = tombstone;
  return { kind: 'gateway', what: TRIMMED, detail: { v: 1, ...rest, publicKey: text } };
}

/** The same for the store, as an event of the node `by`. */
export function storeTombstoneBody(tombstone: Tombstone, by: string, { text }: PublicKey): GatewayBody {
  const { node, ...rest } = tombstone;
  const of = node === by ? {} : { of: node };
  return { kind: 'gateway', what: STORE_TRIMMED, detail: { v: 1, ...of, ...rest, publicKey: text } };
}

/** A tombstone of the store from an event of the node `by`, or null for something else. */
export function readStoreTombstone(
  by: string,
  detail: Readonly<Record<string, JsonValue>>,
): Tombstone | null {
  const { of = by } = detail;
  const tombstone = typeof of === 'string' ? readTombstone(of, detail) : null;
  return tombstone?.why.startsWith('store-') === true ? tombstone : null;
}

/** A tombstone of a node from the detail of an event, or null for something else. */
export function readTombstone(node: string, detail: Readonly<Record<string, JsonValue>>): Tombstone | null {
  const { v, through, head, why, at, key, signature } = detail;
  const good =
    v === 1 &&
    typeof through === 'number' &&
    Number.isSafeInteger(through) &&
    through > 0 &&
    typeof head === 'string' &&
    typeof why === 'string' &&
    typeof at === 'string' &&
    typeof key === 'string' &&
    typeof signature === 'string';
  return good ? { node, through, head, why, at, key, signature } : null;
}

function signedText({ node, through, head, why, at, key }: Omit<Tombstone, 'signature'>): Buffer {
  return Buffer.from(['gatehouse tombstone 1', node, through, head, why, at, key].join('\n'));
}
