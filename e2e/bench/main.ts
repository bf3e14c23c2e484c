/**
 * What Gatehouse costs, in one run on this machine: direct, a plain relay, poolers and Gatehouse with policy and
 * audit on, without and with masks. Figures of different runs must not be compared; ratios inside one may.
 *
 * Everything is started here, on 127.0.0.1, and stopped at the end, after a failure and at Ctrl-C.
 */
import { loadavg } from 'node:os';
import { type Fleet, type ServerKind, startFleet } from '@gatehouse/fleet';
import type { Bench } from './bench.ts';
import { isBuilt } from './gateway.ts';
import { measureMongodb } from './mongodb-part.ts';
import { measureMysql } from './mysql-part.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { measurePostgres } from './postgres-part.ts';
import { Processes } from './processes.ts';
import { emptyResults, formatTables } from './rows.ts';
import { measureAudit, measureDecide } from './step-parts.ts';

const STARTED = performance.now();

function report(line: string): void {
  process.stderr.write(`${((performance.now() - STARTED) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
}

async function run(options: BenchOptions, processes: Processes): Promise<void> {
  const results = emptyResults();
  const before = loadavg()[0]!;
  const fleet = await openServers(options);
  try {
    const bench: Bench = {
      options,
      processes,
      results,
      report,
      redisUrl: fleet?.redis?.url ?? '',
      nodeOptions: (process.env['GATEHOUSE_BENCH_NODE_OPTIONS'] ?? '')
        .split(' ')
        .filter((each) => each !== ''),
    };
    if (options.parts.includes('postgres')) await measurePostgres(bench, fleet!.postgres!);
    if (options.parts.includes('mysql')) await measureMysql(bench, fleet!.mysql!);
    if (options.parts.includes('mongodb')) await measureMongodb(bench);
    if (options.parts.includes('decide')) await measureDecide(bench);
    if (options.parts.includes('audit')) await measureAudit(bench);
  } finally {
    await processes.stop();
    await fleet?.stop();
  }
  results.notes.push(
    `load average before the run ${before.toFixed(1)}, at its end ${loadavg()[0]!.toFixed(1)}; the run took ${Math.round((performance.now() - STARTED) / 1000)} s`,
    isBuilt()
      ? 'the gateway ran from its build'
      : 'the gateway ran from source through a loader; `node tools/bootstrap.mjs build` builds it',
  );
  process.stdout.write(`${options.json ? JSON.stringify(results) : formatTables(results)}\n`);
}

async function openServers({ parts }: BenchOptions): Promise<Fleet | null> {
  const need: ServerKind[] = [];
  if (parts.includes('postgres')) need.push('postgres');
  if (parts.includes('mysql')) need.push('mysql');
  if (need.length === 0 && !parts.includes('mongodb')) return null;
  report('starting the servers');
  return startFleet({ need: [...need, 'redis'], report });
}

let options: BenchOptions;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
  process.exit(2);
}
const processes = new Processes();
// The fleet has a watchdog that ends its servers when this process is gone.
process.once('exit', () => processes.kill());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
try {
  await run(options, processes);
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
