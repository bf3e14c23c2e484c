/**
 * The data of a new server by copying: making it takes a processor seconds, and a test run starts dozens of servers.
 *
 * The original lies in the folder of the test run (GATEHOUSE_TEST_FOLDER), is made by the first fleet that asks, and
 * is only ever copied. Without a test run each fleet makes its own.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runStep } from './run-step.ts';
import type { Workshop } from './workshop.ts';

/**
 * Fills the empty folder `data` as `prepare` does, by `prepare` itself or by copying what it left for an earlier fleet.
 * Gives what `prepare` gave then (logins, say), which must survive JSON. `kind` names everything it depends on.
 */
export async function prepareFolder<T>(
  workshop: Workshop,
  kind: readonly string[],
  data: string,
  prepare: () => Promise<T>,
): Promise<T> {
  const run = workshop.env['GATEHOUSE_TEST_FOLDER'];
  if (run === undefined || run === '') return prepare();
  const name = createHash('sha256').update(kind.join('\0')).digest('hex').slice(0, 16);
  const original = join(run, `${kind[0]}-${name}`);
  if (existsSync(original)) {
    await copy(`${original}/data/.`, data);
    return JSON.parse(readFileSync(join(original, 'known.json'), 'utf8')) as T;
  }
  const known = await prepare();
  const draft = mkdtempSync(join(run, 'draft-'));
  try {
    await copy(data, join(draft, 'data'));
    writeFileSync(join(draft, 'known.json'), JSON.stringify(known));
    renameSync(draft, original);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another fleet may have been faster; then its original is as good.
    if (!existsSync(original)) throw error;
  }
  return known;
}

/** With modes and owners: a server refuses a folder of somebody else. */
async function copy(from: string, into: string): Promise<void> {
  await runStep('cp', ['-Rp', from, into]);
}
