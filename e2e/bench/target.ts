/** Where a load generator connects to. */
export interface Target {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The process that stands in between; absent for the server itself. */
  readonly pid?: number;
}

/** What one point gave. */
export interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The value below which a share of the sorted numbers lies. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Several rounds of one point as one: the mean of the rates, the median round's latencies. */
export function combine(rounds: readonly Measured[]): Measured {
  const mean = rounds.reduce((sum, { perSecond }) => sum + perSecond, 0) / rounds.length;
  const middle = (pick: (measured: Measured) => number): number =>
    percentile(
      rounds.map(pick).sort((a, b) => a - b),
      0.5,
    );
  return { perSecond: mean, p50Ms: middle(({ p50Ms }) => p50Ms), p99Ms: middle(({ p99Ms }) => p99Ms) };
}
