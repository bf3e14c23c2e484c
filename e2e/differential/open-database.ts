/** A database of a real server together with what the analyzer knows of it, loaded as the gateway loads it. */
import {
  type Analysis,
  type AnalyzedStatement,
  buildPostgresCatalog,
  createPostgresAnalyzer,
  createPostgresContext,
  loadPostgresParser,
  POSTGRES_CATALOG_QUERIES,
  type PostgresCatalog,
  type PostgresCatalogRows,
} from '@gatehouse/sql';
import type pg from 'pg';
import type { StatementSource } from './generate-statement.ts';
import type { Column, Kind, Table } from './grammar.ts';

export interface AnalyzedDatabase {
  readonly catalog: PostgresCatalog;
  readonly source: StatementSource;
  /** The one statement of the text; null where the analyzer refuses it. Rejects for what breaks its promises. */
  analyze(text: string): Promise<AnalyzedStatement | null>;
  /** Every statement of the text, in order; null where the analyzer refuses it. */
  analyzeAll(text: string): Promise<readonly AnalyzedStatement[] | null>;
  /** The queries of every view that the statement reads, views behind views among them. */
  viewsBehind(statement: AnalyzedStatement): Promise<readonly AnalyzedStatement[]>;
  close(): Promise<void>;
}

/** Reads the catalog as the client's user; `analyze` answers for that user. */
export async function openDatabase(client: pg.Client): Promise<AnalyzedDatabase> {
  const rows: Record<string, PostgresCatalogRows['relations']> = {};
  for (const [name, sql] of Object.entries(POSTGRES_CATALOG_QUERIES))
    rows[name] = (await client.query(sql)).rows;
  const catalog = buildPostgresCatalog(rows as unknown as PostgresCatalogRows);
  const analyzer = createPostgresAnalyzer({ parser: await loadPostgresParser(), cacheBytes: 1 << 20 });
  const context = createPostgresContext(catalog, { database: client.database ?? '', user: catalog.user });
  const analyzeAll = async (text: string) => {
    const analysis: Analysis = await analyzer.analyze(text, context);
    if (analysis.kind === 'refused') {
      if (analysis.code === 'not-understood') throw new Error('the analyzer failed');
      return null;
    }
    return analysis.statements;
  };
  const analyze = async (text: string) => {
    const statements = await analyzeAll(text);
    if (statements !== null && statements.length !== 1) throw new Error('expected one statement');
    return statements?.[0] ?? null;
  };
  return {
    catalog,
    source: await readSource(client),
    analyze,
    analyzeAll,
    async viewsBehind({ facts: { accesses } }) {
      const views: AnalyzedStatement[] = [];
      // The accesses hold what is behind a view, and what is behind that.
      for (const { object } of accesses.known ? accesses.value : []) {
        const [schema, name] = object.known ? object.value.path : [];
        const definition = catalog.relation(schema ?? '', name ?? '')?.definition;
        const query = typeof definition === 'string' ? await analyze(definition) : null;
        if (query !== null) views.push(query);
      }
      return views;
    },
    close: () => analyzer.close(),
  };
}

const KINDS: Readonly<Record<string, Kind>> = {
  integer: 'int',
  smallint: 'int',
  text: 'text',
  boolean: 'bool',
  jsonb: 'json',
  'integer[]': 'ints',
  'text[]': 'texts',
};

async function readSource(client: pg.Client): Promise<StatementSource> {
  const { rows } = await client.query<{
    readonly schema: string;
    readonly name: string;
    readonly kind: string;
    readonly first: boolean;
    readonly columns: readonly { readonly name: string; readonly type: string; readonly generated: string }[];
  }>(`select n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind, pg_table_is_visible(c.oid) as first,
      json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, null), 'generated', a.attgenerated)
        order by a.attnum) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('r', 'p', 'v', 'm')
    group by n.nspname, c.relname, c.relkind, c.oid order by c.oid`);
  const tables = rows.map(({ schema, name, kind, first, columns }): Table => {
    const all = columns.map((column): Column & { readonly isGenerated: boolean } => ({
      name: column.name,
      kind: KINDS[column.type] ?? kindOfOwn(column.type),
      isGenerated: column.generated !== '',
    }));
    const writable = all.filter(({ isGenerated }) => !isGenerated);
    const isTable = kind === 'r' || kind === 'p';
    const hasPlain = writable.some((column) => column.kind === 'text' || column.kind === 'int');
    return { schema, name, columns: all, isFirst: first, writable: isTable && hasPlain ? writable : null };
  });
  const hasPair = rows.some(({ columns }) => columns.some(({ type }) => kindOfOwn(type) === 'pair'));
  return { tables, pairType: hasPair ? 'two.pair' : null };
}

function kindOfOwn(type: string): Kind {
  if (/(^|\.)pair$/.test(type)) return 'pair';
  if (/(^|\.)pair\[\]$/.test(type)) return 'pairs';
  return 'other';
}
