/** What the generator knows while it writes a statement: the tables, the names in sight, and how to write a name. */
import type { Draw } from './draw.ts';

/** Types as far as the grammar tells them apart; `other` is only named, never computed with. */
export type Kind = 'int' | 'text' | 'bool' | 'json' | 'ints' | 'texts' | 'pair' | 'pairs' | 'other';

export const SCALARS = ['int', 'text', 'bool', 'json'] as const satisfies readonly Kind[];

export interface Column {
  readonly name: string;
  readonly kind: Kind;
}

/** A relation of the database under test. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  /** The name alone finds it, through the search path. */
  readonly isFirst: boolean;
  /** Rows can be written; generated columns are left out. */
  readonly writable: readonly Column[] | null;
}

/** One item of FROM, as the rest of the query can name it. */
export interface Item {
  readonly name: string;
  /** Set for a relation without alias, which may be named with its schema. */
  readonly schema: string | null;
  readonly columns: readonly Column[];
  readonly hasSystemColumns: boolean;
}

export interface Scope {
  readonly items: readonly Item[];
  /** What a name without qualifier can mean, doubles included. */
  readonly bare: readonly Column[];
  readonly outer: Scope | null;
}

export interface Cte {
  readonly name: string;
  readonly columns: readonly Column[];
}

/** What is the same for a whole query, except for the names of WITH that come into sight. */
export interface Grammar {
  readonly draw: Draw;
  readonly tables: readonly Table[];
  readonly ctes: readonly Cte[];
  /** Levels of queries and expressions that may still be opened. */
  readonly depth: number;
  /** Names and functions of the database's own that the grammar may use. */
  readonly pairType: string | null;
}

export const EMPTY: Scope = { items: [], bare: [], outer: null };

/** One level further in. */
export function deeper(grammar: Grammar): Grammar {
  return { ...grammar, depth: grammar.depth - 1 };
}

const PLAIN = /^[a-z_][a-z0-9_]*$/;
const KEYWORDS = new Set(
  'select from where order user row table group all and as old new current_user limit to union with'.split(
    ' ',
  ),
);

/** The name as SQL writes it; sometimes in quotes or capitals where neither matters. */
export function quote(draw: Draw, name: string): string {
  if (!PLAIN.test(name) || KEYWORDS.has(name)) return `"${name.replaceAll('"', '""')}"`;
  if (draw.chance(0.06)) return `"${name}"`;
  return draw.chance(0.05) ? name.toUpperCase() : name;
}

/** Names that the generator gives; most of them mean something already. */
export function newName(draw: Draw, tables: readonly Table[]): string {
  const roll = draw.below(4);
  if (roll === 0) return draw.pick(tables).name;
  if (roll === 1) return draw.pick(draw.pick(tables).columns).name;
  return draw.pick(['a', 'b', 'c', 'q', 'x', 't', 's', 'excluded', 'Q']);
}
