export type { SqlAnalyzer, TextContext } from './classify/analyzer.ts';
export { createMysqlAdapter, type MysqlAdapterOptions } from './create-mysql-adapter.ts';
export { DEFAULT_MYSQL_OPTIONS, type MysqlOptions } from './mysql-options.ts';
