import type { Frame } from '@gatehouse/wire';
import { bodyOf } from '../messages/message-body.ts';

/**
 * Rows that something changed whose command tag does not tell it (writes in WITH): the difference between two looks at
 * the counters that the server keeps of its open transaction (PostgreSQL manual, 27.2, `pg_stat_get_xact_tuples_*`).
 *
 * They count every row that was inserted, updated or deleted in a table, by whatever part of the statement: foreign keys'
 * actions and triggers too. They are exact within one transaction; a look outside of one would not be, because the
 * server then hands the counters on.
 */
export class RowMeasure {
  readonly #before = new Map<string, bigint>();
  readonly #after = new Map<string, bigint>();
  #current = this.#before;

  /** One row of `MEASURE`. */
  read(frame: Frame): void {
    const body = bodyOf(frame);
    body.uint16be();
    const table = textOf(body.int32be(), (length) => body.bytes(length));
    this.#current.set(table, BigInt(textOf(body.int32be(), (length) => body.bytes(length))));
    body.end();
  }

  /** The statement has run; what comes now is the second look. */
  turn(): void {
    this.#current = this.#after;
  }

  /** Rows changed between the looks; null when the server's counters cannot tell. */
  changed(): number | null {
    if (!this.#before.has(USABLE) || !this.#after.has(USABLE)) return null;
    let sum = 0n;
    for (const [table, after] of this.#after) {
      if (table === USABLE) continue;
      const before = this.#before.get(table) ?? 0n;
      if (after < before) return null;
      sum += after - before;
    }
    // A counter that has gone was set back: by a TRUNCATE, or by the server's handing it on.
    for (const table of this.#before.keys()) if (!this.#after.has(table)) return null;
    return Number(sum);
  }
}

function textOf(length: number, take: (length: number) => Buffer): string {
  return length < 0 ? '0' : take(length).toString('latin1');
}

/** The number of no table: its row is there when the counters can be trusted. */
const USABLE = '0';

/**
 * Everything named by its schema, because a search path of the client's holds while it runs. Versions that have not been
 * tried may hand counters on within a transaction, so there it says that it cannot tell.
 */
export const MEASURE = `select 0 as table, 1 as rows
where pg_catalog.current_setting('track_counts') operator(pg_catalog.=) 'on'
  and pg_catalog.current_setting('server_version_num')::pg_catalog.int4 operator(pg_catalog.<) 190000
union all
select c.oid::pg_catalog.int8, t.rows
from pg_catalog.pg_class c cross join lateral (
  select pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)
    operator(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
    operator(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) as rows) t
where c.relkind operator(pg_catalog.=) any ('{r,m}'::pg_catalog."char"[])
  and t.rows operator(pg_catalog.>) 0`;
