import type { PostgresCatalogRows } from './catalog-queries.ts';

/** A table, or another relation without anything special; its columns are texts. */
export interface PlainTable {
  /** `public`, when left out. */
  readonly schema?: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** Numbers from 20,000 on, when left out. */
  readonly oid?: number;
  /** `relkind`; `r`, when left out. */
  readonly kind?: string;
}

export interface PlainCatalogOptions {
  readonly user?: string;
  readonly searchPath?: string;
  /** Besides `public`, `pg_catalog` and those of the tables. */
  readonly schemas?: readonly string[];
}

/**
 * The rows that a server of Postgres 18 would give for these tables and nothing else: for catalogs that somebody has
 * written down, and as a beginning for others.
 */
export function plainCatalogRows(
  tables: readonly PlainTable[],
  { user = 'app', searchPath = '"$user", public', schemas = [] }: PlainCatalogOptions = {},
): PostgresCatalogRows {
  const entries = tables.map(({ schema = 'public', name, columns, oid, kind = 'r' }, index) => ({
    ...{ schema, name, columns, oid: String(oid ?? FIRST_OID + index), kind },
  }));
  const names = new Set(['public', 'pg_catalog', ...schemas, ...entries.map(({ schema }) => schema)]);
  return {
    settings: [{ version: '180000', search_path: searchPath, user }],
    schemas: [...names].map((name) => ({ name, usable: true })),
    relations: entries.map(({ oid, schema, name, kind }) => ({
      ...{ oid, schema, name, kind, rules: false, triggers: false, rls: false, indexed: null },
    })),
    columns: entries.flatMap(({ oid, columns }) =>
      columns.map((name, index) => ({ oid, attnum: String(index + 1), name, type: 'text' })),
    ),
    inheritance: [],
    viewRelations: [],
    viewFunctions: [],
    foreignTables: [],
    functions: [],
    operators: [],
    casts: [],
    cascades: [],
    tableRoutines: [],
  };
}

const FIRST_OID = 20_000;
