/**
 * Remembers when the last whole build began, and tells whether a source was touched since.
 *
 * Times of the built files themselves would not do: a build that is taken from turbo's cache may carry old ones.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtFolders } from './workspace.mjs';

const STAMP = 'node_modules/.gatehouse/build.json';
const SKIPPED = new Set(['node_modules', 'dist', '.turbo', 'coverage']);

/** Says that a build which began at this time (epoch ms) has finished well. */
export function markBuilt(root, beganMs) {
  mkdirSync(dirname(join(root, STAMP)), { recursive: true });
  writeFileSync(join(root, STAMP), JSON.stringify({ beganMs }));
}

/** True when every package has a build and nothing in any of them is younger than it. */
export function buildIsCurrent(root) {
  let beganMs;
  try {
    beganMs = JSON.parse(readFileSync(join(root, STAMP), 'utf8')).beganMs;
  } catch {
    return false;
  }
  if (typeof beganMs !== 'number') return false;
  const shared = ['tsconfig.base.json', 'package.json', 'pnpm-lock.yaml'];
  if (shared.some((file) => statSync(join(root, file)).mtimeMs > beganMs)) return false;
  return builtFolders(root).every(
    (folder) => existsSync(join(root, folder, 'dist')) && !hasYounger(join(root, folder), beganMs),
  );
}

/** Folders count too: a file that was deleted or renamed changes the time of the folder that held it. */
function hasYounger(folder, sinceMs) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name) || entry.name.endsWith('.test.ts')) continue;
    const path = join(folder, entry.name);
    if (statSync(path).mtimeMs > sinceMs) return true;
    if (entry.isDirectory() && hasYounger(path, sinceMs)) return true;
  }
  return false;
}
