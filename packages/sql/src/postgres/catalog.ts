/**
 * What the analyzer knows of one Postgres database: an immutable snapshot, built from query results.
 *
 * Besides names and columns it knows what else is reached when a relation is touched: the parents and
 * children of a partition or an inheritance child, and everything that a view selects from, closed
 * transitively. It holds names only, never values.
 */
export interface PostgresCatalog {
  /** `server_version_num`, for example 180004. */
  readonly serverVersion: number;
  /** The user that the rows were read as; `usable` of schemas holds for that user. */
  readonly user: string;
  /** `search_path` as the loading session had it, entries as written (`"$user"` is `$user`). */
  readonly defaultSearchPath: readonly string[];
  schema(name: string): CatalogSchema | undefined;
  relation(schema: string, name: string): CatalogRelation | undefined;
  relationByOid(oid: number): CatalogRelation | undefined;
  /** Every relation of that name, in any schema. */
  relationsNamed(name: string): readonly CatalogRelation[];
  /** Functions that are not built in, by name, in any schema. */
  functionsNamed(name: string): readonly CatalogFunction[];
  /** Functions behind operators of that name that are not built in. */
  operatorFunctions(name: string): readonly CatalogFunction[];
  /** Functions behind casts to the type, when a cast is not built in. */
  castFunctions(typeName: string): readonly CatalogFunction[];
  /** Where a column of a result comes from, by RowDescription's table OID and attribute number; null when not in the snapshot. */
  columnOrigin(oid: number, attnum: number): CatalogOrigin | null;
  /**
   * Columns whose protection also holds for this one: the same column of parents and children, and for
   * views everything behind them (`field` `*` where any column may be). Without the column itself.
   */
  originAliases(oid: number, attnum: number): readonly CatalogOrigin[];
}

export interface CatalogOrigin {
  readonly object: { readonly kind: 'relation'; readonly path: readonly [string, string] };
  readonly field: string;
}

export interface CatalogSchema {
  readonly name: string;
  /** The loading user has USAGE; the server skips other schemas of a search path without a word. */
  readonly usable: boolean;
}

/** `r` table, `v` view, `m` materialized view, `f` foreign table, `p` partitioned table, `S` sequence, `i`/`I` index, `c` composite type. */
export type CatalogRelationKind = 'r' | 'v' | 'm' | 'f' | 'p' | 'S' | 'i' | 'I' | 'c';

export interface CatalogRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: CatalogRelationKind;
  readonly columns: readonly CatalogColumn[];
  /** Rewrite rules other than a view's own SELECT: what a write really does is not known. */
  readonly hasRules: boolean;
  readonly hasTriggers: boolean;
  readonly hasRowSecurity: boolean;
  /** For an index, its table. */
  readonly table: CatalogRelation | null;
  /** Other relations that are touched with this one. */
  readonly behind: readonly CatalogReach[];
  /** The query of a view or materialized view as the server prints it for the loading user and its search path; null for anything else. */
  readonly definition: string | null;
  /** What foreign keys do when rows of this relation are changed; not what the changes there do in turn. */
  readonly cascades: readonly CatalogCascade[];
  /** Functions that are not built in and run when the relation is used. */
  readonly routines: readonly CatalogTableRoutine[];
  /** Functions that a view calls and that are opaque, as `schema.name`; built-in ones without schema. */
  readonly opaqueFunctions: readonly string[];
}

/** Rows of `child` that refer to a deleted row, or to one whose `keys` are changed, are deleted, or `fields` of them are changed. */
export interface CatalogCascade {
  readonly on: 'delete' | 'update';
  readonly keys: readonly string[];
  readonly child: CatalogRelation;
  readonly does: 'delete' | 'update';
  readonly fields: readonly string[];
}

/** A trigger function, or one in a default, a generated column, a check, a domain, an index or a policy. */
export interface CatalogTableRoutine {
  readonly routine: CatalogFunction;
  readonly on: ReadonlySet<'read' | 'insert' | 'update' | 'delete'>;
}

export interface CatalogColumn {
  readonly attnum: number;
  readonly name: string;
  readonly type: string;
  /** The columns of the same relation that a generated column is computed from; empty for every other. */
  readonly generatedFrom: readonly string[];
}

/** `same`: a parent or child, with the same column names. `view`: what a view selects; `fields` null means any column. */
export type CatalogReach =
  | { readonly kind: 'same'; readonly relation: CatalogRelation }
  | { readonly kind: 'view'; readonly relation: CatalogRelation; readonly fields: readonly string[] | null };

export interface CatalogFunction {
  readonly schema: string;
  readonly name: string;
  readonly volatility: 'i' | 's' | 'v';
  readonly language: string;
  readonly owner: string;
  readonly securityDefiner: boolean;
}
