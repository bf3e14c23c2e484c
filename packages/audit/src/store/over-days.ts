/**
 * Reads many partitions a few at a time, in order, and stops when it has enough.
 *
 *   days, by where their rows begin ──> some of them ──> rows ──> those before where the next day
 *   begins are the first ones for sure ──> enough? ──> some more
 *
 * A query over hundreds of partitions would take long to plan, and a lock on each of their indexes.
 */

/** A partition, as far as a reader needs to know. */
export interface Day {
  /** `2026-01-31`. */
  readonly day: string;
  /** Before this no row of it comes, in the order that is read. */
  readonly start: number;
}

/** So many partitions are read with one query. */
export const DAYS_AT_ONCE = 32;

export interface OrderedRead<Row> {
  readonly days: readonly Day[];
  readonly limit: number;
  /** Where a row comes; smaller ones first. */
  readonly placeOf: (row: Row) => number;
  /** Gives the first `limit` rows of these days. */
  readonly read: (days: readonly string[]) => Promise<readonly Row[]>;
  readonly atOnce?: number;
}

/** Gives the first rows of all days. */
export async function readInOrder<Row>(options: OrderedRead<Row>): Promise<readonly Row[]> {
  const { limit, placeOf, read, atOnce = DAYS_AT_ONCE } = options;
  const days = options.days.toSorted((a, b) => a.start - b.start);
  let found: Row[] = [];
  for (let from = 0; from < days.length; from += atOnce) {
    const rows = await read(days.slice(from, from + atOnce).map(({ day }) => day));
    found = from === 0 ? [...rows] : [...found, ...rows].sort((a, b) => placeOf(a) - placeOf(b));
    const next = days[from + atOnce]?.start;
    const last = found[limit - 1];
    if (next === undefined || (last !== undefined && placeOf(last) < next)) break;
  }
  return found.slice(0, limit);
}

/** A condition that only these partitions fulfil. Written into the text, because only so the planner leaves out the others at once. */
export function inDays(row: string, days: readonly string[]): string {
  // SECURITY: the only values that are not parameters. Test: `takes nothing but days into the text of a query`.
  const safe = days.filter((day) => /^\d{4}-\d\d-\d\d$/.test(day));
  return safe.length === 0 ? 'false' : `${row}.day in (${safe.map((day) => `date '${day}'`).join(', ')})`;
}
