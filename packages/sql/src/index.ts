export type { Analysis, AnalyzedStatement, AnalyzedText, Refusal, SessionEffect } from './analysis.ts';
export type { AnalysisCacheCounters } from './cache/analysis-cache.ts';
export { buildMysqlCatalog } from './mysql/build-mysql-catalog.ts';
export {
  createMysqlAnalyzer,
  type MysqlAnalyzer,
  type MysqlAnalyzerOptions,
  type MysqlContext,
} from './mysql/create-mysql-analyzer.ts';
export {
  MYSQL_CATALOG_QUERIES,
  type MysqlCatalog,
  type MysqlCatalogQuery,
  type MysqlCatalogRows,
  type MysqlRelation,
} from './mysql/mysql-catalog.ts';
export { isSafeSetting } from './mysql/safe-setting.ts';
export { buildPostgresCatalog, buildPostgresCatalogInPieces } from './postgres/build-catalog.ts';
export type {
  CatalogColumn,
  CatalogFunction,
  CatalogOrigin,
  CatalogReach,
  CatalogRelation,
  CatalogRelationKind,
  CatalogSchema,
  PostgresCatalog,
} from './postgres/catalog.ts';
export type { CatalogRow, PostgresCatalogQuery, PostgresCatalogRows } from './postgres/catalog-queries.ts';
export { POSTGRES_CATALOG_QUERIES } from './postgres/catalog-queries.ts';
export type { CopyFormat } from './postgres/copy-format.ts';
export type {
  PostgresAnalyzer,
  PostgresAnalyzerOptions,
  PostgresParser,
} from './postgres/create-postgres-analyzer.ts';
export { createPostgresAnalyzer, loadPostgresParser } from './postgres/create-postgres-analyzer.ts';
export { isPinnedSetting } from './postgres/pinned-setting.ts';
export type { PlainCatalogOptions, PlainTable } from './postgres/plain-catalog-rows.ts';
export { plainCatalogRows } from './postgres/plain-catalog-rows.ts';
export type { PostgresContext } from './postgres/postgres-context.ts';
export { createPostgresContext } from './postgres/postgres-context.ts';
export { formatSearchPath, parseSearchPath } from './postgres/search-path.ts';
