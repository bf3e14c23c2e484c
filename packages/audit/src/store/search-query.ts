/**
 * A search as SQL. Values only ever travel as parameters; the text is made of fixed pieces and of days.
 *
 * Two queries, the second only when the first has found too few, each over as many partitions as needed:
 *   1. the newest events, looked through one by one: what is common is found there at once;
 *   2. everything, through the index over facts, sorted afterwards: what is rare is few.
 * So neither depends on what the planner believes of how common a mixture of facts is.
 */
import type { SearchFilter } from './audit-store.ts';
import { storable } from './event-columns.ts';
import { dayAfter } from './event-day.ts';
import { fact, wordsOf } from './event-facts.ts';
import { inDays } from './over-days.ts';
import { TABLE } from './schema.ts';

export interface SqlQuery {
  readonly text: string;
  readonly values: readonly unknown[];
}

export const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
/** So many ids back from the newest one are looked through before the index is asked. */
const WINDOW = 20_000;

type Piece = (place: string) => string;

/** Filters that the index over facts answers, by the name of the fact. */
const FACTS = {
  kind: 'kind',
  node: 'node',
  who: 'who',
  database: 'database',
  object: 'object',
  action: 'action',
  effect: 'effect',
  rule: 'rule',
  result: 'result',
  verb: 'verb',
  purpose: 'purpose',
} as const satisfies Partial<Record<keyof SearchFilter, string>>;

/** Conditions on columns of their own; total, so that a new filter cannot be forgotten. */
const COLUMNS = {
  from: (place) => `e.at >= ${place}::timestamptz`,
  to: (place) => `e.at < ${place}::timestamptz`,
  code: (place) => `e.code = ${place}::text`,
  request: (place) => `e.request = ${place}::text`,
  session: (place) => `e.session = ${place}::text`,
  before: (place) => `e.id < ${place}::bigint`,
} as const satisfies Record<Exclude<keyof SearchFilter, keyof typeof FACTS | 'text' | 'limit'>, Piece>;

/** `newest`: nothing to look for but order. `window`: what is common, among the newest. `all`: what is rare. */
export type SearchPart = 'newest' | 'window' | 'all';

/** Gives the parts of a search, to be run in order until one has found enough. */
export function searchParts(filter: SearchFilter): readonly SearchPart[] {
  const names = Object.keys(filter).filter((name) => filter[name as keyof SearchFilter] !== undefined);
  // The index over ids has them in order.
  if (names.every((name) => name === 'before' || name === 'limit')) return ['newest'];
  // What is named by its id is few, and an index of its own finds it.
  if (filter.request !== undefined || filter.session !== undefined) return ['all'];
  return ['window', 'all'];
}

/** Gives the query for one part over some partitions; its rows are `id` and `line`, newest first. `newest` is the id behind which nothing counts. */
export function searchQuery(
  filter: SearchFilter,
  part: SearchPart,
  newest: number,
  days: readonly string[],
): SqlQuery {
  const values: unknown[] = [];
  const place = (value: unknown) => {
    values.push(typeof value === 'string' ? storable(value) : value);
    return `$${values.length}`;
  };
  const conditions = [inDays('e', days), `e.id <= ${place(newest)}::bigint`];
  for (const name of Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]) {
    if (filter[name] !== undefined) conditions.push(COLUMNS[name](place(filter[name])));
  }
  const facts = factsOf(filter);
  const byText = filter.text !== undefined && part === 'all';
  // With a text everything but the result is asked of the intent, whose row has the words.
  const own = byText ? facts.filter((one) => /^(result|kind):/.test(one)) : facts;
  if (own.length > 0) conditions.push(`e.facts @@ ${place(conjunction(own))}::tsquery`);
  if (part === 'window') conditions.push(`e.id >= ${place(windowStart(filter, newest))}::bigint`);
  if (filter.text !== undefined && !byText) {
    conditions.push(contains('e', `${place(filter.text)}::text`));
  }
  let source = `${TABLE} e`;
  if (byText) {
    // A statement ends on the day on which it began or on the next one: two partitions to look into, not all.
    source = `${TABLE} i join ${TABLE} e on e.request = i.request and e.kind in ('intent', 'outcome')
      and e.day between i.day and i.day + 1`;
    const shared = facts.filter((one) => !/^(result|kind):/.test(one));
    const words = wordQuery(filter.text!);
    const query = [conjunction([...shared, 'kind:intent']), ...words].join(' & ');
    conditions.push(inDays('i', [...new Set(days.flatMap((day) => [dayAfter(day, -1), day]))]));
    conditions.push(`i.facts @@ ${place(query)}::tsquery`, contains('i', `${place(filter.text)}::text`));
  }
  // A sum cannot be had from an index, so that everything is found first and sorted then.
  const order = part === 'all' ? 'e.id + 0' : 'e.id';
  const text = `select e.id, e.line from ${source} where ${conditions.join(' and ')}
    order by ${order} desc limit ${place(boundedLimit(filter.limit ?? DEFAULT_LIMIT))}::bigint`;
  return { text, values };
}

/** The first id that `window` looks at. */
export function windowStart({ before }: SearchFilter, newest: number): number {
  return Math.min(before ?? newest + 1, newest + 1) - WINDOW;
}

function factsOf(filter: SearchFilter): string[] {
  return (Object.keys(FACTS) as (keyof typeof FACTS)[]).flatMap((name) => {
    const value = filter[name];
    return value === undefined ? [] : [fact(FACTS[name], storable(value))];
  });
}

function contains(row: string, text: string): string {
  return `position(lower(${text}) in lower(${row}.text)) > 0`;
}

/** A tsquery in which each fact is one quoted word. */
function conjunction(facts: readonly string[]): string {
  return facts.map(quoted).join(' & ');
}

/** The last word may go on; a text without words is not looked up. */
function wordQuery(text: string): string[] {
  const words = wordsOf(text);
  const goesOn = /[\p{L}\p{N}]$/u.test(text);
  return words.map((word, index) => {
    const whole = quoted(fact('word', word));
    return index === words.length - 1 && goesOn ? `${whole}:*` : whole;
  });
}

/** SECURITY: a tsquery has a grammar of its own; inside quotes only the quote and the backslash mean something. Test: `finds by …` with hostile names. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** A whole number between 0 and the largest limit. */
export function boundedLimit(limit: number): number {
  return Number.isFinite(limit) ? Math.min(Math.max(Math.trunc(limit), 0), MAX_LIMIT) : MAX_LIMIT;
}
