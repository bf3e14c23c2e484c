/**
 * What Gatehouse costs, in one run on this machine: direct, a plain relay, poolers and Gatehouse with policy and
 * audit on, without and with masks. Figures of different runs must not be compared; ratios inside one may.
 *
 * Everything is started here, on 127.0.0.1, and stopped at the end, after a failure and at Ctrl-C.
 */
import { writeSync } from 'node:fs';
import { loadavg } from 'node:os';
import { type Fleet, type ServerKind, startFleet } from '@gatehouse/fleet';
import type { Bench } from './bench.ts';
import { isBuilt } from './gateway.ts';
import { measureMasks } from './masks-part.ts';
import { measureMongodb } from './mongodb-part.ts';
import { measureMysql } from './mysql-part.ts';
import { type BenchOptions, type Part, readOptions, USAGE } from './options.ts';
import { measurePostgres } from './postgres-part.ts';
import { Processes } from './processes.ts';
import { emptyResults, formatTables, type Results } from './rows.ts';
import { measureAudit, measureDecide } from './step-parts.ts';

const STARTED = performance.now();

function report(line: string): void {
  process.stderr.write(`${((performance.now() - STARTED) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
}

async function run(options: BenchOptions, processes: Processes, results: Results): Promise<void> {
  const fleet = await openServers(options);
  const bench: Bench = {
    options,
    processes,
    results,
    report,
    redisUrl: fleet?.redis?.url ?? '',
    nodeOptions: (process.env['GATEHOUSE_BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((each) => each !== ''),
  };
  const measure: Readonly<Record<Part, () => Promise<void>>> = {
    postgres: () => measurePostgres(bench, fleet!.postgres!),
    masks: () => measureMasks(bench, fleet!.postgres!),
    mysql: () => measureMysql(bench, fleet!.mysql!),
    mongodb: () => measureMongodb(bench),
    decide: () => measureDecide(bench),
    audit: () => measureAudit(bench),
  };
  try {
    for (const part of options.parts) {
      await measure[part]();
      // A worker that is still storing would take the next part's time.
      await processes.endChildren();
    }
  } finally {
    await processes.endChildren();
    await fleet?.stop();
  }
}

/** Prints what there is, which after a failure or Ctrl-C is a part of it. */
function print(options: BenchOptions, results: Results, loadBefore: number): void {
  const seconds = Math.round((performance.now() - STARTED) / 1000);
  const notes = [
    ...results.notes,
    `load average before the run ${loadBefore.toFixed(1)}, at its end ${loadavg()[0]!.toFixed(1)}; the run took ${seconds} s`,
    isBuilt()
      ? 'the gateway ran from its build'
      : 'the gateway ran from source through a loader; `node tools/bootstrap.mjs build` builds it',
  ];
  const all = { ...results, notes: [...new Set(notes)] };
  writeSync(1, `${options.json ? JSON.stringify(all) : formatTables(all)}\n`);
}

async function openServers({ parts }: BenchOptions): Promise<Fleet | null> {
  const need: ServerKind[] = [];
  if (parts.includes('postgres') || parts.includes('masks')) need.push('postgres');
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
const results = emptyResults();
const loadBefore = loadavg()[0]!;
// The fleet has a watchdog that ends its servers when this process is gone.
process.once('exit', () => processes.kill());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    results.notes.push(`the run was ended by ${signal}: what follows it was not measured`);
    print(options, results, loadBefore);
    process.exit(130);
  });
}
try {
  await run(options, processes, results);
} catch (error) {
  results.notes.push('the run failed: what follows the failure was not measured');
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
print(options, results, loadBefore);
