/**
 * Masks over values as they stand in a buffer, for those that are common and need no more: ASCII texts and
 * integers of up to 53 bits. Everything else is left to `mask`, which gives the same where both apply
 * (fast-mask.test.ts).
 */

/** The value is left to `mask`. */
export const LEFT_TO_TEXT = -1;

/** The most bytes that an `AsciiMask` writes for a value of no more bytes. */
export const MIN_ASCII_ROOM = 32;

/** A mask of ASCII texts. */
export interface AsciiMask {
  /**
   * Writes the mask of the text `source[start, end)` to `target` from `to` on, where at least as many bytes are
   * free as the value has, and `MIN_ASCII_ROOM`. How many it wrote, or LEFT_TO_TEXT, also for what is not ASCII;
   * what stands behind `to` then means nothing.
   */
  write(source: Uint8Array, start: number, end: number, target: Uint8Array, to: number): number;
  readonly ahead?: AheadOfBytes;
}

/** A mask of safe integers. */
export interface IntegerMask {
  /** Another one that fits into the column, or NaN where it is left to the mask of texts. */
  mask(value: number): number;
  readonly ahead?: Ahead<[value: number]>;
}

/**
 * Says values before they are asked for, in the order in which that happens, where many at once are faster. It
 * changes no result.
 */
export interface Ahead<Value extends readonly unknown[]> {
  /** Forgets what was said. */
  clear(): void;
  add(...value: Value): void;
  /** All are said. */
  run(): void;
}

export type AheadOfBytes = Ahead<[source: Uint8Array, start: number, end: number]>;

/** Those that a column has. */
export interface FastMasks {
  /** For texts, without a string. */
  readonly ascii?: AsciiMask;
  /** For integers, without a text. */
  readonly integer?: IntegerMask;
}

/** True when no byte of a part has its top bit set. */
export function isAscii(source: Uint8Array, start: number, end: number): boolean {
  let all = 0;
  for (let at = start; at < end; at++) all |= source[at]!;
  return all < 0x80;
}

/** Writes a safe integer in decimal digits, at most 17 bytes; where the next byte goes. */
export function writeInteger(value: number, target: Uint8Array, to: number): number {
  let rest = Math.abs(value);
  let end = to + (value < 0 ? 2 : 1);
  for (let border = 10; rest >= border; border *= 10) end++;
  if (value < 0) target[to] = MINUS;
  for (let at = end - 1; at > to || (at === to && value >= 0); at--) {
    const tenth = Math.floor(rest / 10);
    target[at] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
}

const MINUS = 0x2d;
const ZERO = 0x30;
