import { isAscii } from './fast-mask.ts';
import { BLOCK_BYTES, type KeyedMac, type MacState, PADDING } from './keyed-mac.ts';

/**
 * Tags of the values of one column, many of them in one call of the cipher.
 *
 * Who sees values coming says them beforehand (`add`, then `run`); they are asked for in the same order. A value that is
 * not the next one that was said is computed by itself, so what was said decides the time only, never the result
 * (keyed-mac.test.ts).
 */
export class TagBatch {
  /** Where `find` says that a tag is; until the next call of `run` or `find`. */
  tags: Uint8Array;
  readonly #mac: KeyedMac;
  readonly #state: MacState;
  #room: Room | null = null;
  #count = 0;
  #next = 0;

  constructor(mac: KeyedMac, purpose: string) {
    this.#mac = mac;
    this.#state = mac.begin(purpose);
    this.tags = this.#state.empty;
  }

  /** Forgets what was said. */
  clear(): void {
    this.#count = 0;
    this.#next = 0;
  }

  /** Says a value, if it is in ASCII; one too many, a long one and the empty one are left out. */
  add(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (this.#count === CAPACITY || !isSayable(size)) return;
    this.#room ??= createRoom(this.#mac);
    const { values, valueWords, sizes } = this.#room;
    const place = this.#count * LONGEST;
    const blocks = blocksOf(size);
    for (let word = place >> 2, last = word + blocks * BLOCK_WORDS; word < last; word++) valueWords[word] = 0;
    let all = 0;
    for (let from = start, to = place; from < end; from++, to++) {
      const byte = source[from]!;
      all |= byte;
      values[to] = byte;
    }
    if (all >= 0x80) return;
    if (size < blocks * BLOCK_BYTES) values[place + size] = PADDING;
    sizes[this.#count++] = size;
  }

  /** Computes the tags of all that was said: block by block, each block of all values at once. */
  run(): void {
    const room = this.#room;
    if (room === null || this.#count === 0) return;
    const { sizes, stateWords } = room;
    for (let index = 0; index < this.#count; index++)
      room.states.set(this.#state.chained, index * BLOCK_BYTES);
    for (let block = 0; ; block++) {
      const chained = this.#collect(room, block);
      if (chained === 0) return;
      const output = wordsOf(this.#mac.encrypt(room.input.subarray(0, chained * BLOCK_BYTES)));
      for (let index = 0, from = 0; index < this.#count; index++) {
        if (blocksOf(sizes[index]!) <= block) continue;
        const to = index * BLOCK_WORDS;
        for (let word = 0; word < BLOCK_WORDS; word++) stateWords[to + word] = output[from++]!;
      }
    }
  }

  /** Where in `tags` the tag of a value begins, in ASCII; -1 when it is something else. */
  find(source: Uint8Array, start: number, end: number): number {
    const index = this.#next;
    if (index < this.#count && this.#isSaid(index, source, start, end)) {
      this.#next += 1;
      this.tags = this.#room!.states;
      return index * BLOCK_BYTES;
    }
    if (!isAscii(source, start, end)) return -1;
    if (isSayable(end - start)) this.clear();
    this.tags = this.#mac.tag(this.#state, source, start, end);
    return 0;
  }

  /** What goes to the cipher: the states of the values that have this block, with the block; how many. */
  #collect({ sizes, stateWords, valueWords, inputWords, full, padded }: Room, block: number): number {
    let to = 0;
    for (let index = 0; index < this.#count; index++) {
      const size = sizes[index]!;
      const blocks = blocksOf(size);
      if (blocks <= block) continue;
      const state = index * BLOCK_WORDS;
      const value = (index * LONGEST) / 4 + block * BLOCK_WORDS;
      if (blocks > block + 1) {
        for (let word = 0; word < BLOCK_WORDS; word++)
          inputWords[to++] = stateWords[state + word]! ^ valueWords[value + word]!;
      } else {
        const last = size === blocks * BLOCK_BYTES ? full : padded;
        for (let word = 0; word < BLOCK_WORDS; word++)
          inputWords[to++] = stateWords[state + word]! ^ valueWords[value + word]! ^ last[word]!;
      }
    }
    return to / BLOCK_WORDS;
  }

  #isSaid(index: number, source: Uint8Array, start: number, end: number): boolean {
    const { values, sizes } = this.#room!;
    if (sizes[index] !== end - start) return false;
    for (let at = start, said = index * LONGEST; at < end; at++, said++)
      if (source[at] !== values[said]) return false;
    return true;
  }
}

function isSayable(size: number): boolean {
  return size > 0 && size <= LONGEST;
}

function blocksOf(size: number): number {
  return (size + BLOCK_BYTES - 1) >> 4;
}

/** Each as bytes and as words, which say the same in whatever order a machine has its bytes. */
interface Room {
  readonly values: Uint8Array;
  readonly valueWords: Int32Array;
  readonly sizes: Uint8Array;
  readonly input: Uint8Array;
  readonly inputWords: Int32Array;
  readonly states: Uint8Array;
  readonly stateWords: Int32Array;
  readonly full: Int32Array;
  readonly padded: Int32Array;
}

function createRoom(mac: KeyedMac): Room {
  const values = new Uint8Array(CAPACITY * LONGEST);
  const input = new Uint8Array(CAPACITY * BLOCK_BYTES);
  const states = new Uint8Array(CAPACITY * BLOCK_BYTES);
  return {
    values,
    valueWords: new Int32Array(values.buffer),
    sizes: new Uint8Array(CAPACITY),
    input,
    inputWords: new Int32Array(input.buffer),
    states,
    stateWords: new Int32Array(states.buffer),
    full: wordsOf(mac.full),
    padded: wordsOf(mac.padded),
  };
}

function wordsOf(bytes: Buffer): Int32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  return new Int32Array(buffer, byteOffset, length / 4);
}

const BLOCK_WORDS = BLOCK_BYTES / 4;
/** So many values wait for one call. */
const CAPACITY = 256;
const LONGEST = 64;
