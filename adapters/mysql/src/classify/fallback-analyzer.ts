/**
 * Stands where no analyzer was given: understands nothing, so that everything is denied.
 */
import type { SqlAnalyzer } from './analyzer.ts';

export const FALLBACK_ANALYZER: SqlAnalyzer<unknown> = {
  analyze: () => ({
    kind: 'refused',
    code: 'not-analyzed',
    message: 'there is no analyzer for this dialect',
  }),
  isSafeSetting: () => false,
  isBaseTable: () => false,
};
