/**
 * Where downloads are kept between runs: `.tools/` at the repository's root (or GATEHOUSE_TOOLS_DIR).
 *
 * An entry is prepared in a folder beside it and renamed, so that another run, or one that was
 * interrupted, never sees half of it.
 */
import { accessSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of the folder named `name`, made by `prepare` when it is not there yet. */
export async function toolsEntry(
  env: NodeJS.ProcessEnv,
  name: string,
  prepare: (into: string) => Promise<void>,
): Promise<string> {
  const root = toolsRoot(env);
  const entry = join(root, name);
  if (existsSync(entry)) return entry;
  const draft = join(root, `.${name}.${process.pid}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    await prepare(draft);
    renameSync(draft, entry);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another run may have been faster; then its entry is as good.
    if (!existsSync(entry)) throw error;
  }
  return entry;
}

function toolsRoot(env: NodeJS.ProcessEnv): string {
  const given = env['GATEHOUSE_TOOLS_DIR'];
  if (given !== undefined && given !== '') return given;
  for (
    let folder = dirname(fileURLToPath(import.meta.url));
    folder !== parse(folder).root;
    folder = dirname(folder)
  ) {
    if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return join(folder, '.tools');
  }
  return join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'gatehouse');
}

/** Whether a user who is neither owner nor in the group can get at what lies in this folder. */
export function openToEveryone(path: string): boolean {
  try {
    accessSync(path);
    for (let folder = path; ; folder = dirname(folder)) {
      if ((statSync(folder).mode & 0o001) === 0) return false;
      if (folder === parse(folder).root) return true;
    }
  } catch {
    return false;
  }
}
