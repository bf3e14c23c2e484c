/**
 * What a detector of values is: a pure function over one text, and how much its yes is worth.
 *
 * A detector never sees a column, only values; `judgeColumn` weighs what it said over a sample, and is
 * where the name of the column counts.
 */

/**
 * - `match`: the form and every check hold.
 * - `weak`: could be one, in a form that other things have too; counts only where the column's name says the same.
 * - `near`: has the form and fails a check; speaks against a column of such values.
 * - `other`: something else.
 */
export type Judgement = 'match' | 'weak' | 'near' | 'other';

export interface ValueDetector {
  /** What it finds, for people: `e-mail address`. */
  readonly finds: string;
  readonly label: string;
  /** Share of `match` among texts of the form that are nothing of the kind, from 0 to below 1. */
  readonly chance: number;
  /** Share of a column's values from which on one may be as sure of it as of all of them. */
  readonly enough: number;
  /** Judges one value, without white space around it. */
  judge(value: string): Judgement;
  /** True when such a value stands somewhere in a longer text; absent where that cannot be told from chance. */
  isWithin?(text: string): boolean;
}
