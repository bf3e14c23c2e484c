/**
 * An empty embedded store by copying one: making one takes a processor seconds, and nearly every test that
 * opens a gateway needs one.
 *
 * The original lies in the folder of the test run (GATEHOUSE_TEST_FOLDER) and is made by the first who asks.
 * It is what opening a store in a new folder leaves: the schema, and no event.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openStore } from '../src/store/open-store.ts';

/** Makes `dir` an empty store; does nothing outside of a test run, as opening the store makes one then. */
export async function placeEmptyStore(dir: string): Promise<void> {
  const run = process.env['GATEHOUSE_TEST_FOLDER'];
  if (run === undefined) return;
  const original = join(run, 'empty-store');
  if (!existsSync(original)) await makeOriginal(run, original);
  mkdirSync(dirname(dir), { recursive: true, mode: 0o700 });
  execFileSync('cp', ['-Rp', original, dir]);
}

async function makeOriginal(run: string, original: string): Promise<void> {
  const draft = mkdtempSync(join(run, 'draft-'));
  try {
    const store = await openStore({ kind: 'embedded', dir: join(draft, 'store') }, () => undefined);
    await store.close();
    renameSync(join(draft, 'store'), original);
  } catch (error) {
    // Another test may have been faster; then its original is as good.
    if (!existsSync(original)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
