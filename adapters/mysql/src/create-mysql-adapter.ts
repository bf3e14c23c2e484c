/**
 * The adapter for MySQL and MariaDB.
 */
import type { Adapter, Capabilities } from '@gatehouse/adapter';
import type { SqlAnalyzer } from './classify/analyzer.ts';
import { DEFAULT_MYSQL_OPTIONS, type MysqlOptions, mergeOptions } from './mysql-options.ts';
import { MysqlSession } from './mysql-session.ts';
import { readServerFacts } from './server-facts.ts';

export interface MysqlAdapterOptions<Catalog> extends Partial<MysqlOptions> {
  readonly analyzer: SqlAnalyzer<Catalog>;
  loadCatalog(ask: (question: unknown) => Promise<unknown>): Promise<Catalog>;
}

/** Creates the adapter with any analyzer; `createMysqlAdapter` gives it the one of `@gatehouse/sql`. */
export function createAdapterWith<Catalog>(options: MysqlAdapterOptions<Catalog>): Adapter<Catalog> {
  const { analyzer, loadCatalog, ...given } = options;
  const base: MysqlOptions = { ...DEFAULT_MYSQL_OPTIONS, ...given };
  return {
    dialect: 'mysql',
    capabilities: MYSQL_CAPABILITIES,
    createSession: (services) => new MysqlSession(services, mergeOptions(base, services.options), analyzer),
    loadCatalog,
    readServerFacts,
  };
}

export const MYSQL_CAPABILITIES: Capabilities = {
  maskers: ['null', 'redact', 'partial', 'hash', 'token', 'round', 'year', 'zero'],
  limits: ['rows', 'bytes', 'seconds'],
  redactDiagnostics: true,
  idleBeforeLogin: false,
};
