/**
 * Keyed pseudo-random bytes for a value: AES-256-CMAC (NIST SP 800-38B, RFC 4493) in counter mode (NIST SP 800-108),
 * with the purpose in front, so that no result of one masker can be used to compute one of another.
 *
 * ```text
 * CMAC(K, block number · purpose · NUL · zeros up to a block | value)      16 bytes for each block number
 * ```
 * CMAC, because it is made of single AES blocks: those of many values go to the processor's AES in one call
 * (`TagBatch`), which takes a tenth of the time of a hash for each value. A purpose holds no NUL, so no two messages are
 * the same. The state behind the purpose is computed once.
 */
import { type Cipher, createCipheriv, createHmac } from 'node:crypto';

/** Bytes of a block, and of a tag. */
export const BLOCK_BYTES = 16;

/** What comes behind a purpose goes on from here. */
export interface MacState {
  readonly chained: Buffer;
  /** The tag of the empty value, whose last block is one of the purpose. */
  readonly empty: Buffer;
}

export class KeyedMac {
  readonly #key: Buffer;
  readonly #blocks: Cipher;
  /** For a last block that is full, and for one that is padded. */
  readonly full: Buffer;
  readonly padded: Buffer;
  readonly #states = new Map<string, MacState>();
  readonly #scratch = Buffer.alloc(BLOCK_BYTES);

  /** `key`: any secret of enough bytes; the key of AES is derived from it. */
  constructor(key: Buffer) {
    this.#key = createHmac('sha256', key).update('gatehouse masks: aes-256-cmac').digest();
    this.#blocks = createCipheriv('aes-256-ecb', this.#key, null).setAutoPadding(false);
    this.full = doubled(this.encrypt(ZERO));
    this.padded = doubled(this.full);
  }

  /** Blocks under the key, each by itself; the result is the caller's. */
  encrypt(blocks: Uint8Array): Buffer {
    return this.#blocks.update(blocks);
  }

  /** The state behind a purpose, for `tag`; to be left as it is. */
  begin(purpose: string, block = 0): MacState {
    const name = `${block} ${purpose}`;
    let state = this.#states.get(name);
    if (state === undefined) {
      const size = Buffer.byteLength(purpose) + 2;
      const prefix = Buffer.alloc(Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES);
      prefix[0] = block;
      prefix.write(purpose, 1, 'utf8');
      const chained = this.#chain(ZERO, prefix);
      const last = prefix.length - BLOCK_BYTES;
      const before = last === 0 ? ZERO : this.#chain(ZERO, prefix.subarray(0, last));
      state = { chained, empty: this.#next(before, prefix, last, BLOCK_BYTES, this.full) };
      // The numbers of a long stream are not kept.
      if (block < KEPT_BLOCKS) this.#states.set(name, state);
    }
    return state;
  }

  /** The tag of the part of a buffer: 16 bytes. */
  tag({ chained, empty }: MacState, source: Uint8Array, start: number, end: number): Buffer {
    if (start === end) return empty;
    let at = start;
    let behind = chained;
    if (end - at > LONG) {
      // All but the last block at once: what CBC gives last is the state.
      const count = (Math.ceil((end - at) / BLOCK_BYTES) - 1) * BLOCK_BYTES;
      behind = this.#chain(behind, source.subarray(at, at + count));
      at += count;
    }
    for (; end - at > BLOCK_BYTES; at += BLOCK_BYTES)
      behind = this.#next(behind, source, at, BLOCK_BYTES, null);
    const rest = end - at;
    return this.#next(behind, source, at, rest, rest === BLOCK_BYTES ? this.full : this.padded);
  }

  #next(state: Buffer, source: Uint8Array, at: number, size: number, last: Buffer | null): Buffer {
    const block = this.#scratch;
    for (let index = 0; index < size; index++) block[index] = state[index]! ^ source[at + index]!;
    for (let index = size; index < BLOCK_BYTES; index++) block[index] = state[index]!;
    if (last !== null) {
      if (size < BLOCK_BYTES) block[size] = block[size]! ^ PADDING;
      for (let index = 0; index < BLOCK_BYTES; index++) block[index] = block[index]! ^ last[index]!;
    }
    return this.encrypt(block);
  }

  #chain(state: Buffer, blocks: Uint8Array): Buffer {
    const chained = createCipheriv('aes-256-cbc', this.#key, state).setAutoPadding(false).update(blocks);
    return Buffer.from(chained.subarray(chained.length - BLOCK_BYTES));
  }
}

/** Doubling in GF(2^128), 6.1 of SP 800-38B. */
function doubled(block: Buffer): Buffer {
  const result = Buffer.alloc(BLOCK_BYTES);
  for (let at = 0; at < BLOCK_BYTES; at++)
    result[at] = (block[at]! << 1) | (at + 1 < BLOCK_BYTES ? block[at + 1]! >> 7 : 0);
  if (block[0]! >> 7 === 1) result[BLOCK_BYTES - 1] = result[BLOCK_BYTES - 1]! ^ REDUCTION;
  return result;
}

const ZERO = Buffer.alloc(BLOCK_BYTES);
export const PADDING = 0x80;
const REDUCTION = 0x87;
/** Longer values are chained by one call. */
const LONG = 64;
const KEPT_BLOCKS = 4;
