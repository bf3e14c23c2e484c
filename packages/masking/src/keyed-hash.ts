/**
 * HMAC-SHA-256 (RFC 2104, FIPS 180-4) of short messages under one key, without an object for each of them.
 *
 * The states behind the two padded keys are computed once; a message of up to 55 bytes then costs two blocks,
 * about a tenth of what `createHmac` takes for it. Longer messages go to `createHmac`, which is faster there. No
 * step depends on the bytes of key or message but by value: no table is looked up with them, no branch taken.
 */
import { createHash, createHmac } from 'node:crypto';

const BLOCK = 64;
const LONGEST_MESSAGE = 4 * BLOCK - 9;

/** One instance per masker; its state is only that of the call at hand. */
export class KeyedHash {
  readonly #key: Buffer;
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;
  readonly #state = new Int32Array(8);
  readonly #schedule = new Int32Array(64);
  /** The message behind the inner padded key, with its own padding. */
  readonly #message = Buffer.alloc(4 * BLOCK);
  /** The inner digest behind the outer padded key: 32 bytes, a one, zeros, 768 bits. */
  readonly #digest = Buffer.alloc(BLOCK);

  constructor(key: Buffer) {
    this.#key = key;
    const short = key.length > BLOCK ? createHash('sha256').update(key).digest() : key;
    this.#inner = this.#stateBehind(short, 0x36);
    this.#outer = this.#stateBehind(short, 0x5c);
    this.#digest[32] = 0x80;
    this.#digest.writeUInt32BE((BLOCK + 32) * 8, BLOCK - 4);
  }

  /** 32 bytes for a purpose, a NUL, and a text in UTF-8. */
  digest(purpose: string, value: string): Buffer {
    // A code unit takes three bytes at most.
    if ((purpose.length + value.length) * 3 + 1 > LONGEST_MESSAGE)
      return createHmac('sha256', this.#key).update(`${purpose}\0`).update(value).digest();
    const border = writeText(this.#message, 0, purpose);
    this.#message[border] = 0;
    return this.#bytesOf(this.#finish(writeText(this.#message, border + 1, value)));
  }

  /** 32 bytes for two strings of bytes, one behind the other. */
  digestBytes(prefix: Uint8Array, value: Uint8Array): Buffer {
    if (prefix.length + value.length > LONGEST_MESSAGE)
      return createHmac('sha256', this.#key).update(prefix).update(value).digest();
    return this.#bytesOf(this.words(prefix, value, 0, value.length)!);
  }

  /**
   * The same for a part of a buffer, as eight words that hold until the next call; null for a message that is
   * too long for this way.
   */
  words(prefix: Uint8Array, source: Uint8Array, start: number, end: number): Int32Array | null {
    if (prefix.length + end - start > LONGEST_MESSAGE) return null;
    const message = this.#message;
    let to = 0;
    for (let at = 0; at < prefix.length; at++) message[to++] = prefix[at]!;
    for (let at = start; at < end; at++) message[to++] = source[at]!;
    return this.#finish(to);
  }

  #finish(length: number): Int32Array {
    const message = this.#message;
    const end = (length + 9 + BLOCK - 1) & -BLOCK;
    message[length] = 0x80;
    for (let at = length + 1; at < end - 2; at++) message[at] = 0;
    const bits = (BLOCK + length) * 8;
    message[end - 2] = bits >>> 8;
    message[end - 1] = bits;
    const state = this.#state;
    state.set(this.#inner);
    for (let at = 0; at < end; at += BLOCK) compress(state, message, at, this.#schedule);
    writeWords(state, this.#digest);
    state.set(this.#outer);
    compress(state, this.#digest, 0, this.#schedule);
    return state;
  }

  #bytesOf(words: Int32Array): Buffer {
    const digest = Buffer.allocUnsafe(32);
    writeWords(words, digest);
    return digest;
  }

  #stateBehind(key: Buffer, pad: number): Int32Array {
    const block = Buffer.alloc(BLOCK, pad);
    for (const [at, byte] of key.entries()) block[at] = byte ^ pad;
    const state = Int32Array.from(INITIAL);
    compress(state, block, 0, this.#schedule);
    return state;
  }
}

/** Where the next byte goes. */
function writeText(target: Buffer, from: number, text: string): number {
  let at = from;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return from + target.write(text, from, 'utf8');
    target[at++] = code;
  }
  return at;
}

function writeWords(words: Int32Array, target: Uint8Array): void {
  let at = 0;
  for (let index = 0; index < 8; index++) {
    const word = words[index]!;
    target[at++] = word >>> 24;
    target[at++] = word >>> 16;
    target[at++] = word >>> 8;
    target[at++] = word;
  }
}

/** The compression function over the block at `from` (FIPS 180-4, 6.2.2). */
function compress(state: Int32Array, block: Uint8Array, from: number, w: Int32Array): void {
  let at = from;
  for (let i = 0; i < 16; i++) {
    w[i] = (block[at]! << 24) | (block[at + 1]! << 16) | (block[at + 2]! << 8) | block[at + 3]!;
    at += 4;
  }
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + CONSTANTS[i]! + w[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}

/** The first 32 bits behind the point of a root of each of the first primes (FIPS 180-4, 4.2.2 and 5.3.3). */
function fractionsOfPrimes(count: number, root: (prime: number) => number): Int32Array {
  const words = new Int32Array(count);
  for (let prime = 2, found = 0; found < count; prime++) {
    if (!isPrime(prime)) continue;
    words[found++] = (root(prime) % 1) * 2 ** 32;
  }
  return words;
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}

const INITIAL = fractionsOfPrimes(8, Math.sqrt);
const CONSTANTS = fractionsOfPrimes(64, Math.cbrt);
