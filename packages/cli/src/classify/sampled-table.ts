/**
 * What the samplers of all dialects give: tables or collections, each with its columns and some values of each.
 *
 * Values stay in this process; nothing but masked examples of them is shown, and nothing is written.
 */
import type { Ask } from '@gatehouse/adapter';
import type { ValueType } from '@gatehouse/classify';

export interface SampledTable {
  readonly namespace: string;
  readonly name: string;
  readonly columns: readonly SampledColumn[];
  /** Why values could not be read; names are known nevertheless. */
  readonly problem?: string;
}

export interface SampledColumn {
  /** As a classification names it: the column, or the path inside documents with dots. */
  readonly field: string;
  readonly parts: readonly SampledPart[];
}

/** The values of a column; of one that holds documents, those of one path inside. */
export interface SampledPart {
  readonly path: readonly string[];
  readonly type: ValueType;
  readonly values: readonly string[];
}

export interface SampleOptions {
  /** The database's name at the server. */
  readonly database: string;
  /** Rows or documents per table. */
  readonly rows: number;
  /** How long the server may work on one table. */
  readonly timeoutMs: number;
  /** Called with the number of tables done and of all. */
  progress(done: number, total: number): void;
}

/** Samples every table of a database; a table that cannot be read is given with its problem. */
export type Sampler = (ask: Ask, options: SampleOptions) => Promise<readonly SampledTable[]>;

/** No value longer than this is asked for. */
export const MAX_VALUE_CHARACTERS = 4_096;
/** No document longer than this is asked for. */
export const MAX_DOCUMENT_BYTES = 65_536;

/** What went wrong, without the statement. */
export function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0]!.slice(0, 200);
}

/** A row as drivers give it. */
export type Row = Readonly<Record<string, unknown>>;

/** The rows of an answer; throws when it is none. */
export function rowsOf(answer: unknown): readonly Row[] {
  if (Array.isArray(answer)) return answer as readonly Row[];
  throw new TypeError('expected rows');
}
