/**
 * Samples the tables of a Postgres database: tables, partitioned tables and materialised views of every schema that
 * is not the server's own.
 *
 * Partitions are not sampled beside their table, views not at all: they have the labels of what is behind them.
 * Large tables are read at random blocks (`TABLESAMPLE SYSTEM`), small ones from the start.
 */
import type { Ask } from '@gatehouse/adapter';
import type { ValueType } from '@gatehouse/classify';
import { columnsOfRows, type RowColumn } from './sample-rows.ts';
import {
  MAX_DOCUMENT_BYTES,
  MAX_VALUE_CHARACTERS,
  problemOf,
  rowsOf,
  type SampledTable,
  type SampleOptions,
} from './sampled-table.ts';

const COLUMNS = `select n.nspname::text as schema, c.relname::text as relation, c.reltuples::float8::text as tuples,
    a.attname::text as name, t.typname::text as type, t.typcategory::text as category
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_type t on t.oid = a.atttypid
  where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'm') and not c.relispartition
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  order by 1, 2, a.attnum`;

interface Table {
  readonly namespace: string;
  readonly name: string;
  readonly tuples: number;
  readonly columns: Column[];
}

interface Column extends RowColumn {
  /** What stands in the select list; null for types that no detector reads. */
  readonly expression: string | null;
}

export async function samplePostgres(ask: Ask, options: SampleOptions): Promise<readonly SampledTable[]> {
  const tables = readTables(rowsOf(await ask({ sql: COLUMNS, timeoutMs: options.timeoutMs })));
  const sampled: SampledTable[] = [];
  for (const table of tables) {
    sampled.push(await sampleTable(ask, table, options));
    options.progress(sampled.length, tables.length);
  }
  return sampled;
}

function readTables(rows: readonly Readonly<Record<string, unknown>>[]): readonly Table[] {
  const tables = new Map<string, Table>();
  for (const row of rows) {
    const [namespace, name] = [String(row['schema']), String(row['relation'])];
    const key = JSON.stringify([namespace, name]);
    let table = tables.get(key);
    if (table === undefined) {
      table = { namespace, name, tuples: Number(row['tuples']), columns: [] };
      tables.set(key, table);
    }
    const column = String(row['name']);
    const [type, category] = [String(row['type']), String(row['category'])];
    table.columns.push({
      name: column,
      key: `c${table.columns.length}`,
      type: CATEGORIES[category] ?? 'other',
      expression: expressionOf(quote(column), type, category),
    });
  }
  return [...tables.values()];
}

/** `pg_type.typcategory`; network addresses are text, arrays and composites become JSON. */
const CATEGORIES: Readonly<Record<string, ValueType>> = {
  S: 'text',
  E: 'text',
  I: 'text',
  N: 'number',
  D: 'date',
  B: 'boolean',
};

function expressionOf(column: string, type: string, category: string): string | null {
  if (category === 'A' || category === 'C' || type === 'json' || type === 'jsonb') {
    const text = `pg_catalog.to_jsonb(${column})::pg_catalog.text`;
    return `case when pg_catalog.pg_column_size(${column}) <= ${MAX_DOCUMENT_BYTES} then ${text} end`;
  }
  if (CATEGORIES[category] === undefined && type !== 'xml') return null;
  return `pg_catalog."left"(${column}::pg_catalog.text, ${MAX_VALUE_CHARACTERS})`;
}

async function sampleTable(ask: Ask, table: Table, options: SampleOptions): Promise<SampledTable> {
  const { namespace, name, columns } = table;
  const outputs = columns.flatMap(({ key, expression }) =>
    expression === null ? [] : [`${expression} as ${key}`],
  );
  const select = (from: string) => ({
    sql: `select ${outputs.join(', ')} from ${quote(namespace)}.${quote(name)}${from} limit ${options.rows}`,
    timeoutMs: options.timeoutMs,
  });
  try {
    if (outputs.length === 0) return { namespace, name, columns: columnsOfRows(columns, []) };
    const share = shareOf(table, options.rows);
    let rows = share === null ? [] : rowsOf(await ask(select(` tablesample system (${share})`)));
    // The estimate was wrong, or the rows stand in few blocks.
    if (rows.length < options.rows / 2) rows = rowsOf(await ask(select('')));
    return { namespace, name, columns: columnsOfRows(columns, rows) };
  } catch (error) {
    return { namespace, name, columns: columnsOfRows(columns, []), problem: problemOf(error) };
  }
}

/** Tables with less than so many times the rows asked for are read from the start. */
const LARGE = 50;
/** Blocks are taken whole; asking for more of them than needed spreads the sample. */
const SPREAD = 4;

/** Per cent of the blocks, or null for tables that are small or whose size is not known. */
function shareOf({ tuples }: Table, rows: number): string | null {
  if (!(tuples > rows * LARGE)) return null;
  return Math.min(100, (100 * SPREAD * rows) / tuples).toFixed(6);
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
