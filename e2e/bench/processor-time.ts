import { readFileSync } from 'node:fs';

/** Clock ticks of a second in `/proc`, on every Linux. */
const TICKS = 100;

/** Processor seconds that a process has used, user and system; null where the system has no `/proc`. */
export function processorSeconds(pid: number): number | null {
  try {
    // The name, in parentheses, may hold anything; the fields behind it are counted from the state on.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return null;
  }
}
