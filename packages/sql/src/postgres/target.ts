import { type Known, known, type ObjectRef } from '@gatehouse/model';
import type { CatalogRelation } from './catalog.ts';

/** A relation that a name may mean. One per object and statement. */
export interface Target {
  readonly key: string;
  readonly object: Known<ObjectRef>;
  /** Null for what the catalog does not hold: new, temporary or unknown relations. */
  readonly relation: CatalogRelation | null;
}

export const TEMPORARY_SCHEMA = 'pg_temp';

/** Columns that every table has and that no catalog row lists. */
export const SYSTEM_COLUMNS: ReadonlySet<string> = new Set([
  'ctid',
  'xmin',
  'xmax',
  'cmin',
  'cmax',
  'tableoid',
]);

export function targetOfRelation(relation: CatalogRelation): Target {
  return {
    key: `${relation.schema}\0${relation.name}`,
    object: known({ kind: 'relation', path: [relation.schema, relation.name] }),
    relation,
  };
}

export function targetOfName(schema: string, name: string): Target {
  return {
    key: `${schema}\0${name}`,
    object: known({ kind: 'relation', path: [schema, name] }),
    relation: null,
  };
}

export function unknownTarget(name: string, reason: string): Target {
  return { key: `?${name}`, object: { known: false, reason }, relation: null };
}
