import { runTool } from './run-tool.ts';
import { type Measured, percentile, type Target } from './target.ts';

export const SYSBENCH_MODES = ['text', 'prepared'] as const;

export interface SysbenchRun {
  readonly command: string;
  readonly mode: (typeof SYSBENCH_MODES)[number];
  readonly threads: number;
  readonly seconds: number;
  readonly tableRows: number;
}

/** `sysbench oltp_point_select` over the table `sbtest1`, one point; percentiles come from its histogram. */
export async function sysbench(target: Target, run: SysbenchRun): Promise<Measured> {
  const output = await runTool(
    run.command,
    [
      'oltp_point_select',
      '--mysql-host=127.0.0.1',
      `--mysql-port=${target.port}`,
      `--mysql-user=${target.user}`,
      `--mysql-password=${target.password}`,
      `--mysql-db=${target.database}`,
      '--mysql-ssl=off',
      '--tables=1',
      `--table-size=${run.tableRows}`,
      `--threads=${run.threads}`,
      `--time=${run.seconds}`,
      `--db-ps-mode=${run.mode === 'prepared' ? 'auto' : 'disable'}`,
      '--histogram=on',
      'run',
    ],
    {},
    (run.seconds + 60) * 1000,
  );
  const perSecond = Number(/queries:\s+\d+\s+\(([\d.]+) per sec\.\)/.exec(output)?.[1]);
  const failed = /ignored errors:\s+(\d+)/.exec(output)?.[1];
  if (!(perSecond > 0) || failed !== '0')
    throw new Error(`sysbench through ${target.name}: ${failed} failed statements:\n${output.slice(-800)}`);
  return { perSecond, ...latencies(output) };
}

/** Lines such as `   0.069 |****   1234`: upper bound of a bucket in milliseconds, its count at the end. */
function latencies(output: string): { readonly p50Ms: number; readonly p99Ms: number } {
  const buckets = [...output.matchAll(/^\s*([\d.]+) \|\**\s*(\d+)\s*$/gm)].map(([, ms, count]) => ({
    ms: Number(ms),
    count: Number(count),
  }));
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  const at = (share: number): number => {
    let seen = 0;
    for (const { ms, count } of buckets) {
      seen += count;
      if (seen >= total * share) return ms;
    }
    return percentile([], 1);
  };
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
