import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ClientRun {
  readonly exitCode: number | null;
  /** Standard output and standard error as they came, mixed. */
  readonly output: string;
}

/** Programs that a package of this repository brings. */
const BUNDLED = fileURLToPath(new URL('../../../../e2e/node_modules/.bin', import.meta.url));

/** What to install for a client that is not there. */
const REMEDIES: Readonly<Record<string, string>> = {
  psql: 'apt-get install postgresql-client',
  mariadb: 'apt-get install mariadb-client',
  mongosh: 'npm install -g mongosh',
};

/** Where a client program is: on the PATH, or brought by this repository; null when it is nowhere. */
function findClient(program: string): string | null {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), BUNDLED]) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return null;
}

/** Runs an ordinary client to its end, at most `timeoutMs`. A missing program is an output that says what brings it. */
export function runClient(
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<ClientRun> {
  const [program = '', ...args] = command;
  const file = findClient(program);
  if (file === null)
    return Promise.resolve({
      exitCode: null,
      output: `${program} is not on this machine: ${REMEDIES[program] ?? 'install it'}`,
    });
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      resolve({ exitCode: null, output: error.message });
    });
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, output });
    });
  });
}

const MAX_OUTPUT = 256 * 1024;
