import type { Ask } from '@gatehouse/adapter';
import {
  buildMysqlCatalog,
  createMysqlAnalyzer,
  isSafeSetting,
  MYSQL_CATALOG_QUERIES,
  type MysqlCatalog,
  type MysqlCatalogQuery,
  type MysqlCatalogRows,
} from '@gatehouse/sql';
import type { SqlAnalyzer } from './analyzer.ts';

/** The analyzer of packages/sql, as this adapter asks it. */
export function createSqlAnalyzer(): SqlAnalyzer<MysqlCatalog> {
  const analyzer = createMysqlAnalyzer();
  return {
    analyze: (text, context) => analyzer.analyze(text, context),
    isSafeSetting,
    counters: () => analyzer.counters,
    isBaseTable: (catalog, schema, table) => catalog.relation(schema, table)?.isView === false,
  };
}

/** Reads the catalog by its questions, one after the other. */
export async function loadMysqlCatalog(ask: Ask): Promise<MysqlCatalog> {
  const rows: Partial<Record<MysqlCatalogQuery, MysqlCatalogRows[MysqlCatalogQuery]>> = {};
  for (const [name, sql] of Object.entries(MYSQL_CATALOG_QUERIES)) {
    rows[name as MysqlCatalogQuery] = (await ask({ sql })) as MysqlCatalogRows[MysqlCatalogQuery];
  }
  return buildMysqlCatalog(rows as MysqlCatalogRows);
}
