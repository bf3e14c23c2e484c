/**
 * What is known of one MySQL or MariaDB server's objects: relations with their columns, views with what
 * they read, stored routines and triggers. An immutable snapshot of names, never values.
 */
export interface MysqlCatalog {
  readonly lowerCaseNames: boolean;
  relation(database: string, name: string): MysqlRelation | undefined;
  /** True when any database has a relation of this name, in any case. */
  hasName(name: string): boolean;
  readonly databases: ReadonlySet<string>;
}

export interface MysqlRelation {
  readonly database: string;
  readonly name: string;
  readonly isView: boolean;
  /** In order. */
  readonly columns: readonly string[];
  /** For a view, every relation that it reads, closed transitively; null when that could not be told. */
  readonly behind: readonly MysqlRelation[] | null;
  readonly triggers: readonly string[];
}

/** The questions whose answers make a catalog; one SELECT each, for MariaDB 10.4+ and MySQL 8+. */
export const MYSQL_CATALOG_QUERIES = {
  settings: `select @@lower_case_table_names as lower_case`,
  relations: `select table_schema as db, table_name as name, table_type as type from information_schema.tables`,
  columns: `select table_schema as db, table_name as name, column_name as col from information_schema.columns order by table_schema, table_name, ordinal_position`,
  views: `select table_schema as db, table_name as name, view_definition as definition from information_schema.views`,
  triggers: `select event_object_schema as db, event_object_table as name, trigger_name as trg from information_schema.triggers`,
} as const;

export type MysqlCatalogQuery = keyof typeof MYSQL_CATALOG_QUERIES;
export type MysqlCatalogRows = Readonly<
  Record<MysqlCatalogQuery, readonly Readonly<Record<string, unknown>>[]>
>;
