import { BLOCK_BYTES, type KeyedMac } from './keyed-mac.ts';

/** Bytes that depend on everything given and tell nothing of it without the key; `size` at most 32, else 16. */
export function keyedDigest(mac: KeyedMac, purpose: string, value: string, size = BLOCK_BYTES): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  const first = mac.tag(mac.begin(purpose), bytes, 0, bytes.length);
  if (size <= BLOCK_BYTES) return first;
  return Buffer.concat([first, mac.tag(mac.begin(purpose, 1), bytes, 0, bytes.length)]);
}

/** Bytes in the same way, as many as are asked for, drawn as small numbers. */
export interface KeyedStream {
  /** The next number in `0 .. bound - 1`, `bound` at most 256; without bias. */
  next(bound: number): number;
}

/** Starts a stream for one value. */
export function createKeyedStream(mac: KeyedMac, purpose: string, value: string): KeyedStream {
  const bytes = Buffer.from(value, 'utf8');
  let block: Buffer | null = null;
  let blocks = 0;
  let at = BLOCK_BYTES;
  function nextByte(): number {
    if (block === null || at === BLOCK_BYTES) {
      if (blocks > MAX_BLOCK) throw new RangeError('a stream of more than 4096 bytes');
      block = mac.tag(mac.begin(purpose, blocks++), bytes, 0, bytes.length);
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

/** The number of a block is one byte. */
const MAX_BLOCK = 255;
