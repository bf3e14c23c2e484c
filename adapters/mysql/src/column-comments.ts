import type { Ask, ColumnComment } from '@gatehouse/adapter';

/** Only comments in which labels can stand, whatever the collation of the server. */
const QUERY = `select table_schema as db, table_name as name, column_name as col, column_comment as comment
  from information_schema.columns where lower(column_comment) like '%gatehouse:%'
  order by table_schema, table_name, ordinal_position`;

/** Reads the `COMMENT` attribute of columns. Views have none of their own. */
export async function loadColumnComments(ask: Ask): Promise<readonly ColumnComment[]> {
  const rows = (await ask({ sql: QUERY })) as readonly Readonly<Record<string, unknown>>[];
  return rows.map((row) => ({
    object: { kind: 'relation', path: [textOf(row['db']), textOf(row['name'])] },
    field: textOf(row['col']),
    comment: textOf(row['comment']),
  }));
}

function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : String(value ?? '');
}
