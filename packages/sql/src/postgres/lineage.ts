import type { Action } from '@gatehouse/model';
import type { Target } from './target.ts';

/**
 * Where a value comes from, while a statement is analyzed.
 *
 * A plain column stays one through subqueries, CTEs, joins and the arms of set operations, never through an
 * expression.
 */
export interface Lineage {
  /** The unchanged value of one of the sources, or a constant where there is none. */
  readonly isValue: boolean;
  readonly sources: readonly Origin[];
  /** Why more than `sources` may be behind the value; null when nothing more is. */
  readonly opaque: string | null;
}

/** One column of one relation as one item of a FROM clause uses it. `*` is any or every column. */
export interface Origin {
  readonly target: Target;
  /** The access that uses of the column belong to. */
  readonly action: Action;
  readonly field: string;
}

export interface NamedLineage {
  readonly name: string;
  readonly lineage: Lineage;
}

export const NOTHING: Lineage = { isValue: true, sources: [], opaque: null };

export function ofColumn(origin: Origin): Lineage {
  return { isValue: true, sources: [origin], opaque: null };
}

export function opaqueLineage(reason: string, sources: readonly Origin[] = []): Lineage {
  return { isValue: false, sources, opaque: reason };
}

/** The lineage of something that is one of these, unchanged: a column of a set operation. */
export function choose(parts: readonly Lineage[]): Lineage {
  const combined = combine(parts);
  return parts.every(({ isValue }) => isValue) ? { ...combined, isValue: true } : combined;
}

/** The lineage of something computed from all of these. */
export function combine(parts: readonly Lineage[]): Lineage {
  if (parts.length === 1) return derive(parts[0]!);
  const seen = new Map<Target, Set<string>>();
  const sources: Origin[] = [];
  let opaque: string | null = null;
  for (const part of parts) {
    opaque ??= part.opaque;
    for (const origin of part.sources) {
      const fields = seen.get(origin.target) ?? new Set<string>();
      seen.set(origin.target, fields);
      const key = `${origin.action} ${origin.field}`;
      if (fields.has(key)) continue;
      fields.add(key);
      sources.push(origin);
    }
  }
  return sources.length === 0 && opaque === null ? NOTHING : { isValue: false, sources, opaque };
}

/** The same sources, no longer an unchanged value. */
export function derive(lineage: Lineage): Lineage {
  return lineage.isValue && lineage.sources.length > 0 ? { ...lineage, isValue: false } : lineage;
}
