import type { Known } from './known.ts';
import type { ObjectRef } from './object-ref.ts';

export const ACTIONS = [
  'connect',
  'read',
  'insert',
  'update',
  'delete',
  'define',
  'grant',
  'call',
  'introspect',
  'configure',
  'transact',
  'cancel',
  'unknown',
] as const;

/**
 * What an access does to its object.
 *
 * - `define`: create, alter, drop, truncate, rename; the statement's `verb` says which.
 * - `call`: a routine whose effect the gateway cannot see (user functions, server-side code, files, programs).
 * - `introspect`: reads the description of data, not data (catalogs, SHOW, listCollections).
 * - `configure`: changes the session or the server (SET, USE, ALTER SYSTEM, setParameter).
 * - `transact`: BEGIN, COMMIT, SAVEPOINT, LOCK and what keeps a session going (FETCH of an open cursor).
 */
export type Action = (typeof ACTIONS)[number];

export const FIELD_USES = ['output', 'filter', 'sort', 'group', 'join', 'write'] as const;

/** How a field is used. `write` is a target; a source whose value is stored elsewhere is `output`. */
export type FieldUse = (typeof FIELD_USES)[number];

/**
 * One field of the access's object and one way it is used.
 *
 * `field` is the column name, or the dotted path in a document (`address.city`, array positions
 * left out). `*` means every field that the object has.
 */
export interface FieldAccess {
  readonly field: string;
  readonly use: FieldUse;
  /**
   * The whole use is one comparison with a constant, for being equal: it tells one bit of one guess. Only with `filter`.
   * Everything that asks for a filter means this, too.
   */
  readonly equality?: true;
}

/** One action on one object. An object that may be any of several is one access for each. */
export interface Access {
  readonly action: Action;
  readonly object: Known<ObjectRef>;
  /** Unknown means "any field in any way". An empty list means that no field's value matters (`count(*)`, `DROP`). */
  readonly fields: Known<readonly FieldAccess[]>;
}
