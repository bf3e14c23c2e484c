/**
 * Where the workspace's packages are; for tools that run before anything is installed.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Folders of all packages, relative to the root; those in `pnpm-workspace.yaml`. */
export function packageFolders(root) {
  const inside = (folder) => {
    if (!existsSync(join(root, folder))) return [];
    return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
  };
  const candidates = [...inside('packages'), ...inside('adapters'), 'e2e/fleet', 'e2e'];
  return candidates.filter((folder) => existsSync(join(root, folder, 'package.json')));
}

/** Those of them that are built. */
export function builtFolders(root) {
  return packageFolders(root).filter((folder) => existsSync(join(root, folder, 'tsconfig.build.json')));
}
