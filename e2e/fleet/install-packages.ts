/**
 * Brings programs from package registries: PyPI without root, apt with it.
 */
import { accessSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './find-program.ts';
import { runStep } from './run-step.ts';
import { toolsEntry } from './tools-folder.ts';
import type { Workshop } from './workshop.ts';

/** Whether the packages were installed; false where this machine or the caller does not allow it. */
export async function installWithApt(workshop: Workshop, packages: readonly string[]): Promise<boolean> {
  const apt = findProgram('apt-get', workshop.env);
  if (apt === null || !workshop.installSystem || process.getuid?.() !== 0) return false;
  workshop.report(`installing ${packages.join(' ')} with apt-get, this can take a minute`);
  const env = { ...workshop.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runStep(apt, ['update', '-q'], { env, withinMs: 300_000 });
  await runStep(apt, ['install', '-y', '-q', '--no-install-recommends', ...packages], {
    env,
    withinMs: 600_000,
  });
  return true;
}

/** A folder with a Python package and the interpreter that can run what is in it. */
export interface PythonPackage {
  readonly python: string;
  readonly folder: string;
}

/**
 * Installs one package from PyPI into a folder of its own.
 *
 * `sizeMb` and `versions` (of CPython, `3.11`) are for the message and for the choice of the interpreter.
 * Null where no fitting interpreter with pip is on the PATH.
 */
export async function installWithPip(
  workshop: Workshop,
  requirement: string,
  sizeMb: number,
  versions: readonly string[],
): Promise<PythonPackage | null> {
  const found = await findPython(workshop, versions);
  if (found === null) return null;
  const name = `${requirement.toLowerCase().replace('==', '-')}-python${found.version}`;
  const folder = await toolsEntry(workshop.env, name, async (into) => {
    workshop.report(`downloading ${requirement} from PyPI (about ${sizeMb} MB on disk), once`);
    const quiet = [
      '--quiet',
      '--disable-pip-version-check',
      '--root-user-action=ignore',
      '--no-warn-conflicts',
    ];
    await runStep(found.python, ['-m', 'pip', 'install', ...quiet, '--target', into, requirement], {
      env: workshop.env,
      withinMs: 600_000,
    });
    accessSync(join(into, 'bin'));
  });
  return { python: found.python, folder };
}

async function findPython(
  workshop: Workshop,
  versions: readonly string[],
): Promise<{ readonly python: string; readonly version: string } | null> {
  for (const name of ['python3', ...versions.map((version) => `python${version}`)]) {
    const python = findProgram(name, workshop.env);
    if (python === null) continue;
    try {
      const ask = 'import sys, pip; print(f"{sys.version_info[0]}.{sys.version_info[1]}")';
      const version = (await runStep(python, ['-c', ask], { env: workshop.env })).trim();
      if (versions.includes(version)) return { python, version };
    } catch {
      // An interpreter without pip, or a launcher without a version behind it.
    }
  }
  return null;
}
