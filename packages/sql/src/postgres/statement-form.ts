import { type Known, known, type OutputColumn } from '@gatehouse/model';
import type { AnalyzedStatement } from '../analysis.ts';
import type { CopyFormat } from './copy-format.ts';

/** What a statement is, apart from what it accesses. */
export interface StatementForm {
  readonly verb: string;
  readonly output: Known<readonly OutputColumn[]>;
  readonly bounded: boolean;
  readonly limit: Known<number | null>;
  readonly returns: AnalyzedStatement['returns'];
  readonly copy?: CopyFormat;
}

/** A statement that gives nothing back. Its rows, if any, are not a matter of a filter. */
export function quietForm(verb: string, bounded = true): StatementForm {
  return { verb, output: known([]), bounded, limit: known(null), returns: 'none' };
}
