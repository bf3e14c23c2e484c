import type { Access } from './access.ts';
import type { Known } from './known.ts';
import type { ObjectRef } from './object-ref.ts';

/** A field of an object whose value an output can carry. */
export interface FieldSource {
  readonly object: ObjectRef;
  readonly field: string;
}

/**
 * How an output relates to its sources.
 *
 * - `value`: the unchanged value of one of the sources (of several after a union, in a partition), or a constant beside them.
 * - `derived`: computed from the sources; reveals something about each of them.
 * - `none`: reveals no value (`count(*)`, constants, `now()`); `sources` is then empty.
 */
export type OutputKind = 'value' | 'derived' | 'none';

/** One output column, or one field of the documents that come back. */
export interface OutputColumn {
  readonly name: string;
  readonly kind: OutputKind;
  readonly sources: Known<readonly FieldSource[]>;
}

/**
 * What one statement would do: facts without literals, the same shape in every dialect.
 *
 * Statements are immutable and shared between sessions by the classifiers' caches, so nothing of a
 * principal or of a session stands in them.
 */
export interface Statement {
  /**
   * The dialect's own verb in lower case: `select`, `drop table`, `truncate table`, `alter table`,
   * `find`, `dropDatabase`. Policies match it only through `verbs:`, people read it in the audit.
   */
  readonly verb: string;
  /** Unknown denies. An empty list means that the statement touches nothing (`select 1`, `BEGIN` has a `transact` access). */
  readonly accesses: Known<readonly Access[]>;
  /** Has a filter that is not trivially true, or touches one known row only; for reads and writes alike. `insert … values` is bounded. */
  readonly bounded: Known<boolean>;
  /** The literal row limit that the statement itself sets, or null for none. */
  readonly limit: Known<number | null>;
  /** Every routine called, built-in ones included, as `[namespace.]name` in lower case. */
  readonly functions: Known<readonly string[]>;
  /** Output columns in order where they can be told before the server has answered; unknown otherwise. Empty for statements that return no rows. */
  readonly output: Known<readonly OutputColumn[]>;
  /**
   * Fields whose values the statement puts into an object, as they are or computed with. Absent where nobody looked: then
   * whatever it reads besides writing may be stored. What RETURNING gives back is not stored.
   */
  readonly stored?: Known<readonly FieldSource[]>;
  /**
   * Fields whose values decide something that anybody can watch without seeing an output: whether the statement fails,
   * how many values an expression gives, how long it takes (`1/(ascii(email) - 97)`). Absent: nobody looked, which only
   * dialects may leave that refuse to compute with masked fields.
   */
  readonly probes?: Known<readonly FieldSource[]>;
  /**
   * True for what cannot be undone by rolling back (MySQL DDL, server programs and files,
   * `VACUUM`, writes of a server without transactions).
   */
  readonly irreversible: boolean;
  /** Stable over literals and white space; 16 hex digits or the parser's own fingerprint. */
  readonly fingerprint: string;
}
