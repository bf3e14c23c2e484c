/** Which partitions hold what, as of one moment. */
import type { Day } from './over-days.ts';
import { DAYS } from './schema.ts';
import type { RunSql, SqlRow } from './sql-connection.ts';

/** What a reader looks for; all that is given must fit. */
export interface DayFilter {
  readonly node?: string | undefined;
  /** Events of this time or later, ISO 8601. */
  readonly from?: string | undefined;
  /** Events before this time. */
  readonly to?: string | undefined;
  /** Ids above this. */
  readonly above?: number | undefined;
  /** Ids below this. */
  readonly below?: number | undefined;
  /** Numbers from this on. */
  readonly first?: number | undefined;
  /** Numbers up to this. */
  readonly last?: number | undefined;
}

export interface FoundDays {
  readonly days: readonly FoundDay[];
  /**
   * The newest id of all. What is behind it came after this moment, perhaps in a partition that is not
   * named here: a reader who takes it might miss what came before it.
   */
  readonly newest: number;
}

export interface FoundDay {
  readonly day: string;
  readonly oldest: number;
  readonly newest: number;
  readonly first: number;
  readonly last: number;
}

export async function readDays(run: RunSql, filter: DayFilter = {}): Promise<FoundDays> {
  const {
    node = null,
    from = null,
    to = null,
    above = null,
    below = null,
    first = null,
    last = null,
  } = filter;
  const rows = await run(
    `select to_char(day, 'YYYY-MM-DD') as day, min(oldest) as oldest, max(newest) as newest, min(first) as first,
      max(last) as last, (select max(newest) from ${DAYS}) as latest
    from ${DAYS}
    where ($1::text is null or node = $1) and ($2::timestamptz is null or latest >= $2)
      and ($3::timestamptz is null or earliest < $3) and ($4::bigint is null or newest > $4)
      and ($5::bigint is null or oldest < $5) and ($6::bigint is null or last >= $6) and ($7::bigint is null or first <= $7)
    group by day order by day`,
    ...[node, from, to, above, below, first, last],
  );
  return { days: rows.map(foundDay), newest: Number(rows[0]?.['latest'] ?? 0) };
}

function foundDay(row: SqlRow): FoundDay {
  const { day, oldest, newest, first, last } = row;
  return {
    day: String(day),
    oldest: Number(oldest),
    newest: Number(newest),
    first: Number(first),
    last: Number(last),
  };
}

/** In the order of arrival. */
export function byArrival({ days }: FoundDays): readonly Day[] {
  return days.map(({ day, oldest }) => ({ day, start: oldest }));
}

/** The other way round. */
export function newestFirst({ days }: FoundDays): readonly Day[] {
  return days.map(({ day, newest }) => ({ day, start: -newest }));
}

/** In the order of numbers, for the days of one node. */
export function byNumber({ days }: FoundDays): readonly Day[] {
  return days.map(({ day, first }) => ({ day, start: first }));
}
