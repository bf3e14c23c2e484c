/**
 * A small seeded generator of pseudo-random numbers, so that the demo is the same on every machine.
 *
 * Not for secrets. Source of the algorithm: Bob Jenkins' "small fast counting" generator, in its
 * 32-bit form as found in PractRand.
 */
export interface Random {
  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True with the given probability (0 to 1). */
  chance(probability: number): boolean;
  /** One of the values. */
  pick<T>(values: readonly T[]): T;
  /** As many decimal digits as asked for. */
  digits(count: number): string;
}

/** Creates a generator; the same seed gives the same sequence. */
export function createRandom(seed: number): Random {
  let a = 0;
  let b = seed | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 16; round++) next();
  const between = (low: number, high: number) =>
    low + Math.floor((next() / 0x1_0000_0000) * (high - low + 1));
  return {
    between,
    chance: (probability) => next() / 0x1_0000_0000 < probability,
    pick: (values) => values[between(0, values.length - 1)]!,
    digits: (count) => Array.from({ length: count }, () => between(0, 9)).join(''),
  };
}
