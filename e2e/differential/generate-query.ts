/** Queries: SELECT with everything that can hang on it, VALUES, TABLE, set operations and WITH. */
import {
  aggregate,
  expression,
  PLAIN_PLACE,
  type Place,
  reference,
  windowDefinition,
} from './generate-expression.ts';
import { type From, generateFrom } from './generate-from.ts';
import {
  type Column,
  type Cte,
  deeper,
  type Grammar,
  type Kind,
  newName,
  quote,
  SCALARS,
  type Scope,
} from './grammar.ts';

export interface Query {
  readonly text: string;
  readonly columns: readonly Column[];
}

/** A query with columns of the given kinds, or of any where there is no wish. */
export function generateQuery(
  outerGrammar: Grammar,
  outer: Scope | null,
  kinds: readonly Kind[] | null,
): Query {
  const { draw } = outerGrammar;
  if (outerGrammar.depth > 1 && draw.chance(0.16)) {
    const { text, grammar } = generateWith(deeper(outerGrammar), outer, false);
    const query = body(grammar, outer, kinds);
    return { text: `${text} ${query.text}`, columns: query.columns };
  }
  return body(outerGrammar, outer, kinds);
}

function body(grammar: Grammar, outer: Scope | null, kinds: readonly Kind[] | null): Query {
  const { draw, depth } = grammar;
  if (depth > 1 && draw.chance(0.14)) return setOperation(deeper(grammar), outer, kinds);
  if (draw.chance(0.05)) return values(grammar, outer, kinds ?? draw.many(1, 3, () => draw.pick(SCALARS)));
  if (kinds === null && draw.chance(0.03)) {
    const table = draw.pick(grammar.tables.filter(({ isFirst }) => isFirst));
    if (!grammar.ctes.some(({ name }) => name === table.name))
      return { text: `table ${quote(draw, table.name)}`, columns: table.columns };
  }
  return select(grammar, outer, kinds);
}

function values(grammar: Grammar, outer: Scope | null, kinds: readonly Kind[]): Query {
  const scope: Scope = { items: [], bare: [], outer };
  const rows = grammar.draw.many(1, 2, () =>
    kinds.map((kind) => expression(deeper(grammar), scope, kind)).join(', '),
  );
  return {
    text: `values ${rows.map((row) => `(${row})`).join(', ')}`,
    columns: kinds.map((kind, index) => ({ name: `column${index + 1}`, kind })),
  };
}

function setOperation(grammar: Grammar, outer: Scope | null, wanted: readonly Kind[] | null): Query {
  const { draw } = grammar;
  const kinds = wanted ?? draw.many(1, 3, () => draw.pick(['int', 'text', 'text', 'bool'] as const));
  const arms = draw.many(2, 3, () => body(grammar, outer, kinds));
  const operator = () =>
    `${draw.pick(['union', 'union', 'except', 'intersect'])}${draw.chance(0.5) ? ' all' : ''}`;
  const text = arms
    .map(({ text: arm }) => `(${arm})`)
    .reduce((left, right) => `${left} ${operator()} ${right}`);
  const order = draw.chance(0.2) ? ` order by ${1 + draw.below(kinds.length)}` : '';
  return { text: `${text}${order}`, columns: arms[0]!.columns };
}

function select(grammar: Grammar, outer: Scope | null, kinds: readonly Kind[] | null): Query {
  const { draw } = grammar;
  const from = draw.chance(0.96) ? generateFrom(grammar, outer) : null;
  const scope: Scope = { items: from?.items ?? [], bare: from?.bare ?? [], outer };
  const where = draw.chance(0.35) ? ` where ${expression(deeper(grammar), scope, 'bool')}` : '';
  const clauses = `${from === null ? '' : ` from ${from.text}`}${where}`;
  return draw.chance(0.2)
    ? grouped(grammar, scope, clauses, kinds)
    : plain(grammar, scope, clauses, from, kinds);
}

interface Target extends Column {
  readonly text: string;
}

function plain(
  grammar: Grammar,
  scope: Scope,
  clauses: string,
  from: From | null,
  kinds: readonly Kind[] | null,
): Query {
  const { draw } = grammar;
  const windowNames = draw.chance(0.1) ? [newName(draw, grammar.tables)] : [];
  const place: Place = { windows: draw.chance(0.25), windowNames };
  const targets =
    kinds === null
      ? draw.many(1, 4, () => anyTarget(grammar, scope, from, place)).flat()
      : kinds.map((kind) => target(grammar, expression(grammar, scope, kind, place), kind));
  const windows = windowNames.map(
    (name) => ` window ${quote(draw, name)} as (${windowDefinition(grammar, scope)})`,
  );
  const distinct = draw.chance(0.08) ? distinctClause(grammar, scope) : { text: '', order: '' };
  const list = targets.map(({ text }) => text).filter((text) => text !== '');
  return {
    text: `select ${distinct.text}${list.join(', ')}${clauses}${windows.join('')}${distinct.order === '' ? tail(grammar, scope, targets) : distinct.order}`,
    columns: targets,
  };
}

function distinctClause(grammar: Grammar, scope: Scope): { readonly text: string; readonly order: string } {
  if (grammar.draw.chance(0.5)) return { text: 'distinct ', order: ' ' };
  const key = reference(grammar, scope, 'text') ?? reference(grammar, scope, 'int');
  if (key === null) return { text: 'distinct ', order: ' ' };
  return { text: `distinct on (${key}) `, order: ` order by ${key}` };
}

/** One target or, for an asterisk, several columns behind one text. */
function anyTarget(grammar: Grammar, scope: Scope, from: From | null, place: Place): readonly Target[] {
  const { draw } = grammar;
  const roll = draw.below(100);
  const spread = (text: string, columns: readonly Column[]): readonly Target[] =>
    columns.map((column, index) => ({ ...column, text: index === 0 ? text : '' }));
  if (from !== null && from.bare.length > 0 && roll < 8) return spread('*', from.bare);
  if (scope.items.length > 0 && roll < 26) {
    const item = draw.pick(scope.items);
    const name = quote(draw, item.name);
    if (roll < 12 && item.columns.length > 0) return spread(`${name}.*`, item.columns);
    if (roll < 14 && item.columns.length > 0) return spread(`(${name}).*`, item.columns);
    if (roll < 17) return [target(grammar, name, 'other')];
    if (roll < 19 && item.hasSystemColumns)
      return [target(grammar, `${name}.tableoid::regclass::text`, 'text')];
    if (roll < 21 && item.hasSystemColumns) return [{ text: `${name}.ctid`, name: 'ctid', kind: 'other' }];
  }
  const simple = draw.chance(0.55);
  const kind = draw.pick([...SCALARS, 'text', 'int', 'ints', 'texts', 'pair', 'pairs', 'other'] as const);
  if (simple || kind === 'pairs' || kind === 'other') {
    const found = reference(grammar, scope, kind) ?? reference(grammar, scope, 'text');
    if (found !== null) return [target(grammar, found, kind)];
  }
  const wanted = kind === 'other' || kind === 'pairs' ? 'text' : kind;
  if (draw.chance(0.05)) return [target(grammar, `unnest(${expression(grammar, scope, 'texts')})`, 'text')];
  return [target(grammar, expression(grammar, scope, wanted, place), wanted)];
}

/** The name is given, or the server's own, which then cannot be used further out. */
function target(grammar: Grammar, text: string, kind: Kind): Target {
  const { draw } = grammar;
  if (draw.chance(0.45)) {
    const name = newName(draw, grammar.tables);
    return { text: `${text} as ${quote(draw, name)}`, name, kind };
  }
  const plainName = /^(?:[a-z_]\w*\.)*([a-z_]\w*)$/.exec(text)?.[1];
  return { text, name: plainName ?? '?column?', kind };
}

function tail(grammar: Grammar, scope: Scope, targets: readonly Target[]): string {
  const { draw } = grammar;
  let text = '';
  if (draw.chance(0.25)) {
    const keys = draw.many(1, 2, () => {
      const { name } = draw.pick(targets);
      const key = draw.below(3);
      if (key === 0) return String(1 + draw.below(targets.length));
      if (key === 1 && name !== '?column?') return quote(draw, name);
      return expression(deeper(grammar), scope, draw.pick(['text', 'int']), PLAIN_PLACE);
    });
    text += ` order by ${keys.map((key) => (draw.chance(0.2) ? `${key} desc` : key)).join(', ')}`;
  }
  if (draw.chance(0.1))
    text += ` limit ${draw.chance(0.7) ? 2 : `(${expression(deeper(grammar), { items: [], bare: [], outer: scope.outer }, 'int')})`}`;
  return text;
}

function grouped(grammar: Grammar, scope: Scope, clauses: string, kinds: readonly Kind[] | null): Query {
  const { draw } = grammar;
  const keys = draw
    .many(0, 2, () => {
      const kind = draw.pick(['int', 'text', 'text'] as const);
      const found = reference(grammar, scope, kind);
      return found === null ? null : { text: found, kind };
    })
    .filter((key) => key !== null);
  const targetOf = (kind: Kind): Target => {
    const fitting = keys.filter((key) => key.kind === kind);
    if (fitting.length > 0 && draw.chance(0.5)) return target(grammar, draw.pick(fitting).text, kind);
    const text = aggregate(deeper(grammar), scope, kind);
    return target(grammar, kind === 'text' && draw.chance(0.2) ? `upper(${text})` : text, kind);
  };
  const targets = (kinds ?? draw.many(1, 3, () => draw.pick(['int', 'text', 'json', 'texts'] as const))).map(
    targetOf,
  );
  const list = keys.map(({ text }) => text);
  const groups =
    list.length === 0
      ? ''
      : ` group by ${draw.pick([
          () => String(1 + draw.below(targets.length)),
          () => list.join(', '),
          () => list.join(', '),
          () => `rollup (${list.join(', ')})`,
          () => `cube (${list.join(', ')})`,
          () => `grouping sets ((${list.join(', ')}), ())`,
          () => `distinct ${list.join(', ')}`,
        ])()}`;
  const having = draw.chance(0.2) ? ` having ${aggregate(deeper(grammar), scope, 'bool')}` : '';
  const order = draw.chance(0.2) ? ` order by ${1 + draw.below(targets.length)}` : '';
  return {
    text: `select ${targets.map(({ text }) => text).join(', ')}${clauses}${groups}${having}${order}`,
    columns: targets,
  };
}

/** WITH; at the top its queries may write. */
export function generateWith(
  outerGrammar: Grammar,
  outer: Scope | null,
  mayWrite: boolean,
  write: (grammar: Grammar) => Query | null = () => null,
): { readonly text: string; readonly grammar: Grammar } {
  const { draw } = outerGrammar;
  const isRecursive = draw.chance(0.25);
  let grammar = outerGrammar;
  const taken = new Set<string>();
  const texts = draw.many(1, 2, (index) => {
    const wish = newName(draw, grammar.tables);
    const name = taken.has(wish) ? `${wish}${index}` : wish;
    taken.add(name);
    const written = mayWrite && draw.chance(0.5) ? write(grammar) : null;
    const query =
      written ??
      (isRecursive && draw.chance(0.7)
        ? recursive(grammar, outer, name)
        : generateQuery(grammar, outer, null));
    const names =
      draw.chance(0.35) && query.columns.length > 0
        ? draw.many(1, Math.min(3, query.columns.length), () => newName(draw, grammar.tables))
        : [];
    const columns = query.columns.map((column, at) => ({ ...column, name: names[at] ?? column.name }));
    const cte: Cte = { name, columns };
    grammar = { ...grammar, ctes: [...grammar.ctes.filter((each) => each.name !== name), cte] };
    const list = names.length === 0 ? '' : ` (${names.map((each) => quote(draw, each)).join(', ')})`;
    const how = written === null ? draw.pick(['', '', ' materialized', ' not materialized']) : '';
    return `${quote(draw, name)}${list} as${how} (${query.text})`;
  });
  return { text: `with ${isRecursive ? 'recursive ' : ''}${texts.join(', ')}`, grammar };
}

/** Counts up beside values that wander from one column to the next. */
function recursive(grammar: Grammar, outer: Scope | null, name: string): Query {
  const { draw } = grammar;
  const kinds: readonly Kind[] = ['int', 'text', 'text'];
  const first = select({ ...grammar, depth: Math.min(grammar.depth, 1) }, outer, kinds);
  const self = quote(draw, name);
  const [one, two] = draw.chance(0.5) ? ['p', 'q'] : ['q', 'p'];
  const add = reference(grammar, { items: [], bare: [], outer }, 'text') ?? `'+'`;
  const all = draw.chance(0.7) ? ' all' : '';
  return {
    text: `select 1 as n, s.p, s.q from (${first.text}) as s (n, p, q) union${all} select r.n + 1, r.${one}, r.${two} || ${add} from ${self} as r (n, p, q) where r.n < 3`,
    columns: [
      { name: 'n', kind: 'int' },
      { name: 'p', kind: 'text' },
      { name: 'q', kind: 'text' },
    ],
  };
}
