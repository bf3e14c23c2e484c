/**
 * Samples the tables of one MySQL or MariaDB database, from the start of each. Views are left out: they have the
 * labels of what they select.
 */
import type { Ask } from '@gatehouse/adapter';
import type { ValueType } from '@gatehouse/classify';
import { columnsOfRows, type RowColumn } from './sample-rows.ts';
import {
  MAX_DOCUMENT_BYTES,
  MAX_VALUE_CHARACTERS,
  problemOf,
  type Row,
  rowsOf,
  type SampledTable,
  type SampleOptions,
} from './sampled-table.ts';

interface Table {
  readonly name: string;
  readonly columns: Column[];
}

interface Column extends RowColumn {
  readonly isRead: boolean;
  readonly maxCharacters: number;
}

export async function sampleMysql(ask: Ask, options: SampleOptions): Promise<readonly SampledTable[]> {
  const [server] = rowsOf(await ask({ sql: 'select version() as version' }));
  const bounded = boundedSelect(String(server?.['version'] ?? ''), options.timeoutMs);
  const tables = readTables(rowsOf(await ask({ sql: columnsOf(options.database) })));
  const sampled: SampledTable[] = [];
  for (const table of tables) {
    sampled.push(await sampleTable(ask, table, bounded, options));
    options.progress(sampled.length, tables.length);
  }
  return sampled;
}

function columnsOf(database: string): string {
  // A hexadecimal literal needs no quoting, whatever the server's SQL mode is.
  const name = `convert(0x${Buffer.from(database, 'utf8').toString('hex')} using utf8mb4)`;
  return `select c.table_name as relation, c.column_name as name, c.data_type as type
    from information_schema.columns c
    join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.table_schema = ${name} and t.table_type = 'BASE TABLE'
    order by c.table_name, c.ordinal_position`;
}

/** The head of a SELECT that the server ends by itself. */
function boundedSelect(version: string, timeoutMs: number): string {
  return /mariadb/i.test(version)
    ? `set statement max_statement_time = ${(timeoutMs / 1_000).toFixed(3)} for select`
    : `select /*+ MAX_EXECUTION_TIME(${Math.ceil(timeoutMs)}) */`;
}

function readTables(rows: readonly Row[]): readonly Table[] {
  const tables = new Map<string, Table>();
  for (const row of rows) {
    const name = textOf(row['relation']);
    const table = tables.get(name) ?? { name, columns: [] };
    tables.set(name, table);
    const type = textOf(row['type']).toLowerCase();
    table.columns.push({
      name: textOf(row['name']),
      key: `c${table.columns.length}`,
      type: TYPES[type] ?? 'other',
      isRead: TYPES[type] !== undefined,
      // MariaDB's JSON is a longtext; what is cut off is no JSON any more.
      maxCharacters: type === 'json' || type === 'longtext' ? MAX_DOCUMENT_BYTES : MAX_VALUE_CHARACTERS,
    });
  }
  return [...tables.values()];
}

const listed = (type: ValueType, names: string): Readonly<Record<string, ValueType>> =>
  Object.fromEntries(names.split(' ').map((name) => [name, type]));

/** Types of `information_schema.columns.data_type` whose values are read. */
const TYPES: Readonly<Record<string, ValueType>> = {
  ...listed('text', 'char varchar tinytext text mediumtext longtext enum set json inet4 inet6'),
  ...listed('number', 'smallint mediumint int bigint decimal float double'),
  ...listed('boolean', 'tinyint'),
  ...listed('date', 'date datetime timestamp'),
};

async function sampleTable(
  ask: Ask,
  { name, columns }: Table,
  bounded: string,
  options: SampleOptions,
): Promise<SampledTable> {
  const namespace = options.database;
  const read = columns.filter(({ isRead }) => isRead);
  const outputs = read.map(
    (column) =>
      `left(convert(${quote(column.name)} using utf8mb4), ${column.maxCharacters}) as ${column.key}`,
  );
  try {
    if (outputs.length === 0) return { namespace, name, columns: columnsOfRows(columns, []) };
    const sql = `${bounded} ${outputs.join(', ')} from ${quote(namespace)}.${quote(name)} limit ${options.rows}`;
    return { namespace, name, columns: columnsOfRows(columns, rowsOf(await ask({ sql }))) };
  } catch (error) {
    return { namespace, name, columns: columnsOfRows(columns, []), problem: problemOf(error) };
  }
}

function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : String(value ?? '');
}

function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
