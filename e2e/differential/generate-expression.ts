/** Expressions of a wanted kind over the names in sight; subqueries and windows among them. */
import type { Draw } from './draw.ts';
import { generateQuery } from './generate-query.ts';
import { type Column, deeper, type Grammar, type Item, type Kind, quote, type Scope } from './grammar.ts';

/** What may stand at this place. */
export interface Place {
  readonly windows: boolean;
  /** Names of windows that the query defines. */
  readonly windowNames: readonly string[];
}

export const PLAIN_PLACE: Place = { windows: false, windowNames: [] };

const LITERALS: Readonly<Record<Kind, readonly string[]>> = {
  int: ['1', '2', '3', 'null::int'],
  text: [`'x'`, `'y'`, `'a'`, `'chi'`],
  bool: ['true', 'false'],
  json: [`'{"k": "x", "a": 1}'::jsonb`, `'[1, 2]'::jsonb`],
  ints: ['array[1, 2]', `'{3}'::int[]`],
  texts: [`array['x', 'y']`],
  pair: ['null'],
  pairs: ['null'],
  other: ['null'],
};

/** An expression of the kind, in parentheses wherever it could be read in two ways. */
export function expression(grammar: Grammar, scope: Scope, kind: Kind, place: Place = PLAIN_PLACE): string {
  const { draw, depth } = grammar;
  if (depth <= 0 || draw.chance(0.3)) return reference(grammar, scope, kind) ?? literal(draw, kind);
  const inner = deeper(grammar);
  if (place.windows && draw.chance(0.25)) return overWindow(inner, scope, kind, place.windowNames);
  if (draw.chance(0.12)) return `(${generateQuery(inner, scope, [kind]).text} limit 1)`;
  const of = (wanted: Kind) => expression(inner, scope, wanted, place);
  const forms = FORMS[kind];
  if (forms === undefined) return reference(grammar, scope, kind) ?? literal(draw, kind);
  return draw.pick(forms)(of, inner, scope);
}

function literal(draw: Draw, kind: Kind): string {
  return draw.pick(LITERALS[kind]);
}

type Form = (of: (kind: Kind) => string, grammar: Grammar, scope: Scope) => string;

const ANY_KIND: readonly Form[] = [
  (of) => `case when ${of('bool')} then $K else $K end`,
  () => 'coalesce($K, $K)',
  () => 'nullif($K, $K)',
  () => '(array[$K, $K])[1]',
];

/** The forms that every kind has, with the kind put in. */
function generic(kind: Kind): readonly Form[] {
  return ANY_KIND.map(
    (form): Form =>
      (of, grammar, scope) =>
        form(of, grammar, scope).replaceAll('$K', () => of(kind)),
  );
}

const FORMS: Readonly<Partial<Record<Kind, readonly Form[]>>> = {
  int: [
    ...generic('int'),
    (of) => `(${of('int')} + ${of('int')})`,
    (of) => `length(${of('text')})`,
    (of) => `(${of('ints')})[1]`,
    (of) => `cardinality(${of('texts')})`,
    (of) => `greatest(${of('int')}, ${of('int')})`,
    (of) => `jsonb_array_length(jsonb_build_array(${of('text')}))`,
    (of) => `(${of('pair')}).a`,
    (of) => `position(${of('text')} in ${of('text')})`,
    (of) => `ascii(${of('text')})`,
    (of) => `case ${of('text')} when ${of('text')} then ${of('int')} end`,
    (of) => `(jsonb_path_query_array(${of('json')}, '$.a') ->> 0)::int`,
    (of) => `num_nulls(${of('text')}, ${of('int')})`,
  ],
  text: [
    ...generic('text'),
    (of) => `(${of('text')} || ${of('text')})`,
    (of) => `upper(${of('text')})`,
    (of) => `${of('int')}::text`,
    (of) => `cast(${of('json')} as text)`,
    (of) => `(${of('json')} ->> 'k')`,
    (of) => `(${of('json')} #>> '{o,a}')`,
    (of) => `jsonb_path_query_first(${of('json')}, '$.k')::text`,
    (of) => `substr(${of('text')}, 1, 2)`,
    (of) => `concat_ws('-', ${of('text')}, ${of('int')})`,
    (of) => `(${of('texts')})[1]`,
    (of) => `array_to_string(${of('texts')}, ',')`,
    (of) => `format('%s', ${of('text')})`,
    (of) => `(${of('pair')}).b`,
    (of) => `md5(${of('text')})`,
    (of) => `${of('bool')}::text`,
    (of) => `json_value(${of('json')}, '$.k')`,
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `${row}::text`),
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `to_jsonb(${row})::text`),
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `format('%s', ${row})`),
    (of) => `row(${of('text')}, ${of('int')})::text`,
    (of) => `trim(both from ${of('text')})`,
    (of) => `overlay(${of('text')} placing ${of('text')} from 1)`,
    (of) => `(${of('text')} collate "C")`,
    (of) => `json_query(${of('json')}, '$.o')::text`,
    (of) => `json_serialize(${of('json')})`,
    (of) => `(jsonb_each_text(jsonb_build_object('k', ${of('text')}))).value`,
    (of) => `xmlserialize(content xmlelement(name x, ${of('text')}) as text)`,
    (of) => `(${of('pairs')})[1]::text`,
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `(select ${row}::text)`),
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `row(${row})::text`),
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `coalesce(${row}, ${row})::text`),
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `concat(${row})`),
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `(array[${row}])[1]::text`),
    (_, grammar, scope) =>
      wholeRow(
        grammar,
        scope,
        (row) => `(select string_agg(e.value, ',') from jsonb_each_text(to_jsonb(${row})) e)`,
      ),
    (_, grammar, scope) =>
      `(select string_agg(s::text, ',') from (${subquery(grammar, scope, ['int', 'text'])}) s)`,
    (_, grammar, scope) =>
      `((select s from (${subquery(grammar, scope, ['int', 'text'])}) s (m, n) limit 1)).n`,
  ],
  bool: [
    (of) => `(${of('int')} = ${of('int')})`,
    (of) => `(${of('int')} < ${of('int')})`,
    (of) => `(${of('text')} like ${of('text')})`,
    (of) => `(${of('text')} = ${of('text')})`,
    (of) => `(${of('text')} is distinct from ${of('text')})`,
    (of) => `(${of('int')} between ${of('int')} and ${of('int')})`,
    (of) => `(${of('text')} in (${of('text')}, ${of('text')}))`,
    (of) => `(${of('int')} = any(${of('ints')}))`,
    (of) => `(${of('bool')} and ${of('bool')})`,
    (of) => `(not ${of('bool')})`,
    (of) => `(${of('bool')} or ${of('bool')})`,
    (of) => `(${of('text')} is null)`,
    (of) => `(${of('json')} ? 'k')`,
    (of) => `(${of('text')} similar to ${of('text')})`,
    (of) => `json_exists(${of('json')}, '$.k')`,
    (of) => `(${of('texts')} && ${of('texts')})`,
    (of) => `(${of('text')} in (values (${of('text')}), ('x')))`,
    (of) => `(row(${of('int')}, ${of('text')}) < row(${of('int')}, ${of('text')}))`,
    (of) => `(${of('json')} @> ${of('json')})`,
    (of) => `((${of('int')}, ${of('text')}) = (${of('int')}, ${of('text')}))`,
    (_, grammar, scope) => `exists (${subquery(grammar, scope, ['int'])})`,
    (of, grammar, scope) => `(${of('int')} in (${subquery(grammar, scope, ['int'])}))`,
    (of, grammar, scope) => `(${of('text')} = any(${subquery(grammar, scope, ['text'])}))`,
    (of, grammar, scope) =>
      `((${of('int')}, ${of('text')}) in (${subquery(grammar, scope, ['int', 'text'])}))`,
    (of, grammar, scope) => `(${of('int')} > all (${subquery(grammar, scope, ['int'])}))`,
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `(${row} is not null)`, 'true'),
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `(${row} = ${row})`, 'true'),
  ],
  json: [
    ...generic('json'),
    (of) => `to_jsonb(${of('text')})`,
    (of) => `jsonb_build_object('k', ${of('text')}, 'a', ${of('int')})`,
    (of) => `(${of('json')} -> 'k')`,
    (of) => `(${of('json')} || ${of('json')})`,
    (of) => `(${of('json')})['k']`,
    (of) => `jsonb_set(jsonb_build_object('k', ${of('int')}), '{k}', to_jsonb(${of('text')}))`,
    (of) => `json_object('k': ${of('text')})::jsonb`,
    (of) => `json_array(${of('text')}, ${of('int')})::jsonb`,
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `to_jsonb(${row})`, `'{}'::jsonb`),
    (_, grammar, scope) => wholeRow(grammar, scope, (row) => `row_to_json(${row})::jsonb`, `'{}'::jsonb`),
    (_, grammar, scope) => `(select jsonb_agg(s) from (${subquery(grammar, scope, ['int', 'text'])}) s)`,
  ],
  ints: [
    (of) => `array[${of('int')}, ${of('int')}]`,
    (of) => `(${of('ints')} || ${of('int')})`,
    (of) => `(${of('ints')})[1:2]`,
    (_, grammar, scope) => `array(${subquery(grammar, scope, ['int'])})`,
  ],
  texts: [
    (of) => `array[${of('text')}]`,
    (of) => `string_to_array(${of('text')}, 'e')`,
    (of) => `array_append(${of('texts')}, ${of('text')})`,
    (_, grammar, scope) => `array(${subquery(grammar, scope, ['text'])})`,
  ],
  pair: [
    (of, { pairType }) => (pairType === null ? 'null' : `row(${of('int')}, ${of('text')})::${pairType}`),
    (of) => `(${of('pairs')})[1]`,
  ],
};

function subquery(grammar: Grammar, scope: Scope, kinds: readonly Kind[]): string {
  return generateQuery(grammar, scope, kinds).text;
}

/** A row as one value; `instead` where there is none in sight. */
function wholeRow(grammar: Grammar, scope: Scope, use: (row: string) => string, instead = `'none'`): string {
  const { draw } = grammar;
  if (scope.items.length === 0) return instead;
  const item = draw.pick(scope.items);
  const name = quote(draw, item.name);
  // A column of that name would be meant instead of the row.
  return use(draw.chance(0.4) ? `${name}.*` : name);
}

/** A column in sight of that kind, in one of the ways to name it. */
export function reference(grammar: Grammar, scope: Scope, kind: Kind): string | null {
  const { draw } = grammar;
  const from =
    scope.outer !== null && draw.chance(scope.items.length === 0 ? 0.9 : 0.2) ? scope.outer : scope;
  const ways: (() => string)[] = [];
  for (const item of from.items) {
    for (const column of item.columns) {
      if (column.kind === kind) ways.push(() => qualified(draw, item, column));
    }
  }
  for (const { name } of uniques(from).filter((column) => column.kind === kind)) {
    const way = () => quote(draw, name);
    ways.push(way, way);
  }
  if (ways.length === 0) return from === scope ? null : reference(grammar, { ...scope, outer: null }, kind);
  return draw.pick(ways)();
}

function qualified(draw: Draw, item: Item, column: Column): string {
  const name = quote(draw, item.name);
  const field = quote(draw, column.name);
  if (item.schema !== null && draw.chance(0.2)) return `${quote(draw, item.schema)}.${name}.${field}`;
  if (draw.chance(0.08)) return `(${name}).${field}`;
  if (draw.chance(0.04)) return `${field}(${name})`;
  return `${name}.${field}`;
}

/** Columns that a name alone finds. */
function uniques({ bare }: Scope): readonly Column[] {
  const counts = new Map<string, number>();
  for (const { name } of bare) counts.set(name, (counts.get(name) ?? 0) + 1);
  return bare.filter(({ name }) => counts.get(name) === 1);
}

function filterClause(grammar: Grammar, scope: Scope): string {
  return grammar.draw.chance(0.2) ? ` filter (where ${expression(grammar, scope, 'bool')})` : '';
}

function orderIn(grammar: Grammar, scope: Scope): string {
  return grammar.draw.chance(0.3) ? ` order by ${expression(grammar, scope, 'text')}` : '';
}

/** An aggregate that gives the kind; its arguments hold none. */
export function aggregate(grammar: Grammar, scope: Scope, kind: Kind): string {
  const { draw } = grammar;
  const of = (wanted: Kind) => expression(grammar, scope, wanted);
  const filter = filterClause(grammar, scope);
  switch (kind) {
    case 'int':
      return draw.pick([
        () => `count(*)${filter}::int`,
        () => `count(${draw.chance(0.3) ? 'distinct ' : ''}${of('text')})${filter}::int`,
        () => `max(${of('int')})${filter}`,
        () => `sum(${of('int')})${filter}::int`,
        () => `percentile_disc(0.5) within group (order by ${of('int')})${filter}`,
      ])();
    case 'text':
      return draw.pick([
        () => `min(${of('text')})${filter}`,
        () => `string_agg(${of('text')}, ','${orderIn(grammar, scope)})${filter}`,
        () => `mode() within group (order by ${of('text')})${filter}`,
      ])();
    case 'bool':
      return draw.chance(0.5) ? `bool_or(${of('bool')})${filter}` : `(count(*)${filter} > 1)`;
    case 'json':
      return draw.pick([
        () => `jsonb_agg(${of('text')}${orderIn(grammar, scope)})${filter}`,
        () => `jsonb_object_agg(coalesce(${of('text')}, ''), ${of('int')})${filter}`,
        () => wholeRow(grammar, scope, (row) => `jsonb_agg(${row})${filter}`, `'{}'::jsonb`),
      ])();
    case 'ints':
      return `array_agg(${of('int')}${orderIn(grammar, scope)})${filter}`;
    case 'texts':
      return `array_agg(${of('text')}${orderIn(grammar, scope)})${filter}`;
    default:
      return 'null';
  }
}

/** The window between the parentheses of OVER. */
export function windowDefinition(grammar: Grammar, scope: Scope): string {
  const { draw } = grammar;
  const parts: string[] = [];
  if (draw.chance(0.5)) parts.push(`partition by ${expression(grammar, scope, draw.pick(['int', 'text']))}`);
  if (draw.chance(0.7)) {
    parts.push(`order by ${expression(grammar, scope, draw.pick(['int', 'text']))}`);
    if (draw.chance(0.2)) parts.push('rows between 1 preceding and current row');
  }
  return parts.join(' ');
}

function overWindow(grammar: Grammar, scope: Scope, kind: Kind, names: readonly string[]): string {
  const { draw } = grammar;
  const of = (wanted: Kind) => expression(grammar, scope, wanted);
  const over =
    names.length > 0 && draw.chance(0.5)
      ? `over ${draw.chance(0.6) ? quote(draw, draw.pick(names)) : `(${quote(draw, draw.pick(names))})`}`
      : `over (${windowDefinition(grammar, scope)})`;
  switch (kind) {
    case 'int':
      return draw.pick([
        () => `row_number() ${over}::int`,
        () => `rank() ${over}::int`,
        () => `count(*) ${over}::int`,
        () => `(sum(${of('int')}) ${over})::int`,
        () => `lag(${of('int')}) ${over}`,
      ])();
    case 'text':
      return draw.pick([
        () => `first_value(${of('text')}) ${over}`,
        () => `lead(${of('text')}, 1, 'none') ${over}`,
        () => `string_agg(${of('text')}, ',') ${over}`,
      ])();
    case 'json':
      return `jsonb_agg(${of('text')}) ${over}`;
    default:
      return reference(grammar, scope, kind) ?? literal(draw, kind);
  }
}
