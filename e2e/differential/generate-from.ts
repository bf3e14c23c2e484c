/** FROM: relations in every way to name them, CTEs, subqueries, functions and joins. */
import { expression } from './generate-expression.ts';
import { generateQuery } from './generate-query.ts';
import {
  type Column,
  deeper,
  EMPTY,
  type Grammar,
  type Item,
  newName,
  quote,
  type Scope,
  type Table,
} from './grammar.ts';

export interface From {
  readonly text: string;
  readonly items: readonly Item[];
  readonly bare: readonly Column[];
}

/** One to three items, separated by commas, and what they bring into sight. */
export function generateFrom(grammar: Grammar, outer: Scope | null): From {
  let from: From = { text: '', items: [], bare: [] };
  for (const _ of grammar.draw.many(1, grammar.depth > 1 ? 2 : 1, () => null)) {
    const next = fromItem(grammar, outer, from, true);
    from = {
      text: from.text === '' ? next.text : `${from.text}, ${next.text}`,
      items: [...from.items, ...next.items],
      bare: [...from.bare, ...next.bare],
    };
  }
  return from;
}

/** `before` is what a lateral item sees; inside a join it is what stands on the left. */
function fromItem(grammar: Grammar, outer: Scope | null, before: From, mayJoin: boolean): From {
  const { draw, depth, ctes } = grammar;
  const roll = draw.below(100);
  if (mayJoin && depth > 0 && roll < 35) return join(deeper(grammar), outer, before);
  if (ctes.length > 0 && roll < 60) return named(grammar, draw.pick(ctes), null, false, before);
  if (depth > 0 && roll < 72) return derived(deeper(grammar), outer, before);
  if (depth > 0 && roll < 80) return functionItem(deeper(grammar), outer, before);
  return relation(grammar, draw.pick(grammar.tables), before);
}

function relation(grammar: Grammar, table: Table, before: From): From {
  const { draw } = grammar;
  const isShadowed = grammar.ctes.some(({ name }) => name === table.name);
  const qualifies = !table.isFirst || isShadowed || draw.chance(0.3);
  return named(grammar, table, qualifies ? table.schema : null, true, before);
}

function named(
  grammar: Grammar,
  { name, columns }: { readonly name: string; readonly columns: readonly Column[] },
  schema: string | null,
  isStored: boolean,
  before: From,
): From {
  const { draw } = grammar;
  const isTaken = before.items.some((item) => item.name === name);
  const path = `${schema === null ? '' : `${quote(draw, schema)}.`}${quote(draw, name)}`;
  const ways = isStored ? [path, path, path, `only ${path}`, `${path} *`] : [path];
  const sample = isStored && draw.chance(0.03) ? ' tablesample bernoulli (60) repeatable (7)' : '';
  const renames = draw.chance(0.2);
  const aliased = isTaken || renames || draw.chance(0.5) ? freeName(grammar, before) : null;
  const { text, columns: seen } =
    aliased === null ? { text: '', columns } : alias(grammar, aliased, columns, renames);
  const item: Item = {
    name: aliased ?? name,
    schema: aliased === null ? schema : null,
    columns: seen,
    hasSystemColumns: isStored,
  };
  return { text: `${draw.pick(ways)}${text}${sample}`, items: [item], bare: seen };
}

/** `as x (p, q)`: the first columns under other names. */
function alias(grammar: Grammar, name: string, columns: readonly Column[], renames: boolean) {
  const { draw } = grammar;
  const as = draw.chance(0.6) ? ' as ' : ' ';
  if (!renames || columns.length === 0) return { text: `${as}${quote(draw, name)}`, columns };
  const names = draw.many(1, Math.min(3, columns.length), () => newName(draw, grammar.tables));
  return {
    text: `${as}${quote(draw, name)} (${names.map((each) => quote(draw, each)).join(', ')})`,
    columns: columns.map((column, index) => ({ ...column, name: names[index] ?? column.name })),
  };
}

function freeName(grammar: Grammar, before: From): string {
  const name = newName(grammar.draw, grammar.tables);
  return before.items.some((item) => item.name === name) ? `${name}${before.items.length}` : name;
}

function derived(grammar: Grammar, outer: Scope | null, before: From): From {
  const { draw } = grammar;
  const isLateral = draw.chance(0.4);
  const scope: Scope | null = isLateral ? { items: before.items, bare: before.bare, outer } : outer;
  const { text, columns } = generateQuery(grammar, scope, null);
  const name = freeName(grammar, before);
  const shown = alias(grammar, name, columns, draw.chance(0.3));
  return {
    text: `${isLateral ? 'lateral ' : ''}(${text})${shown.text}`,
    items: [{ name, schema: null, columns: shown.columns, hasSystemColumns: false }],
    bare: shown.columns,
  };
}

function functionItem(grammar: Grammar, outer: Scope | null, before: From): From {
  const { draw } = grammar;
  const scope: Scope = { items: before.items, bare: before.bare, outer };
  const of = (kind: Column['kind']) => expression(grammar, scope, kind);
  const name = freeName(grammar, before);
  const alias = quote(draw, name);
  const [text, columns] = draw.pick<() => readonly [string, readonly Column[]]>([
    () => [`unnest(${of('texts')}) as ${alias}`, [{ name, kind: 'text' }]],
    () => [`unnest(${of('ints')}) ${alias} (v)`, [{ name: 'v', kind: 'int' }]],
    () => [
      `unnest(${of('ints')}, ${of('texts')}) as ${alias} (a, b)`,
      [
        { name: 'a', kind: 'int' },
        { name: 'b', kind: 'text' },
      ],
    ],
    () => [
      `unnest(${of('texts')}) with ordinality as ${alias} (v, at)`,
      [
        { name: 'v', kind: 'text' },
        { name: 'at', kind: 'other' },
      ],
    ],
    () => [`generate_series(1, least(${of('int')}, 3)) as ${alias}`, [{ name, kind: 'int' }]],
    () => [
      `jsonb_each_text(jsonb_build_object('k', ${of('text')})) as ${alias}`,
      [
        { name: 'key', kind: 'text' },
        { name: 'value', kind: 'text' },
      ],
    ],
    () => [
      `jsonb_to_record(${of('json')}) as ${alias} (k text, a int)`,
      [
        { name: 'k', kind: 'text' },
        { name: 'a', kind: 'int' },
      ],
    ],
    () => [
      `rows from (unnest(${of('texts')}), generate_series(1, 2)) as ${alias} (v, n)`,
      [
        { name: 'v', kind: 'text' },
        { name: 'n', kind: 'int' },
      ],
    ],
    () => [
      `json_table(${of('json')}, '$' columns (k text path '$.k', n for ordinality)) as ${alias}`,
      [
        { name: 'k', kind: 'text' },
        { name: 'n', kind: 'int' },
      ],
    ],
    () => [
      `unnest(${of('pairs')}) as ${alias} (m, n)`,
      [
        { name: 'm', kind: 'int' },
        { name: 'n', kind: 'text' },
      ],
    ],
    () => [
      `jsonb_to_recordset(jsonb_build_array(${of('json')})) as ${alias} (k text, a int)`,
      [
        { name: 'k', kind: 'text' },
        { name: 'a', kind: 'int' },
      ],
    ],
    () => [
      `xmltable('/x' passing xmlelement(name x, ${of('text')}) columns v text path '.') as ${alias}`,
      [{ name: 'v', kind: 'text' }],
    ],
    () => [`string_to_table(${of('text')}, 'e') ${alias} (v)`, [{ name: 'v', kind: 'text' }]],
    () => [
      `jsonb_array_elements_text(jsonb_build_array(${of('text')})) as ${alias}`,
      [{ name: 'value', kind: 'text' }],
    ],
    () => [`regexp_split_to_table(${of('text')}, 'a') as ${alias}`, [{ name, kind: 'text' }]],
    () => [
      `(values (${of('int')}, ${of('text')}), (9, 'v')) as ${alias} (a, b)`,
      [
        { name: 'a', kind: 'int' },
        { name: 'b', kind: 'text' },
      ],
    ],
  ])();
  return {
    text: text.startsWith('(values') && draw.chance(0.5) ? `lateral ${text}` : text,
    items: [{ name, schema: null, columns, hasSystemColumns: false }],
    bare: columns,
  };
}

function join(grammar: Grammar, outer: Scope | null, before: From): From {
  const { draw } = grammar;
  const left = fromItem(grammar, outer, before, draw.chance(0.4));
  const seen: From = {
    text: '',
    items: [...before.items, ...left.items],
    bare: [...before.bare, ...left.bare],
  };
  const right = fromItem(grammar, outer, seen, draw.chance(0.2));
  const kind = draw.pick(['join', 'left join', 'full join', 'right join', 'inner join', 'cross join']);
  const common = once(left.bare).filter(({ name, kind: type }) =>
    once(right.bare).some((column) => column.name === name && column.kind === type && type !== 'other'),
  );
  const items = [...left.items, ...right.items];
  if (kind === 'cross join')
    return wrap(grammar, before, join2('cross join', '', items, [...left.bare, ...right.bare]));
  if (common.length > 0 && draw.chance(0.55)) {
    const isNatural = draw.chance(0.3);
    const using = isNatural ? shared(left.bare, right.bare) : draw.many(1, 1, () => draw.pick(common));
    const names = new Set(using.map(({ name }) => name));
    const rest = (columns: readonly Column[]) => columns.filter(({ name }) => !names.has(name));
    const bare = [...using, ...rest(left.bare), ...rest(right.bare)];
    if (isNatural) return wrap(grammar, before, join2(`natural ${kind}`, '', items, bare));
    const withAlias = draw.chance(0.2)
      ? freeName(grammar, { ...seen, items: [...seen.items, ...right.items] })
      : null;
    const text = ` using (${using.map(({ name }) => quote(draw, name)).join(', ')})`;
    const merged: Item[] =
      withAlias === null ? [] : [{ name: withAlias, schema: null, columns: using, hasSystemColumns: false }];
    return wrap(
      grammar,
      before,
      join2(
        kind,
        withAlias === null ? text : `${text} as ${quote(draw, withAlias)}`,
        [...items, ...merged],
        bare,
      ),
    );
  }
  const bare = [...left.bare, ...right.bare];
  const condition = expression(grammar, { items, bare, outer: EMPTY }, 'bool');
  return wrap(grammar, before, join2(kind, ` on ${condition}`, items, bare));

  function join2(how: string, tail: string, all: readonly Item[], visible: readonly Column[]): From {
    const inner = right.text.includes(' join ') ? `(${right.text})` : right.text;
    return { text: `${left.text} ${how} ${inner}${tail}`, items: all, bare: visible };
  }
}

/** `(a join b …) as j` hides what stands in it. */
function wrap(grammar: Grammar, before: From, joined: From): From {
  const { draw } = grammar;
  if (!draw.chance(0.12)) return joined;
  const name = freeName(grammar, before);
  const { text, columns } = alias(grammar, name, joined.bare, draw.chance(0.4));
  return {
    text: `(${joined.text})${text}`,
    items: [{ name, schema: null, columns, hasSystemColumns: false }],
    bare: columns,
  };
}

function once(columns: readonly Column[]): readonly Column[] {
  return columns.filter(({ name }) => columns.filter((other) => other.name === name).length === 1);
}

/** In the order of the left side, as NATURAL gives them. */
function shared(left: readonly Column[], right: readonly Column[]): readonly Column[] {
  const names = new Set(right.map(({ name }) => name));
  return left.filter(({ name }) => names.has(name));
}
