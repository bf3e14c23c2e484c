import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Finds a program on the PATH; null where there is none.
 *
 * Beside every `bin` its `sbin` is searched too: servers live there on Debian, and it is not on the
 * PATH of ordinary users.
 */
export function findProgram(name: string, env: NodeJS.ProcessEnv): string | null {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const sbin = folders.filter((folder) => folder.endsWith('/bin')).map((f) => `${f.slice(0, -3)}sbin`);
  for (const folder of [...folders, ...sbin]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not here.
    }
  }
  return null;
}
