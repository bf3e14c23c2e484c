/**
 * How long a run draws statements, and where it begins.
 *
 * In the tests the seed is fixed and the count too; `npm run nightly` sets FUZZ_SECONDS and every run draws a seed.
 * FUZZ_SEED and FUZZ_PATH, which the nightly run prints, begin with the very statement of a finding.
 */
export interface FuzzRun {
  readonly seconds: number;
  readonly seed: number;
  /** The number of the first statement. */
  readonly first: number;
}

export function readFuzzRun(fixedSeed: number): FuzzRun {
  const { FUZZ_SECONDS, FUZZ_SEED, FUZZ_PATH } = process.env;
  const seconds = Number(FUZZ_SECONDS ?? 0);
  const drawn = seconds === 0 ? fixedSeed : Math.floor(Math.random() * 2 ** 31);
  return {
    seconds,
    seed: FUZZ_SEED === undefined ? drawn : Number(FUZZ_SEED),
    first: Number(FUZZ_PATH ?? 0),
  };
}

export interface Finding {
  /** The number of the statement in this run. */
  readonly at: number;
  readonly text: string;
  readonly wrong: readonly string[];
}

/** The shortest few; prints how the shortest is had again. */
export function shortest({ seed }: FuzzRun, findings: readonly Finding[]): readonly Finding[] {
  const sorted = [...findings].sort((a, b) => a.text.length - b.text.length);
  if (sorted[0] !== undefined) console.log(`{ seed: ${seed}, path: "${sorted[0].at}" }`);
  return sorted.slice(0, 8);
}
