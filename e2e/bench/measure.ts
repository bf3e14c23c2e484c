import { processorSeconds } from './processor-time.ts';
import type { PointRow } from './rows.ts';
import { combine, type Measured, type Target } from './target.ts';

export interface Case {
  readonly database: string;
  readonly load: string;
  readonly clients: number;
  readonly seconds: number;
  run(target: Target): Promise<Measured>;
}

/**
 * Measures one case through every target, round by round over all of them and every other round backwards, so
 * that a machine that grows faster or slower meanwhile favours nobody. The first target is the direct way.
 */
export async function measureCase(
  { database, load, clients, seconds, run }: Case,
  targets: readonly Target[],
  rounds: number,
  report: (line: string) => void,
): Promise<readonly PointRow[]> {
  const measured = new Map<Target, Measured[]>(targets.map((target) => [target, []]));
  const cpuMicros = new Map<Target, number>();
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? targets : [...targets].reverse();
    for (const target of order) {
      const before = processorOf(target);
      const result = await run(target);
      const used = (processorOf(target) - before) * 1e6;
      cpuMicros.set(target, used / (result.perSecond * seconds));
      measured.get(target)!.push(result);
      report(
        `${database}, ${load}, ${clients} clients, ${target.name}: ${Math.round(result.perSecond)}/s, p99 ${result.p99Ms.toFixed(2)} ms`,
      );
    }
  }
  const combined = targets.map((target) => ({ target, ...combine(measured.get(target)!) }));
  const direct = combined[0]!.perSecond;
  const pooler = combined.find(({ target }) => target.name.startsWith('PgBouncer'))?.perSecond;
  return combined.map(({ target, perSecond, p50Ms, p99Ms }) => ({
    database,
    load,
    clients,
    target: target.name,
    perSecond,
    p50Ms,
    p99Ms,
    cpuMicros: numberOrNull(cpuMicros.get(target)),
    ofDirect: perSecond / direct,
    ofPgbouncer: pooler === undefined ? null : perSecond / pooler,
  }));
}

/** Runs a load once through what has a compiler to warm up, and forgets the figures. */
export async function warmUp(
  load: string,
  targets: readonly Target[],
  run: (target: Target) => Promise<unknown>,
  report: (line: string) => void,
): Promise<void> {
  report(`${load}: warming up`);
  for (const target of targets) await run(target);
}

/** Processor seconds of the process in between so far; NaN where there is none. */
function processorOf({ pid }: Target): number {
  return (pid === undefined ? null : processorSeconds(pid)) ?? Number.NaN;
}

function numberOrNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}
