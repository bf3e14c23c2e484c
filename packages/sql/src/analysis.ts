import type { Known, Statement } from '@gatehouse/model';
import type { CopyFormat } from './postgres/copy-format.ts';

/**
 * What an analyzer says of one SQL text, the same for every SQL dialect.
 *
 * Analyzers are pure: text, session context and catalog in, facts out. They never throw for
 * something that a client can send; what is not understood is unknown inside the facts, and a text
 * that cannot be split into statements is a `Refusal`.
 */
export type Analysis = AnalyzedText | Refusal;

export interface AnalyzedText {
  readonly kind: 'analyzed';
  /** In the order of the text. Empty for a text without a statement (`;`, comments). */
  readonly statements: readonly AnalyzedStatement[];
  /**
   * Names that the catalog does not know. When it is not empty a refreshed catalog may give a better
   * answer; the caller refreshes once and asks again. Until then they are unknown in the facts.
   */
  readonly missing: readonly string[];
  /** True when nothing of the answer depends on the session context except what `contextKey` covers, so that it may be cached. */
  readonly cacheable: boolean;
}

/** The text is not accepted at all: NUL, not parseable, too deep, too large, executable comment … */
export interface Refusal {
  readonly kind: 'refused';
  /** Kebab-case, stable: `nul-in-text`, `syntax-error`, `too-deep`, `too-large`, `not-splittable`. */
  readonly code: string;
  /** One lower-case line without values of the statement. For `syntax-error` the server may be asked for its own words: such a text has no effect there. */
  readonly message: string;
}

export interface AnalyzedStatement {
  readonly facts: Statement;
  /** UTF-16 offsets of the statement in the text, without the separator. */
  readonly start: number;
  readonly end: number;
  /** What running it changes in the session's own tables; in order. */
  readonly effects: readonly SessionEffect[];
  /** Number of parameter placeholders (`$n` highest index, `?` count). */
  readonly parameters: number;
  /** The rows that come back, if any: `rows`, `copy-out`, `copy-in`, or none. */
  readonly returns: 'rows' | 'none' | 'copy-in' | 'copy-out' | 'unknown';
  /** For `copy-out`: how rows are written; absent where that is not understood. */
  readonly copy?: CopyFormat;
  /** A write stands inside WITH: the count that the server tells at the end leaves its rows out. */
  readonly writesInside?: true;
  /** A column is compared with a parameter for being equal: that is `equality` only when every parameter is a text. */
  readonly comparesParameters?: true;
}

/** Changes of a session's own state that decide what later statements mean. */
export type SessionEffect =
  | { readonly kind: 'prepare'; readonly name: string; readonly statement: AnalyzedStatement }
  /** PREPARE from text that is not known here (`PREPARE s FROM @v`). */
  | { readonly kind: 'prepare-opaque'; readonly name: string }
  | { readonly kind: 'execute'; readonly name: string }
  /** `name` null: all. */
  | { readonly kind: 'deallocate'; readonly name: string | null }
  | {
      readonly kind: 'declare-cursor';
      readonly name: string;
      readonly hold: boolean;
      readonly statement: AnalyzedStatement;
    }
  | { readonly kind: 'fetch'; readonly name: string }
  | { readonly kind: 'close-cursor'; readonly name: string | null }
  | {
      readonly kind: 'transaction';
      readonly operation:
        | 'begin'
        | 'commit'
        | 'rollback'
        | 'savepoint'
        | 'release'
        | 'rollback-to'
        | 'prepare'
        | 'other';
    }
  /** A session setting; `value` unknown when it is not a plain literal. `local`: until the transaction ends. */
  | { readonly kind: 'set'; readonly name: string; readonly value: Known<string>; readonly local: boolean }
  /** `name` null: all. */
  | { readonly kind: 'reset'; readonly name: string | null }
  /** `DISCARD ALL`: prepared statements, cursors, settings, temporary objects. */
  | { readonly kind: 'discard-all' }
  /** The current default database changes (MySQL `USE`). */
  | { readonly kind: 'use'; readonly database: string }
  /** Objects change; catalogs that other sessions use must be read again. `temporary` objects are this session's only. */
  | { readonly kind: 'schema-change'; readonly temporary: boolean };
