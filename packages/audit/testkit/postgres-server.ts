/** A Postgres of a test's own: free port, fresh folder, killed at the end. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from './free-port.ts';

export interface TestPostgres {
  url(database: string): string;
  /** Runs one statement in a database and gives its rows. */
  run(database: string, text: string): Promise<readonly unknown[]>;
  /** SIGKILL, and waits until the process is gone. */
  kill9(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  /** Kills it and removes its data. */
  remove(): Promise<void>;
}

const START_MS = 20_000;
/** Postgres refuses to run as root. */
const NOBODY = 65_534;
const account = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** Why these tests cannot run here, or null when they can. */
export function whyNoPostgres(): string | null {
  const missing = ['initdb', 'postgres'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
  return missing.length === 0 ? null : `no ${missing.join(' and ')} on the PATH`;
}

export async function startTestPostgres(): Promise<TestPostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-postgres-'));
  if ('uid' in account) chownSync(dir, NOBODY, NOBODY);
  const data = join(dir, 'data');
  const port = await freePort();
  const url = (database: string) => `postgres://test@127.0.0.1:${port}/${database}`;
  execFileSync(
    'initdb',
    ['-D', data, '-U', 'test', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
    {
      ...account,
      cwd: dir,
      stdio: 'ignore',
    },
  );
  let child: ChildProcess | null = null;
  const run = async (database: string, text: string) => {
    const client = new Client({ connectionString: url(database) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows as readonly unknown[];
    } finally {
      await client.end();
    }
  };
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-k', dir];
  const begin = () =>
    spawn('postgres', ['-D', data, '-p', String(port), ...settings], {
      ...account,
      cwd: dir,
      stdio: 'ignore',
    });
  const start = async () => {
    const until = performance.now() + START_MS;
    child = begin();
    for (;;) {
      try {
        await run('postgres', 'select 1');
        return;
      } catch (error) {
        if (performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
        // The children of a killed server hold its memory for a moment; a new one gives up until then.
        if (child.exitCode !== null) child = begin();
      }
    }
  };
  const kill9 = async () => {
    const running = child;
    child = null;
    if (running === null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    url,
    run,
    start,
    kill9,
    async remove() {
      await kill9();
      rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
