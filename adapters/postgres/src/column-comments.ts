import type { Ask, ColumnComment } from '@gatehouse/adapter';

/** A comment may be a gigabyte; one that is too long to be read stands for a label that cannot be. */
const MAX_CHARACTERS = 65_536;

/** Names in full, so the search path does not matter; only comments in which labels can stand. */
const QUERY = `select n.nspname::text as schema, c.relname::text as relation, a.attname::text as name,
    case when pg_catalog.length(d.description) > ${MAX_CHARACTERS} then 'gatehouse:' else d.description end as comment
  from pg_catalog.pg_description d
  join pg_catalog.pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objsubid > 0
    and d.description operator(pg_catalog.~~*) '%gatehouse:%'
  order by 1, 2, a.attnum`;

/** Reads `COMMENT ON COLUMN` of tables, views and everything else with columns. */
export async function loadColumnComments(ask: Ask): Promise<readonly ColumnComment[]> {
  const rows = (await ask({ sql: QUERY })) as readonly Readonly<Record<string, unknown>>[];
  return rows.map((row) => ({
    object: { kind: 'relation', path: [String(row['schema']), String(row['relation'])] },
    field: String(row['name']),
    comment: String(row['comment']),
  }));
}
