/**
 * What the store does inside the database, in one round trip and one transaction each.
 *
 * A name ends in a number that grows when what it does changes, so that gateways of two versions can
 * write to one store while they are exchanged.
 */
import { inDays } from './over-days.ts';
import { DAYS, IDS, ROW_COLUMNS, RUNS, TABLE, TRIMS, WRITE_LOCK } from './schema.ts';

/** Separates the rows in a parameter; see insert-rows. */
const ROWS = String.raw`e'\x1f', e'\x1d'`;

/** What a column makes of its text; a text of one empty value is taken apart into none. */
const MADE: Partial<Record<(typeof ROW_COLUMNS)[number], string>> = {
  id: `coalesce(r.id::bigint, nextval('${IDS}'))`,
  day: 'r.day::date',
  node: `coalesce(r.node, '')`,
  seq: 'r.seq::bigint',
  at: 'r.at::timestamptz',
  kind: `coalesce(r.kind, '')`,
  objects: String.raw`coalesce(string_to_array(r.objects, e'\x1e'), '{}')`,
  facts: String.raw`array_to_tsvector(coalesce(string_to_array(r.facts, e'\x1e'), '{}'))`,
};

export const RUN_COLUMNS = ['node', 'first', 'last', 'prev', 'hash'] as const;
export const DAY_COLUMNS = [
  ...(['day', 'node', 'first', 'last', 'events', 'oldest', 'newest', 'earliest', 'latest'] as const),
] as const;

const PARAMETERS = [
  ...ROW_COLUMNS.map((name) => `row_${name}`),
  ...RUN_COLUMNS.map((name) => `run_${name}`),
  ...DAY_COLUMNS.map((name) => `day_${name}`),
  'days_ready',
];

function rowsOf(prefix: string, names: readonly string[]): string {
  const columns = names.map((name) => `string_to_array(${prefix}_${name}, ${ROWS})`);
  return `unnest(${columns.join(', ')}) as r (${names.join(', ')})`;
}

function created(name: string, parameters: string, rest: string): string {
  return `if to_regprocedure('${name}(${parameters.replaceAll(/\w+ (\w+)/g, '$1')})') is null then
    create function ${name}(${parameters}) ${rest};
  end if`;
}

/** Makes the partition of a day with its indexes. Attached after it is whole, because that holds up nobody who reads. */
const READY = created(
  'gatehouse_audit_ready_1',
  'wanted date',
  `returns void language plpgsql as $f$
declare
  name text := '${TABLE}_' || to_char(wanted, 'YYYYMMDD');
begin
  if to_regclass(name) is not null then
    return;
  end if;
  execute format('create table %I (like ${TABLE} including defaults including storage)', name);
  execute format('create unique index %I on %I (node, seq)', name || '_seq', name);
  execute format('create unique index %I on %I (id)', name || '_id', name);
  -- Times grow with the rows, so that a note for each stretch of the table is enough.
  execute format('create index %I on %I using brin (at) with (autosummarize = on)', name || '_at', name);
  execute format('create index %I on %I (request) where request is not null', name || '_request', name);
  execute format('create index %I on %I (session) where session is not null', name || '_session', name);
  execute format('create index %I on %I (code, node, seq) where kind = ''gateway''', name || '_code', name);
  execute format('create index %I on %I using gin (facts)', name || '_facts', name);
  execute format('alter table ${TABLE} attach partition %I for values from (%L) to (%L)', name, wanted, wanted + 1);
end
$f$`,
);

/**
 * Adds rows, all or none: none when one of their numbers is known already, which it tells then as
 * `known` ranges. Otherwise it tells as `broken` the events whose line does not name the hash of the
 * one before, where one of the two was there already. With `again` numbers are known and rows missing.
 */
const INSERT = created(
  'gatehouse_audit_insert_1',
  [...PARAMETERS.map((name) => `${name} text`), 'again boolean'].join(', '),
  `returns table (what text, of_node text, of_first bigint, of_last bigint) language plpgsql as $f$
#variable_conflict use_column
declare
  run record;
  other record;
  start bigint;
  free boolean := true;
  next_id bigint;
begin
  perform pg_advisory_xact_lock(${WRITE_LOCK});
  if not again then
    for run in select coalesce(r.node, '') as node, r.first::bigint as first, r.last::bigint as last from ${rowsOf('run', RUN_COLUMNS)} loop
      for other in (select first, last from ${RUNS} where node = run.node and first <= run.first order by first desc limit 1)
        union all (select first, last from ${RUNS} where node = run.node and first > run.first and first <= run.last)
      loop
        if other.last >= run.first then
          free := false;
          return query select 'known', run.node, greatest(other.first, run.first), least(other.last, run.last);
        end if;
      end loop;
    end loop;
    if not free then
      return;
    end if;
    for run in select coalesce(r.node, '') as node, r.first::bigint as first, r.last::bigint as last, r.prev, r.hash from ${rowsOf('run', RUN_COLUMNS)} loop
      start := run.first;
      select first, last, hash into other from ${RUNS} where node = run.node and first < run.first order by first desc limit 1;
      if found and other.last = run.first - 1 then
        start := other.first;
        if other.hash <> run.prev then
          return query select 'broken', run.node, run.first, run.first;
        end if;
        update ${RUNS} set last = run.last, hash = run.hash where node = run.node and first = start;
      else
        insert into ${RUNS} (node, first, last, prev, hash) values (run.node, run.first, run.last, run.prev, run.hash);
      end if;
      select first, last, prev, hash into other from ${RUNS} where node = run.node and first = run.last + 1;
      if found then
        if other.prev <> run.hash then
          return query select 'broken', run.node, other.first, other.first;
        end if;
        delete from ${RUNS} where node = run.node and first = other.first;
        update ${RUNS} set last = other.last, hash = other.hash where node = run.node and first = start;
      end if;
    end loop;
  end if;
  perform gatehouse_audit_ready_1(d::date) from unnest(string_to_array(days_ready, ${ROWS})) d;
  select case when is_called then last_value + 1 else last_value end into next_id from ${IDS};
  insert into ${TABLE} (${ROW_COLUMNS.join(', ')})
    select ${ROW_COLUMNS.map((name) => MADE[name] ?? `r.${name}`).join(', ')}
    from ${rowsOf('row', ROW_COLUMNS)};
  insert into ${DAYS} as d (${DAY_COLUMNS.join(', ')})
    select r.day::date, coalesce(r.node, ''), r.first::bigint, r.last::bigint, r.events::bigint, coalesce(r.oldest::bigint, next_id),
      coalesce(r.newest::bigint, currval('${IDS}')), r.earliest::timestamptz, r.latest::timestamptz
    from ${rowsOf('day', DAY_COLUMNS)}
    on conflict (day, node) do update set first = least(d.first, excluded.first), last = greatest(d.last, excluded.last),
      events = d.events + excluded.events, oldest = least(d.oldest, excluded.oldest), newest = greatest(d.newest, excluded.newest),
      earliest = least(d.earliest, excluded.earliest), latest = greatest(d.latest, excluded.latest);
end
$f$`,
);

/** Takes days away with what is known of them, unless there is more in them than the numbers say. Who reads holds it up for two seconds at most; the next attempt does it then. */
const DROP = created(
  'gatehouse_audit_drop_1',
  'days text, nodes text, throughs text, heads text, keys text',
  `returns boolean language plpgsql as $f$
declare
  one date;
begin
  perform set_config('lock_timeout', '2s', true);
  perform pg_advisory_xact_lock(${WRITE_LOCK});
  create temporary table gatehouse_audit_leaving on commit drop as
    select coalesce(r.node, '') as node, r.through::bigint as through, r.head, r.key
    from unnest(string_to_array(nodes, ${ROWS}), string_to_array(throughs, ${ROWS}), string_to_array(heads, ${ROWS}),
      string_to_array(keys, ${ROWS})) as r (node, through, head, key);
  if exists (
    select from ${DAYS} d where d.day = any(string_to_array(days, ${ROWS})::date[])
      and not exists (select from gatehouse_audit_leaving l where l.node = d.node and d.last <= l.through)
  ) then
    return false;
  end if;
  insert into ${TRIMS} as t (node, through, head, key) select l.node, l.through, l.head, l.key from gatehouse_audit_leaving l
    on conflict (node) do update set through = excluded.through, head = excluded.head, key = excluded.key
      where excluded.through > t.through;
  foreach one in array string_to_array(days, ${ROWS})::date[] loop
    delete from ${DAYS} d where d.day = one;
    execute format('drop table if exists %I', '${TABLE}_' || to_char(one, 'YYYYMMDD'));
  end loop;
  return true;
end
$f$`,
);

export const FUNCTIONS: readonly string[] = [READY, INSERT, DROP];

/** Parameters: days, and of each node its name, its last number, that one's hash, and the key that has signed. */
export const DROP_DAYS =
  'select gatehouse_audit_drop_1($1::text, $2::text, $3::text, $4::text, $5::text) as dropped';

/** Parameters in the order of `ROW_COLUMNS`, `RUN_COLUMNS`, `DAY_COLUMNS`, the days that must be ready, and `again`. */
export const INSERT_EVENTS = `select what, of_node, of_first, of_last from gatehouse_audit_insert_1(${[
  ...PARAMETERS.map((_, index) => `$${index + 1}::text`),
  `$${PARAMETERS.length + 1}::boolean`,
].join(', ')})`;

/**
 * One parameter: requests. Gives their outcomes what their intents say of who asked for what, where the
 * two came in different batches, and names them. Run after both are visible: whichever came last does it.
 */
export function joinOutcomes(outcomeDays: readonly string[], intentDays: readonly string[]): string {
  return `
  update ${TABLE} o set who = i.who, database = i.database, objects = i.objects, action = i.action,
    effect = i.effect, rule = i.rule, verb = i.verb, purpose = i.purpose, text = i.text,
    facts = o.facts || shared.facts
  from ${TABLE} i, lateral (
    select coalesce(array_to_tsvector(array_agg(f)), '') as facts from unnest(tsvector_to_array(i.facts)) f
    where f !~ '^(kind|node|result|word):') shared
  where o.request = any($1::text[]) and o.kind = 'outcome' and o.who is null and ${inDays('o', outcomeDays)}
    and i.request = o.request and i.kind = 'intent' and ${inDays('i', intentDays)}
  returning o.request`;
}
