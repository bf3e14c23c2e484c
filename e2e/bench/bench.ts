import type { BenchOptions } from './options.ts';
import type { Processes } from './processes.ts';
import type { Results } from './rows.ts';

/** What every part of a run works with. */
export interface Bench {
  readonly options: BenchOptions;
  readonly processes: Processes;
  readonly results: Results;
  /** Of the audit queue. */
  readonly redisUrl: string;
  /** Options for the gateway's Node, from GATEHOUSE_BENCH_NODE_OPTIONS. */
  readonly nodeOptions: readonly string[];
  /** Tells how far it is. */
  report(line: string): void;
}
