/**
 * Keyed pseudo-random bytes for a value: HMAC-SHA-256 with the purpose and the type in front, so that
 * no result of one masker can be used to compute one of another.
 */
import { createHmac } from 'node:crypto';

/** 32 bytes that depend on everything given and tell nothing of it without the key. */
export function keyedDigest(key: Buffer, purpose: string, value: string): Buffer {
  return createHmac('sha256', key).update(`${purpose}\0`).update(value).digest();
}

/** Unbounded bytes in the same way, drawn as small numbers. */
export interface KeyedStream {
  /** The next number in `0 .. bound - 1`, `bound` at most 256; without bias. */
  next(bound: number): number;
}

/** Starts a stream for one value. */
export function createKeyedStream(key: Buffer, purpose: string, value: string): KeyedStream {
  const seed = keyedDigest(key, purpose, value);
  let block = seed;
  let blocks = 0;
  let at = 0;
  function nextByte(): number {
    if (at === block.length) {
      block = createHmac('sha256', key).update(seed).update(String(++blocks)).digest();
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
