/**
 * The schema of the store, the same for a Postgres server and the embedded one.
 *
 * `id` counts in the order in which rows become visible: every insert holds one lock until it
 * commits, so a reader who has seen an id never misses a smaller one that commits later.
 */
import { CHECKPOINT } from '../checkpoint/checkpoint.ts';

export const TABLE = 'gatehouse_audit_events';

/** Key of the advisory lock under which rows are inserted; any number that others do not use. */
const INSERT_LOCK = 7_203_114_455;

/** Can be run again and again. One statement each. */
export const SCHEMA: readonly string[] = [
  `create table if not exists ${TABLE} (
    id bigint generated always as identity,
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
    text text,
    line text not null,
    facts tsvector not null default '',
    primary key (node, seq)
  )`,
  `create unique index if not exists ${TABLE}_id on ${TABLE} (id)`,
  // Times grow with the rows, so that a note for each stretch of the table is enough.
  `create index if not exists ${TABLE}_at on ${TABLE} using brin (at) with (autosummarize = on)`,
  `create index if not exists ${TABLE}_request on ${TABLE} (request) where request is not null`,
  `create index if not exists ${TABLE}_session on ${TABLE} (session) where session is not null`,
  `create index if not exists ${TABLE}_checkpoints on ${TABLE} (node, seq desc) where kind = 'gateway' and code = '${CHECKPOINT}'`,
  `create index if not exists ${TABLE}_facts on ${TABLE} using gin (facts)`,
];

/** The columns of a row, in the order of the parameters of `INSERT`. */
export const ROW_COLUMNS = [
  ...(['node', 'seq', 'at', 'kind', 'request', 'session', 'who', 'database', 'objects', 'action'] as const),
  ...(['effect', 'rule', 'result', 'code', 'verb', 'text', 'line', 'facts'] as const),
] as const;

/** What a column makes of its text; a text of one empty value is taken apart into none. */
const MADE: Partial<Record<(typeof ROW_COLUMNS)[number], string>> = {
  node: `coalesce(r.node, '')`,
  seq: 'r.seq::bigint',
  at: 'r.at::timestamptz',
  kind: `coalesce(r.kind, '')`,
  objects: `coalesce(string_to_array(r.objects, e'\\x1e'), '{}')`,
  facts: `array_to_tsvector(coalesce(string_to_array(r.facts, e'\\x1e'), '{}'))`,
};

/** A parameter per column, see insert-rows. Gives how many rows were not there before. */
export const INSERT = `
  with held as materialized (select pg_advisory_xact_lock(${INSERT_LOCK})),
  added as (insert into ${TABLE} (${ROW_COLUMNS.join(', ')})
  select ${ROW_COLUMNS.map((name) => MADE[name] ?? `r.${name}`).join(', ')}
  from held, unnest(${ROW_COLUMNS.map((_, index) => `string_to_array($${index + 1}::text, e'\\x1f', e'\\x1d')`).join(', ')})
    as r (${ROW_COLUMNS.join(', ')})
  order by 1, 2
  on conflict (node, seq) do nothing
  returning 1)
  select count(*) as added from added`;

/**
 * One parameter: requests. Gives their outcomes what their intents say of who asked for what, where
 * the two came in different batches. Run after both are visible: whichever came last does it.
 */
export const JOIN_OUTCOMES = `
  update ${TABLE} o set who = i.who, database = i.database, objects = i.objects, action = i.action,
    effect = i.effect, rule = i.rule, verb = i.verb, text = i.text,
    facts = o.facts || shared.facts
  from ${TABLE} i, lateral (
    select coalesce(array_to_tsvector(array_agg(f)), '') as facts from unnest(tsvector_to_array(i.facts)) f
    where f !~ '^(kind|node|result|word):') shared
  where o.request = any($1::text[]) and o.kind = 'outcome' and o.who is null
    and i.request = o.request and i.kind = 'intent'`;
