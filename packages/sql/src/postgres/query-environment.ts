import type { AnalysisState } from './analysis-state.ts';
import type { Lineage, NamedLineage } from './lineage.ts';

/** What a query sees besides its own FROM clause. */
export interface QueryEnvironment {
  readonly state: AnalysisState;
  readonly ctes: CteScope | null;
  /** The named windows of the query at hand. */
  readonly windows: ReadonlyMap<string, readonly Lineage[]> | null;
}

/** Common table expressions in sight, innermost first. */
export interface CteScope {
  readonly name: string;
  readonly entry: CteEntry;
  readonly next: CteScope | null;
}

/** A CTE; `resolve` analyzes it on first use, so that forward references under RECURSIVE are right. */
export interface CteEntry {
  resolve(): QueryResult;
}

/** What a query gives back to whoever stands around it. */
export interface QueryResult {
  /** Null when the number and names of the columns are not known. */
  readonly columns: readonly NamedLineage[] | null;
  /** All columns together. */
  readonly all: Lineage;
  /** For the outside when `columns` is null: what is known of them, `*` standing for the rest. */
  readonly output: readonly NamedLineage[];
  readonly bounded: boolean;
}

/** Finds the CTE that an unqualified name means. */
export function findCte(ctes: CteScope | null, name: string): CteEntry | null {
  for (let at = ctes; at !== null; at = at.next) if (at.name === name) return at.entry;
  return null;
}
