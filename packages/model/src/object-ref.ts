/** What an access is about. `relation` covers tables, views, collections and everything that is read like them. */
export type ObjectKind =
  | 'relation'
  | 'routine'
  | 'namespace'
  | 'database'
  | 'role'
  | 'file'
  | 'program'
  | 'server'
  | 'setting'
  | 'session'
  | 'channel'
  | 'type'
  | 'index'
  | 'other';

/**
 * An object by its full path, never abbreviated.
 *
 * Relations, routines, types and indexes are `[namespace, name]` in every dialect: the schema in
 * Postgres, the database in MySQL and MongoDB. Case is as the server stores it. Kinds without a
 * namespace (role, file, setting, namespace, database) have a path of one.
 */
export interface ObjectRef {
  readonly kind: ObjectKind;
  readonly path: readonly string[];
}

/** The path as people write it in policies and logs: `public.customers`. */
export function formatObject(object: ObjectRef): string {
  return object.path.join('.');
}
