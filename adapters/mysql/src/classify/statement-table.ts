/**
 * Prepared statements of one session: those of the binary protocol by the server's id, those of SQL
 * (`PREPARE name FROM …`) by name.
 *
 * Bounded in number and in bytes of text. Belongs to the relay; forgotten with the upstream connection.
 */
import type { AnalyzedStatement } from '@gatehouse/sql';
import type { ParameterType } from '../messages/binary-parameters.ts';
import type { ColumnDefinition41 } from '../messages/column-definition-41.ts';
import { LAST_STATEMENT_ID } from '../messages/statement-id.ts';
import type { TextFacts } from './text-facts.ts';

export interface PreparedStatement {
  readonly text: string;
  /** Default database when it was prepared: the server resolves names with it ever after. */
  readonly database: string | null;
  readonly parameters: number;
  /** Facts from the last time it was decided; read again when the catalog has changed. */
  facts: TextFacts;
  factsRevision: number;
  types: readonly ParameterType[] | null;
  /** Bytes received as long data, by parameter. */
  longData: Map<number, number>;
  cursor: OpenCursor | null;
}

export interface OpenCursor {
  /** Known where masks were in force when it was opened. */
  readonly columns: readonly ColumnDefinition41[] | null;
  rows: number;
}

/** A statement prepared in SQL; `statement` null where its text is not known. */
export interface NamedStatement {
  readonly statement: AnalyzedStatement | null;
  readonly catalogRevision: number;
  readonly mentionsDiagnostics: boolean;
}

export class StatementTable {
  readonly #byId = new Map<number, PreparedStatement>();
  readonly #byName = new Map<string, NamedStatement>();
  readonly #maxStatements: number;
  readonly #maxBytes: number;
  #bytes = 0;
  /** What the upstream holds as the statement prepared last. */
  #last: number | null = null;

  constructor(limits: { readonly maxPreparedStatements: number; readonly maxPreparedBytes: number }) {
    this.#maxStatements = limits.maxPreparedStatements;
    this.#maxBytes = limits.maxPreparedBytes;
  }

  /** Whether one more of this size may be prepared. */
  hasRoomFor(text: string): boolean {
    return this.#byId.size < this.#maxStatements && this.#bytes + text.length * 2 <= this.#maxBytes;
  }

  add(id: number, statement: PreparedStatement): void {
    this.remove(id);
    this.#byId.set(id, statement);
    this.#bytes += statement.text.length * 2;
    this.#last = id;
  }

  /** The upstream refused to prepare: it has no last statement now. */
  lastFailed(): void {
    this.#last = null;
  }

  get(id: number): PreparedStatement | null {
    const key = id === LAST_STATEMENT_ID ? this.#last : id;
    return key === null ? null : (this.#byId.get(key) ?? null);
  }

  remove(id: number): boolean {
    const key = id === LAST_STATEMENT_ID ? this.#last : id;
    const statement = key === null ? undefined : this.#byId.get(key);
    if (key === null || statement === undefined) return false;
    this.#byId.delete(key);
    this.#bytes -= statement.text.length * 2;
    if (this.#last === key) this.#last = null;
    return true;
  }

  /** Names are the server's: without case. Null beyond the limit: the oldest knowledge goes and its EXECUTE is not understood. */
  setNamed(name: string, statement: NamedStatement): void {
    const key = name.toLowerCase();
    this.#byName.delete(key);
    if (this.#byName.size >= MAX_NAMED) {
      const oldest = this.#byName.keys().next();
      if (!oldest.done) this.#byName.delete(oldest.value);
    }
    this.#byName.set(key, statement);
  }

  named(name: string): NamedStatement | null {
    return this.#byName.get(name.toLowerCase()) ?? null;
  }

  removeNamed(name: string | null): void {
    if (name === null) this.#byName.clear();
    else this.#byName.delete(name.toLowerCase());
  }

  clear(): void {
    this.#byId.clear();
    this.#byName.clear();
    this.#bytes = 0;
    this.#last = null;
  }
}

const MAX_NAMED = 1024;
