/**
 * Gives property tests the seed and path of a finding, so that `npm run nightly` can print a line that repeats it:
 *
 *   FUZZ_SEED=-598605831 FUZZ_PATH=1976:4:9 npx vitest run --project unit FILE -t 'name of the test'
 *
 * A test that names a seed of its own keeps it only while `FUZZ_SEED` is not set.
 */
import fc from 'fast-check';

const { FUZZ_SEED, FUZZ_PATH } = process.env;
if (FUZZ_SEED !== undefined) {
  const seed = Number(FUZZ_SEED);
  if (!Number.isInteger(seed)) throw new Error(`FUZZ_SEED must be a whole number, got \`${FUZZ_SEED}\``);
  fc.configureGlobal({ seed, ...(FUZZ_PATH === undefined ? {} : { path: FUZZ_PATH, endOnFailure: true }) });
}
