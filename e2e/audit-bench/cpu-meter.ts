/** Processor time of processes, for rates that a machine which is busy with something else cannot blur. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Gives the milliseconds that a process has used so far. */
export type CpuMeter = () => number;

/** This process with all its threads. */
export const ownCpu: CpuMeter = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/** A process and its children, those that have ended included; in ticks of 10 ms. */
export function familyCpu(pid: number): CpuMeter {
  return () => {
    let total = ticks(pid, [11, 12, 13, 14]);
    for (const name of readdirSync('/proc')) {
      if (/^\d+$/.test(name) && parentOf(name) === pid) total += ticks(Number(name), [11, 12]);
    }
    return total * 10;
  };
}

function ticks(pid: number, fields: readonly number[]): number {
  const values = stat(String(pid));
  return fields.reduce((sum, field) => sum + Number(values[field] ?? 0), 0);
}

function parentOf(pid: string): number {
  return Number(stat(pid)[1]);
}

/** The fields behind the name, which may hold blanks itself; none for a process that has gone. */
function stat(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  } catch {
    return [];
  }
}
