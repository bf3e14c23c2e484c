import type { MaskOutput } from './mask-output.ts';

/**
 * Results of a keyed mask, by value, for columns in which values come again: a fixed table of 64 KB.
 *
 * A value has four places, which it shares with others; the one that came first goes first. Nothing is allocated for the first values of a result, and a table
 * that seldom knows the answer is given up. SECURITY: only for masks whose results tell equal values apart from others
 * anyway, because who is answered sooner learns just that (mask-memo.test.ts).
 */
export class MaskMemo {
  #table: Buffer | null = null;
  #asked = 0;
  #found = 0;
  /** Values seldom come again. */
  isGivenUp = false;

  /** Where a value has its places; -1 for what is not kept. */
  place(source: Buffer, start: number, end: number): number {
    if (this.isGivenUp || end - start > LONGEST) return -1;
    this.#asked += 1;
    if (this.#table === null) {
      if (this.#asked <= FIRST_VALUES) return -1;
      this.#table = Buffer.alloc(SETS * SET_BYTES, NOTHING);
    }
    if (this.#asked === TRIAL) {
      if (this.#found < TRIAL * WORTH_IT) {
        this.isGivenUp = true;
        this.#table = null;
        return -1;
      }
      this.#asked = FIRST_VALUES;
      this.#found = 0;
    }
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ source[at]!, 0x01000193);
    return ((hash ^ (hash >>> 15)) & (SETS - 1)) * SET_BYTES;
  }

  /** Writes what is kept for the value: true, false for NULL, and null when nothing is. */
  find(set: number, source: Buffer, start: number, end: number, out: MaskOutput): boolean | null {
    const table = this.#table!;
    for (let place = set; place < set + SET_BYTES; place += PLACE_BYTES) {
      if (!holds(table, place, source, start, end)) continue;
      this.#found += 1;
      const size = table[place + 1]!;
      if (size === NOTHING) return false;
      const from = place + RESULT_AT;
      out.copy(table, from, from + size);
      return true;
    }
    return null;
  }

  /** Keeps a result: the last `size` bytes of the output, or null for NULL. */
  keep(set: number, source: Buffer, start: number, end: number, out: MaskOutput, size: number | null): void {
    if (size !== null && size > LONGEST) return;
    const table = this.#table!;
    table.copyWithin(set + PLACE_BYTES, set, set + SET_BYTES - PLACE_BYTES);
    table[set] = end - start;
    table[set + 1] = size ?? NOTHING;
    for (let at = start, to = set + VALUE_AT; at < end; at++, to++) table[to] = source[at]!;
    if (size === null) return;
    for (let at = out.at - size, to = set + RESULT_AT; at < out.at; at++, to++) table[to] = out.bytes[at]!;
  }
}

function holds(table: Buffer, place: number, source: Buffer, start: number, end: number): boolean {
  if (table[place] !== end - start) return false;
  for (let at = start, kept = place + VALUE_AT; at < end; at++, kept++)
    if (table[kept] !== source[at]) return false;
  return true;
}

const SETS = 128;
/** Two lengths, a value, a result. */
const PLACE_BYTES = 128;
const SET_BYTES = 4 * PLACE_BYTES;
const VALUE_AT = 2;
const LONGEST = 63;
const RESULT_AT = VALUE_AT + LONGEST;
const NOTHING = 0xff;
const FIRST_VALUES = 32;
const TRIAL = 2048;
const WORTH_IT = 1 / 8;
