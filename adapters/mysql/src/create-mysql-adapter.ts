/**
 * The adapter for MySQL and MariaDB.
 */
import type { Adapter, Ask, Capabilities } from '@gatehouse/adapter';
import type { MysqlCatalog } from '@gatehouse/sql';
import type { SqlAnalyzer } from './classify/analyzer.ts';
import { createSqlAnalyzer, loadMysqlCatalog } from './classify/mysql-analyzer.ts';
import { loadColumnComments } from './column-comments.ts';
import { DEFAULT_MYSQL_OPTIONS, type MysqlOptions, mergeOptions } from './mysql-options.ts';
import { MysqlSession } from './mysql-session.ts';
import { readServerFacts } from './server-facts.ts';

export interface MysqlAdapterOptions<Catalog> extends Partial<MysqlOptions> {
  /** The one of packages/sql unless told. */
  readonly analyzer: SqlAnalyzer<Catalog>;
  loadCatalog(ask: Ask): Promise<Catalog>;
}

/** Creates the adapter for MySQL and MariaDB; one serves every listener of that dialect. */
export function createMysqlAdapter(options?: Partial<MysqlOptions>): Adapter<MysqlCatalog>;
export function createMysqlAdapter<Catalog>(options: MysqlAdapterOptions<Catalog>): Adapter<Catalog>;
export function createMysqlAdapter<Catalog>(
  options: Partial<MysqlAdapterOptions<Catalog>> = {},
): Adapter<Catalog> | Adapter<MysqlCatalog> {
  const { analyzer, loadCatalog, ...given } = options;
  const base: MysqlOptions = { ...DEFAULT_MYSQL_OPTIONS, ...given };
  if (analyzer === undefined || loadCatalog === undefined)
    return adapterOf(base, createSqlAnalyzer(), loadMysqlCatalog);
  return adapterOf(base, analyzer, loadCatalog);
}

function adapterOf<Catalog>(
  base: MysqlOptions,
  analyzer: SqlAnalyzer<Catalog>,
  loadCatalog: (ask: Ask) => Promise<Catalog>,
): Adapter<Catalog> {
  return {
    dialect: 'mysql',
    ...(analyzer.counters && { analysisCounters: () => analyzer.counters!() }),
    capabilities: MYSQL_CAPABILITIES,
    createSession: (services) => new MysqlSession(services, mergeOptions(base, services.options), analyzer),
    loadCatalog,
    readServerFacts,
    loadColumnComments,
  };
}

const MYSQL_CAPABILITIES: Capabilities = {
  maskers: ['null', 'redact', 'partial', 'hash', 'token', 'round', 'year', 'zero'],
  limits: ['rows', 'bytes', 'seconds'],
  redactDiagnostics: true,
  idleBeforeLogin: false,
};
