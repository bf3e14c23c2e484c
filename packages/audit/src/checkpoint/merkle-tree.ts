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
  /** Hex digits, as they come and go: a text costs a third of a buffer here, and every event passes. */
  readonly hash: string;
}

export interface MerkleTree {
  /** Adds a line's SHA-256, 64 hex digits. */
  add(lineHash: string): void;
  /** How many leaves there are. */
  readonly size: number;
  /** The root as 64 hex digits; the hash of nothing for no leaves. */
  root(): string;
}

const HASH_BYTES = 32;

export function createMerkleTree(): MerkleTree {
  // Complete subtrees from the largest to the smallest, never two of one size.
  const subtrees: Subtree[] = [];
  const hashPair = createPairHash();
  let size = 0;
  return {
    add(lineHash) {
      let leaves = 1;
      let own = lineHash;
      for (let last = subtrees.at(-1); last?.leaves === leaves; last = subtrees.at(-1)) {
        subtrees.pop();
        own = hashPair(last.hash, own);
        leaves *= 2;
      }
      subtrees.push({ leaves, hash: own });
      size += 1;
    },
    get size() {
      return size;
    },
    root() {
      if (size === 0) return hash('sha256', '', 'hex');
      return subtrees.map(({ hash }) => hash).reduceRight((right, left) => hashPair(left, right));
    },
  };
}

/** Gives the root over lines' hashes, 64 hex digits each. */
export function merkleRoot(lineHashes: Iterable<string>): string {
  const tree = createMerkleTree();
  for (const lineHash of lineHashes) tree.add(lineHash);
  return tree.root();
}

/** Gives the hash of an inner node over those of its two. */
function createPairHash(): (left: string, right: string) => string {
  const both = Buffer.alloc(1 + 2 * HASH_BYTES);
  both[0] = 1;
  return (left, right) => {
    both.write(left, 1, HASH_BYTES, 'hex');
    both.write(right, 1 + HASH_BYTES, HASH_BYTES, 'hex');
    return hash('sha256', both, 'hex');
  };
}
