/** Catalogs with plain tables only, made from what a person wrote down, by the rows that a server would have given. */
import {
  buildMysqlCatalog,
  buildPostgresCatalog,
  type MysqlCatalog,
  type PostgresCatalog,
} from '@gatehouse/sql';

/** The objects that exist, as a person writes them down: `schema.name`, or `name` for the default schema. */
export interface CatalogFile {
  readonly tables: Readonly<Record<string, readonly string[]>>;
}

/** A catalog of Postgres 18 with these tables; a name without a schema is in `public`. */
export function postgresCatalogOf(file: CatalogFile): PostgresCatalog {
  const entries = tablesOf(file, 'public').map((table, index) => ({
    ...table,
    oid: String(FIRST_OID + index),
  }));
  const schemas = new Set(['public', 'pg_catalog', ...entries.map(({ schema }) => schema)]);
  return buildPostgresCatalog({
    settings: [{ version: '180000', search_path: '"$user", public', user: 'inspect' }],
    schemas: [...schemas].map((name) => ({ name, usable: true })),
    relations: entries.map(({ oid, schema, name }) => ({
      oid,
      schema,
      name,
      kind: 'r',
      rules: false,
      triggers: false,
      rls: false,
      indexed: null,
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
  });
}

/** A catalog of MySQL or MariaDB with these tables; a name without a schema is in `database`. */
export function mysqlCatalogOf(file: CatalogFile, database: string): MysqlCatalog {
  const entries = tablesOf(file, database);
  return buildMysqlCatalog({
    settings: [{ lower_case: 0 }],
    relations: entries.map(({ schema, name }) => ({ db: schema, name, type: 'BASE TABLE' })),
    columns: entries.flatMap(({ schema, name, columns }) =>
      columns.map((column) => ({ db: schema, name, col: column })),
    ),
    views: [],
    triggers: [],
  });
}

function tablesOf({ tables }: CatalogFile, schema: string) {
  return Object.entries(tables).map(([path, columns]) => {
    const dot = path.indexOf('.');
    return { schema: dot < 0 ? schema : path.slice(0, dot), name: path.slice(dot + 1), columns };
  });
}

const FIRST_OID = 20_000;
