/** Catalogs with plain tables only, made from what a person wrote down, by the rows that a server would have given. */
import {
  buildMysqlCatalog,
  buildPostgresCatalog,
  type MysqlCatalog,
  type PostgresCatalog,
  plainCatalogRows,
} from '@gatehouse/sql';

/** The objects that exist, as a person writes them down: `schema.name`, or `name` for the default schema. */
export interface CatalogFile {
  readonly tables: Readonly<Record<string, readonly string[]>>;
}

/** A catalog of Postgres 18 with these tables; a name without a schema is in `public`. */
export function postgresCatalogOf(file: CatalogFile): PostgresCatalog {
  return buildPostgresCatalog(plainCatalogRows(tablesOf(file, 'public'), { user: 'inspect' }));
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
