/**
 * The Merkle tree of RFC 6962 over events, grown one by one: each leaf is the hash of an event's line.
 *
 * Leaves and inner nodes cannot be taken for each other: a line begins with `{` (0x7b), what is
 * hashed for an inner node begins with 0x01. So the leaf is the very hash that the next event names
 * as `prev`, and costs nothing more.
 */
import { hash } from 'node:crypto';

interface Subtree {
  /** A power of two. */
  readonly leaves: number;
  readonly hash: Buffer;
}

export interface MerkleTree {
  /** Adds a line's SHA-256, 64 hex digits. */
  add(lineHash: string): void;
  /** How many leaves there are. */
  readonly size: number;
  /** The root as 64 hex digits; the hash of nothing for no leaves. */
  root(): string;
}

export function createMerkleTree(): MerkleTree {
  // Complete subtrees from the largest to the smallest, never two of one size.
  const subtrees: Subtree[] = [];
  let size = 0;
  return {
    add(lineHash) {
      let subtree: Subtree = { leaves: 1, hash: Buffer.from(lineHash, 'hex') };
      for (let last = subtrees.at(-1); last?.leaves === subtree.leaves; last = subtrees.at(-1)) {
        subtrees.pop();
        subtree = { leaves: subtree.leaves * 2, hash: hashPair(last.hash, subtree.hash) };
      }
      subtrees.push(subtree);
      size += 1;
    },
    get size() {
      return size;
    },
    root() {
      if (size === 0) return hash('sha256', '', 'hex');
      return subtrees
        .map(({ hash }) => hash)
        .reduceRight((right, left) => hashPair(left, right))
        .toString('hex');
    },
  };
}

function hashPair(left: Buffer, right: Buffer): Buffer {
  const both = Buffer.allocUnsafe(1 + left.length + right.length);
  both[0] = 1;
  both.set(left, 1);
  both.set(right, 1 + left.length);
  return hash('sha256', both, 'buffer');
}
