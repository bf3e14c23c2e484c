/**
 * One folder for what tests of a run prepare for each other (an empty store, the data of a new server): copied
 * from there by each, never changed. It goes when the run ends.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Called by vitest before the first test; gives what is called after the last one. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-run-'));
  // Servers that do not run as root must reach theirs in it.
  chmodSync(folder, 0o711);
  process.env['GATEHOUSE_TEST_FOLDER'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
