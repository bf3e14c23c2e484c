/** What a plan of retention is made of, out of the database. */
import type { StoreFacts } from '../retention/plan-retention.ts';
import { DAYS_AT_ONCE, inDays } from './over-days.ts';
import { readDays } from './read-days.ts';
import { DAYS, RUNS, TABLE, TRIMS } from './schema.ts';
import type { RunSql, SqlRow } from './sql-connection.ts';

/** Whatever nodes have told lately stands in the partitions that were filled last. */
const LATELY_DAYS = 2;
const MAX_TOLD = 10_000;

/** `checkpoints` gives the line of each node's newest one. */
export function storeFacts(run: RunSql, checkpoints: () => Promise<readonly string[]>): StoreFacts {
  return {
    checkpoints,

    async days() {
      const rows = await run(
        `select to_char(day, 'YYYY-MM-DD') as day, node, first, last,
          coalesce(pg_total_relation_size(to_regclass('${TABLE}_' || to_char(day, 'YYYYMMDD'))), 0) as bytes
        from ${DAYS} order by day, node`,
      );
      const days = new Map<string, { day: string; bytes: number; parts: ReturnType<typeof rangeOf>[] }>();
      for (const row of rows) {
        const day = String(row['day']);
        const one = days.get(day) ?? { day, bytes: Number(row['bytes']), parts: [] };
        one.parts.push(rangeOf(row));
        days.set(day, one);
      }
      return [...days.values()];
    },

    async runs() {
      return (await run(`select node, first, last from ${RUNS} order by node, first`)).map(rangeOf);
    },

    trimmed: () => readTrims(run),

    async newest() {
      const rows = await run(
        `select node, (extract(epoch from max(latest)) * 1000)::bigint as newest from ${DAYS} group by node`,
      );
      return new Map(rows.map((row) => [String(row['node']), Number(row['newest'])]));
    },

    async told(code, where) {
      const { days } = await readDays(run);
      const newestFirst = days.toSorted((a, b) => b.newest - a.newest).map(({ day }) => day);
      const all = where === 'ever' ? newestFirst : newestFirst.slice(0, LATELY_DAYS);
      const lines: string[] = [];
      for (const some of inChunks(all)) {
        const text = `select line from ${TABLE} e where ${inDays('e', some)} and kind = 'gateway' and code = $1::text
          order by id desc limit ${MAX_TOLD}`;
        lines.push(...(await run(text, code)).map((row) => String(row['line'])));
      }
      return lines;
    },

    async counts(days) {
      const counts = new Map<string, number>();
      for (const some of inChunks(days)) {
        const text = `select node, count(*) as events from ${TABLE} e where ${inDays('e', some)} group by node`;
        for (const row of await run(text)) {
          const node = String(row['node']);
          counts.set(node, (counts.get(node) ?? 0) + Number(row['events']));
        }
      }
      return counts;
    },

    async line(node, seq) {
      const { days } = await readDays(run, { node, first: seq, last: seq });
      for (const some of inChunks(days.map(({ day }) => day))) {
        const text = `select line from ${TABLE} e where ${inDays('e', some)} and node = $1::text and seq = $2::bigint`;
        const [row] = await run(text, node, seq);
        if (row !== undefined) return String(row['line']);
      }
      return null;
    },
  };
}

/** Up to where each node's numbers were taken away on purpose. */
export async function readTrims(run: RunSql): Promise<ReadonlyMap<string, number>> {
  const rows = await run(`select node, through from ${TRIMS}`);
  return new Map(rows.map((row) => [String(row['node']), Number(row['through'])]));
}

function rangeOf(row: SqlRow) {
  return { node: String(row['node']), first: Number(row['first']), last: Number(row['last']) };
}

function inChunks(days: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(days.length / DAYS_AT_ONCE) }, (_, index) =>
    days.slice(index * DAYS_AT_ONCE, (index + 1) * DAYS_AT_ONCE),
  );
}
