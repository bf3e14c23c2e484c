import { unknown } from '@gatehouse/model';
import type { SessionEffect } from '../analysis.ts';
import { assertSteps } from './analysis-limit.ts';
import type { FactCollector } from './fact-collector.ts';
import type { PostgresContext } from './postgres-context.ts';
import type { NameResolver } from './resolve-names.ts';
import type { ViewReader } from './view-reader.ts';

/**
 * What the analysis of one statement carries with it.
 *
 * INVARIANT: every object of the inventory (relations, calls, columns, selects) is put into `accounted`
 * by the code that has understood it; what is not there at the end makes the statement unknown.
 */
export interface AnalysisState {
  readonly context: PostgresContext;
  readonly names: NameResolver;
  readonly facts: FactCollector;
  readonly views: ViewReader;
  readonly accounted: Set<object>;
  readonly effects: SessionEffect[];
  /** True where a call in a target list runs exactly once: a SELECT without FROM and WHERE. */
  callsAreCertain: boolean;
  /** Every write in the statement, CTEs included, has a filter. */
  writesAreBounded: boolean;
  /** Something in it cannot be rolled back. */
  irreversible: boolean;
  /** A write stands inside WITH. */
  writesInside: boolean;
  noteUnseenSettings(): void;
  /** Counts one query; throws AnalysisLimit. */
  countStep(): void;
}

export function createAnalysisState(
  context: PostgresContext,
  names: NameResolver,
  facts: FactCollector,
  views: ViewReader,
): AnalysisState {
  const effects: SessionEffect[] = [];
  let noted = false;
  let steps = 0;
  return {
    context,
    names,
    facts,
    views,
    accounted: new Set(),
    effects,
    callsAreCertain: false,
    writesAreBounded: true,
    irreversible: false,
    writesInside: false,
    countStep() {
      steps += 1;
      assertSteps(steps);
    },
    noteUnseenSettings() {
      if (noted) return;
      noted = true;
      const value = unknown('a routine may have set it');
      for (const name of ['search_path', 'role']) effects.push({ kind: 'set', name, value, local: false });
    },
  };
}
