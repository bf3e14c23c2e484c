import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Target {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface Measured {
  readonly tps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One pgbench run of a script; percentiles come from the log of every transaction. */
export async function pgbench(
  target: Target,
  script: string,
  mode: 'simple' | 'prepared',
  clients: number,
  seconds: number,
): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  try {
    const file = join(folder, 'script.sql');
    writeFileSync(file, script);
    const { stdout } = await run(
      'pgbench',
      [
        '-n',
        '-M',
        mode,
        '-f',
        file,
        '-c',
        String(clients),
        '-j',
        '1',
        '-T',
        String(seconds),
        '-l',
        '--log-prefix',
        join(folder, 'log'),
        '-h',
        '127.0.0.1',
        '-p',
        String(target.port),
        '-U',
        target.user,
        target.database,
      ],
      { env: { ...process.env, PGPASSWORD: target.password, PGSSLMODE: 'disable' }, maxBuffer: 1 << 24 },
    );
    const tps = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    const micros = readdirSync(folder)
      .filter((name) => name.startsWith('log'))
      .flatMap((name) =>
        readFileSync(join(folder, name), 'utf8')
          .trim()
          .split('\n')
          .map((line) => Number(line.split(' ')[2])),
      )
      .sort((a, b) => a - b);
    const at = (share: number): number => (micros[Math.floor(micros.length * share)] ?? Number.NaN) / 1000;
    return { tps, p50Ms: at(0.5), p99Ms: at(0.99) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
