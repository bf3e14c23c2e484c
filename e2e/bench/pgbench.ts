import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from './run-tool.ts';
import { type Measured, percentile, type Target } from './target.ts';

export const PGBENCH_MODES = ['simple', 'prepared'] as const;

export interface PgbenchRun {
  readonly command: string;
  /** Where the log of the transactions may stand meanwhile. */
  readonly folder: string;
  readonly mode: (typeof PGBENCH_MODES)[number];
  readonly clients: number;
  readonly seconds: number;
}

/** `pgbench -S`, one point; percentiles come from the logged time of every transaction. */
export async function pgbench(target: Target, run: PgbenchRun): Promise<Measured> {
  const folder = mkdtempSync(join(run.folder, 'pgbench-'));
  try {
    const output = await runTool(
      run.command,
      [
        ...['-n', '-S', '-M', run.mode, '-c', String(run.clients), '-j', '1', '-T', String(run.seconds)],
        ...['-l', '--log-prefix', join(folder, 'log')],
        ...['-h', '127.0.0.1', '-p', String(target.port), '-U', target.user, target.database],
      ],
      { PGPASSWORD: target.password, PGSSLMODE: 'disable' },
      (run.seconds + 60) * 1000,
    );
    const perSecond = Number(/tps = ([\d.]+)/.exec(output)?.[1]);
    const failed = /number of failed transactions: (\d+)/.exec(output)?.[1] ?? '0';
    if (!(perSecond > 0) || failed !== '0')
      throw new Error(
        `pgbench through ${target.name}: ${failed} failed transactions:\n${output.slice(-500)}`,
      );
    const micros = Float64Array.from(loggedMicros(folder)).sort();
    return { perSecond, p50Ms: percentile(micros, 0.5) / 1000, p99Ms: percentile(micros, 0.99) / 1000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function loggedMicros(folder: string): number[] {
  const micros: number[] = [];
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      if (line !== '') micros.push(Number(line.split(' ', 3)[2]));
    }
  }
  return micros;
}
