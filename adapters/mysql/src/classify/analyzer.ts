/**
 * What this adapter needs of an SQL analyzer; `@gatehouse/sql` provides it.
 */
import type { AnalysisCounters } from '@gatehouse/adapter';
import type { Known } from '@gatehouse/model';
import type { Analysis } from '@gatehouse/sql';

export interface SqlAnalyzer<Catalog> {
  /** Pure and bounded; a large text may be answered later. `catalog` null means that nothing is known of any object. */
  analyze(text: string, context: TextContext<Catalog>): Analysis | Promise<Analysis>;
  /** Whether a session may take this setting without reading statements differently from the gateway. */
  isSafeSetting(name: string, value: Known<string>): boolean;
  /** How well kept answers serve, where any are kept. */
  counters?(): AnalysisCounters;
  /** Whether the catalog knows this name as a base table (not a view, not a sequence). */
  isBaseTable(catalog: Catalog, schema: string, table: string): boolean;
}

export interface TextContext<Catalog> {
  readonly catalog: Catalog | null;
  /** Counts up with the catalog; part of cache keys. */
  readonly catalogRevision: number;
  /** Default database; null for none. */
  readonly database: string | null;
}
