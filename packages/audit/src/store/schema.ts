/**
 * The schema of the store, the same for a Postgres server and the embedded one.
 *
 *   events   one row per event, a partition per day; the rest is small and says where to look
 *   runs     which numbers of which node are known, as stretches without a hole
 *   days     what lies in which partition
 *   trims    which numbers were taken away on purpose
 *
 * Why there is no unique key over (node, seq): one on a partitioned table must hold the day, and so
 * would take an altered double of an event that names another time, in another partition, for a new
 * event. `runs` is not partitioned and knows numbers, not times. A number is looked up there and
 * added there in the transaction that adds the row, under the lock that every writer holds until it
 * commits, so that two writers never both find a number free. What is known already is compared with
 * the row, byte for byte. A run has the hash of its last line and the `prev` of its first: whether
 * new events continue the chain is seen without reading a row. As long as nothing is missing a node
 * has one run, however many events there are. Within its day a number is unique by an index as well.
 *
 * `day` is the day of the event's time (UTC), kept within bounds by event-day: it chooses the place
 * only. `id` counts in the order in which rows become visible, because of the same lock: a reader
 * who has seen an id never misses a smaller one that commits later.
 */

export const TABLE = 'gatehouse_audit_events';
export const RUNS = 'gatehouse_audit_runs';
export const DAYS = 'gatehouse_audit_days';
export const TRIMS = 'gatehouse_audit_trims';
/** The table of a store without partitions, until its rows are moved. */
export const OLD_TABLE = 'gatehouse_audit_events_old';
export const IDS = 'gatehouse_audit_ids';

/** Key of the advisory lock under which everything is written; any number that others do not use. */
export const WRITE_LOCK = 7_203_114_455;

/** Columns of a row, in the order of the parameters of an insert. */
export const ROW_COLUMNS = [
  ...([
    'id',
    'day',
    'node',
    'seq',
    'at',
    'kind',
    'request',
    'session',
    'who',
    'database',
    'objects',
  ] as const),
  ...(['action', 'effect', 'rule', 'result', 'code', 'verb', 'purpose', 'text', 'line', 'facts'] as const),
] as const;

/** Makes what is missing, once, whoever else does the same at that moment. One statement, all or nothing; it can be run again and again. */
export function schemaStatement(functions: readonly string[]): string {
  return `do $migrate$
begin
  perform pg_advisory_xact_lock(${WRITE_LOCK});
  if exists (select from pg_class where oid = to_regclass('${TABLE}') and relkind = 'r') then
    alter table ${TABLE} rename to ${OLD_TABLE};
  end if;
  if to_regclass('${TABLE}') is null then
    -- Where the events are gone, nothing is known of them either.
    drop table if exists ${RUNS}, ${DAYS}, ${TRIMS};
    create sequence if not exists ${IDS};
    if to_regclass('${OLD_TABLE}') is not null then
      perform setval('${IDS}', (select greatest(coalesce(max(id), 1), nextval('${IDS}')) from ${OLD_TABLE}));
    end if;
    create table ${TABLE} (
      id bigint not null,
      day date not null,
      node text not null,
      seq bigint not null,
      at timestamptz not null,
      kind text not null,
      request text,
      session text,
      who text,
      database text,
      objects text[] not null,
      action text,
      effect text,
      rule text,
      result text,
      code text,
      verb text,
      purpose text,
      text text,
      line text not null,
      facts tsvector not null
    ) partition by range (day);
    create table ${RUNS} (
      node text not null,
      first bigint not null,
      last bigint not null,
      prev text not null,
      hash text not null,
      primary key (node, first)
    ) with (fillfactor = 50);
    create table ${DAYS} (
      day date not null,
      node text not null,
      first bigint not null,
      last bigint not null,
      events bigint not null,
      oldest bigint not null,
      newest bigint not null,
      earliest timestamptz not null,
      latest timestamptz not null,
      primary key (day, node)
    ) with (fillfactor = 50);
    create table ${TRIMS} (
      node text primary key,
      through bigint not null,
      head text not null,
      key text not null
    );
  end if;
${functions.map((text) => `  ${text};`).join('\n')}
end
$migrate$`;
}
