import type { Known } from '@gatehouse/model';
import type { PostgresCatalog } from './catalog.ts';

/**
 * What a session is at the moment a text is analyzed, as far as it changes what names mean.
 *
 * INVARIANT: a context is never changed; a session makes a new one when something changes and keeps it
 * otherwise, because caches are held per context object.
 */
export interface PostgresContext {
  /** Null until one was loaded; every relation is unknown then. */
  readonly catalog: PostgresCatalog | null;
  /**
   * True when the catalog was read after the names in the text could last have changed, so that a name
   * it does not hold does not exist. Such an object is known, by the name it would have.
   */
  readonly catalogIsFresh: boolean;
  /** Entries of `search_path` as set, `$user` included, without what the server adds. */
  readonly searchPath: Known<readonly string[]>;
  readonly database: string;
  /** `current_user`; unknown after a SET ROLE that was not understood. */
  readonly user: Known<string>;
  /**
   * True while relations were dropped, renamed or moved in the session's open transaction, which the catalog
   * cannot show: a name may then mean the same name in a later schema of the path.
   */
  readonly namesUncertain: boolean;
  /** Names of temporary relations that this session may have; unknown when some may exist that were not seen. */
  readonly temporaryObjects: Known<readonly string[]>;
  /**
   * Plain tables that this session may have created in its open transaction, which no catalog can show yet:
   * `[schema, name]`. Only of statements that define nothing but this table (no INHERITS, no PARTITION OF).
   */
  readonly createdTables: readonly (readonly [string, string])[];
}

/** The context of a session that has just been admitted. */
export function createPostgresContext(
  catalog: PostgresCatalog | null,
  session: { readonly database: string; readonly user: string },
): PostgresContext {
  return {
    catalog,
    catalogIsFresh: false,
    searchPath:
      catalog === null
        ? { known: false, reason: 'no catalog has been loaded' }
        : { known: true, value: catalog.defaultSearchPath },
    database: session.database,
    user: { known: true, value: session.user },
    namesUncertain: false,
    temporaryObjects: { known: true, value: [] },
    createdTables: [],
  };
}
