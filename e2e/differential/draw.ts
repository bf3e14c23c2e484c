/**
 * Choices that a seed decides, so that a generated statement can be had again.
 *
 * The numbers are mulberry32's: 32 bits of state, good enough to spread over a grammar, and the same on every machine.
 */
export interface Draw {
  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Between `from` and `to` results, both included. */
  many<T>(from: number, to: number, make: (index: number) => T): T[];
}

/** Draws from a seed; two draws of the same seed give the same. */
export function createDraw(seed: number): Draw {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  // Seeds that follow each other begin alike.
  for (let round = 0; round < 4; round += 1) next();
  const below = (end: number) => Math.floor(next() * end);
  return {
    below,
    chance: (probability) => next() < probability,
    pick(list) {
      const found = list[below(list.length)];
      if (found === undefined) throw new Error('nothing to pick from');
      return found;
    },
    many: (from, to, make) => Array.from({ length: from + below(to - from + 1) }, (_, index) => make(index)),
  };
}
