/**
 * Keyed pseudo-random bytes for a value: HMAC-SHA-256 with the purpose and the type in front, so that
 * no result of one masker can be used to compute one of another.
 */
import type { KeyedHash } from './keyed-hash.ts';

/** 32 bytes that depend on everything given and tell nothing of it without the key. */
export function keyedDigest(key: KeyedHash, purpose: string, value: string): Buffer {
  return key.digest(purpose, value);
}

/** Unbounded bytes in the same way, drawn as small numbers. */
export interface KeyedStream {
  /** The next number in `0 .. bound - 1`, `bound` at most 256; without bias. */
  next(bound: number): number;
}

/** Starts a stream for one value. */
export function createKeyedStream(key: KeyedHash, purpose: string, value: string): KeyedStream {
  const seed = keyedDigest(key, purpose, value);
  let block = seed;
  let blocks = 0;
  let at = 0;
  function nextByte(): number {
    if (at === block.length) {
      block = key.digestBytes(seed, Buffer.from(String(++blocks)));
      at = 0;
    }
    return block[at++]!;
  }
  return {
    next(bound) {
      const limit = 256 - (256 % bound);
      let byte = nextByte();
      while (byte >= limit) byte = nextByte();
      return byte % bound;
    },
  };
}
