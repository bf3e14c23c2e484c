import type { AnalyzedStatement, PostgresContext } from '@gatehouse/sql';
import type { Bind } from '../messages/bind.ts';
import type { ColumnDescription } from '../messages/row-description.ts';
import type { Sized } from './name-table.ts';

/** A prepared statement, by Parse or by SQL's PREPARE: both share one set of names at the server. */
export interface Prepared extends Sized {
  /** The text of the Parse, or the PREPARE statement itself. */
  readonly text: string;
  /** Made by SQL's PREPARE: what runs is the statement inside the text. */
  readonly inside?: true;
  /** What the text was found to do last, and in which context; names are looked up again when that has changed. */
  known: { readonly context: PostgresContext; readonly statements: readonly AnalyzedStatement[] } | null;
}

/**
 * A portal, by Bind or by DECLARE CURSOR.
 *
 * Its plan is made when it is opened, so what its names mean is settled then: `statements` are the facts of
 * that moment, and later runs are decided on them.
 */
export interface Portal extends Sized {
  /** Of a Bind; a cursor's text went with its DECLARE. */
  readonly text: string;
  readonly statements: readonly AnalyzedStatement[];
  /** The same as they run, for a portal of Bind; FETCH of it runs the same. */
  readonly run?: readonly RunStatement[];
  readonly bind: Bind | null;
  /** Survives the end of its transaction (WITH HOLD). */
  readonly hold: boolean;
  /** With the formats of this portal; null until the server has described it. */
  columns: readonly ColumnDescription[] | null;
  /** Rows that were handed out, over all its runs. */
  rows: number;
}

/** One statement of a message, as it is decided and as it runs. */
export interface RunStatement {
  readonly analyzed: AnalyzedStatement;
  /** Of its own and of the statement that it stands for. */
  readonly effects: AnalyzedStatement['effects'];
  /** The portal whose rows it hands out. */
  readonly portal: Portal | null;
  /** What its PREPARE makes. */
  readonly prepares: Prepared | null;
  /** What its DECLARE makes. */
  readonly declares: Portal | null;
}

export function plainRun(analyzed: AnalyzedStatement): RunStatement {
  return { analyzed, effects: analyzed.effects, portal: null, prepares: null, declares: null };
}
