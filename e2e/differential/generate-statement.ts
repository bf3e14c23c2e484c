/**
 * One statement for one seed: a query, or a write with RETURNING, over the tables of a database.
 *
 * Not every statement is accepted by the server; what is not is of no use here, and nothing is proved by it.
 */
import { createDraw } from './draw.ts';
import { expression } from './generate-expression.ts';
import { generateFrom } from './generate-from.ts';
import { generateQuery, generateWith, type Query } from './generate-query.ts';
import {
  type Column,
  EMPTY,
  type Grammar,
  type Item,
  newName,
  quote,
  type Scope,
  type Table,
} from './grammar.ts';

export interface StatementSource {
  readonly tables: readonly Table[];
  readonly pairType: string | null;
}

/** The statement of that seed. */
export function generateStatement(source: StatementSource, seed: number): string {
  const draw = createDraw(seed);
  const grammar: Grammar = { draw, ...source, ctes: [], depth: 1 + draw.below(4) };
  const roll = draw.below(100);
  if (roll < 70) return generateQuery(grammar, null, null).text;
  if (roll < 78) {
    const { text, grammar: inner } = generateWith(grammar, null, true, generateWrite);
    return `${text} ${generateQuery(inner, null, null).text}`;
  }
  if (roll < 82) {
    const { text, grammar: inner } = generateWith(grammar, null, false);
    return `${text} ${generateWrite(inner)?.text ?? 'select 1'}`;
  }
  return generateWrite(grammar)?.text ?? 'select 1';
}

function generateWrite(grammar: Grammar): Query | null {
  const { draw, tables, ctes } = grammar;
  // The name of a CTE does not hide the target of a write from the server.
  const table = draw.pick(tables.filter(({ writable }) => writable !== null && writable.length > 0));
  if (ctes.some(({ name }) => name === table.name)) return null;
  return draw.pick([insert, update, remove, merge])(grammar, table);
}

interface Written {
  readonly text: string;
  readonly item: Item;
}

function written(grammar: Grammar, table: Table, mayAlias = true): Written {
  const { draw } = grammar;
  const path = `${table.isFirst && draw.chance(0.6) ? '' : `${quote(draw, table.schema)}.`}${quote(draw, table.name)}`;
  const alias = mayAlias && draw.chance(0.4) ? newName(draw, grammar.tables) : null;
  return {
    text: alias === null ? path : `${path} as ${quote(draw, alias)}`,
    item: { name: alias ?? table.name, schema: null, columns: table.columns, hasSystemColumns: true },
  };
}

function returning(grammar: Grammar, scope: Scope, item: Item): Query {
  const { draw } = grammar;
  const texts: string[] = [];
  const columns: Column[] = [];
  for (const _ of draw.many(1, 3, () => null)) {
    const roll = draw.below(10);
    if (roll < 2) {
      texts.push(`${quote(draw, item.name)}.*`);
      columns.push(...item.columns);
      continue;
    }
    const kind = draw.pick(['int', 'text', 'text', 'json'] as const);
    const column = draw.pick(item.columns);
    const [text, name] =
      roll < 5
        ? [`${draw.pick(['old', 'new'])}.${quote(draw, column.name)}`, column.name]
        : [expression(grammar, scope, kind), ''];
    if (roll === 9) {
      texts.push(`${draw.pick(['old', 'new'])}::text as whole`);
      columns.push({ name: 'whole', kind: 'text' });
      continue;
    }
    const given = name === '' || draw.chance(0.3) ? newName(draw, grammar.tables) : name;
    texts.push(given === name ? text : `${text} as ${quote(draw, given)}`);
    columns.push({ name: given, kind: name === '' ? kind : column.kind });
  }
  return { text: ` returning ${texts.join(', ')}`, columns };
}

function scopeOf(item: Item): Scope {
  return { items: [item], bare: item.columns, outer: EMPTY };
}

function insert(grammar: Grammar, table: Table): Query {
  const { draw } = grammar;
  const { text, item } = written(grammar, table);
  const columns = (table.writable ?? []).filter(({ kind }) => kind !== 'other').slice(0, 1 + draw.below(3));
  const source = generateQuery(
    grammar,
    null,
    columns.map(({ kind }) => kind),
  );
  const { text: back, columns: shown } = returning(grammar, scopeOf(item), item);
  const list = columns.map(({ name }) => quote(draw, name)).join(', ');
  return { text: `insert into ${text} (${list}) ${source.text}${back}`, columns: shown };
}

function assignments(grammar: Grammar, table: Table, scope: Scope): string {
  const { draw } = grammar;
  const column = draw.pick((table.writable ?? []).filter(({ kind }) => kind === 'text' || kind === 'int'));
  if (draw.chance(0.3)) {
    const source = generateQuery({ ...grammar, depth: 1 }, scope, [column.kind]).text;
    return `set (${quote(draw, column.name)}) = (${source} limit 1)`;
  }
  return `set ${quote(draw, column.name)} = ${expression(grammar, scope, column.kind)}`;
}

function update(grammar: Grammar, table: Table): Query {
  const { draw } = grammar;
  const { text, item } = written(grammar, table);
  const from = draw.chance(0.5) ? generateFrom({ ...grammar, depth: 1 }, null) : null;
  if (from?.items.some(({ name }) => name === item.name)) return remove(grammar, table);
  const scope: Scope = {
    items: [item, ...(from?.items ?? [])],
    bare: [...item.columns, ...(from?.bare ?? [])],
    outer: null,
  };
  const { text: back, columns } = returning(grammar, scope, item);
  return {
    text: `update ${text} ${assignments(grammar, table, scope)}${from === null ? '' : ` from ${from.text}`} where ${expression(grammar, scope, 'bool')}${back}`,
    columns,
  };
}

function remove(grammar: Grammar, table: Table): Query {
  const { text, item } = written(grammar, table);
  const scope = scopeOf(item);
  const { text: back, columns } = returning(grammar, scope, item);
  return { text: `delete from ${text} where ${expression(grammar, scope, 'bool')}${back}`, columns };
}

function merge(grammar: Grammar, table: Table): Query {
  const { draw } = grammar;
  const { text, item } = written(grammar, table);
  const query = generateQuery({ ...grammar, depth: 1 }, null, ['int', 'text']);
  const source: Item = {
    name: item.name === 'src' ? 'src2' : 'src',
    schema: null,
    columns: [
      { name: 'm', kind: 'int' },
      { name: 'n', kind: 'text' },
    ],
    hasSystemColumns: false,
  };
  const scope: Scope = {
    items: [item, source],
    bare: [...item.columns, ...source.columns],
    outer: null,
  };
  const { text: back, columns } = returning(grammar, scope, item);
  const action = draw.chance(0.6) ? `update ${assignments(grammar, table, scope)}` : 'delete';
  return {
    text: `merge into ${text} using (${query.text}) as ${source.name} (m, n) on ${expression(grammar, scope, 'bool')} when matched then ${action} when not matched then do nothing${back}`,
    columns,
  };
}
