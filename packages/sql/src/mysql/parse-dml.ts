import mariadb from 'node-sql-parser/build/mariadb.js';
import mysql from 'node-sql-parser/build/mysql.js';
import type { Json } from './syntax.ts';

type Grammar = {
  readonly Parser: new () => { astify(sql: string, options: { readonly database: string }): unknown };
};

/** Parses one DML statement with the grammars in order; null when none accepts it or one sees several statements. */
export function parseDml(text: string): Json | null {
  for (const { grammar, database } of GRAMMARS) {
    try {
      const tree = new grammar.Parser().astify(text, { database }) as Json;
      const one = Array.isArray(tree) ? (tree.length === 1 ? tree[0] : undefined) : tree;
      if (one !== undefined) return one;
    } catch {
      // The next grammar may know it; what none knows is not understood.
    }
  }
  return null;
}

const GRAMMARS: readonly { readonly grammar: Grammar; readonly database: string }[] = [
  { grammar: mysql as unknown as Grammar, database: 'mysql' },
  { grammar: mariadb as unknown as Grammar, database: 'mariadb' },
];
