/**
 * A search as SQL. Values only ever travel as parameters; the text is made of fixed pieces.
 *
 * An outcome does not repeat who asked for what, so facts of a statement are looked up in the
 * intent with the same request.
 */
import type { SearchFilter } from './audit-store.ts';
import { TABLE } from './schema.ts';

export interface SqlQuery {
  readonly text: string;
  readonly values: readonly unknown[];
}

const MAX_LIMIT = 10_000;

type Piece = (place: string) => string;

const own =
  (column: string): Piece =>
  (place) =>
    `e.${column} = ${place}`;
const intent =
  (condition: (row: string, place: string) => string): Piece =>
  (place) =>
    `(${condition('e', place)} or ${condition('i', place)})`;

/** One condition per filter; total, so that a new filter cannot be forgotten. */
const CONDITIONS: Readonly<Record<Exclude<keyof SearchFilter, 'limit'>, Piece>> = {
  node: own('node'),
  from: (place) => `e.at >= ${place}::timestamptz`,
  to: (place) => `e.at < ${place}::timestamptz`,
  kind: own('kind'),
  who: intent(
    (row, place) =>
      `${place}::text = any(string_to_array(${row}.who, ' for ')) or ${row}.who = ${place}::text`,
  ),
  database: intent((row, place) => `${row}.database = ${place}::text`),
  object: intent(
    (row, place) =>
      `${row}.objects @> array[${place}::text] or (right(${place}::text, 2) = '.*' and exists (
        select from unnest(${row}.objects) o where starts_with(o, left(${place}::text, -1))))`,
  ),
  action: intent((row, place) => `${place}::text = any(string_to_array(${row}.action, ','))`),
  effect: intent((row, place) => `${row}.effect = ${place}::text`),
  rule: intent(
    (row, place) => `${row}.rule = ${place}::text or ${place}::text = any(string_to_array(${row}.rule, '/'))`,
  ),
  result: own('result'),
  code: own('code'),
  request: own('request'),
  session: own('session'),
  verb: intent((row, place) => `${place}::text = any(string_to_array(${row}.verb, ', '))`),
  text: intent((row, place) => `position(lower(${place}::text) in lower(${row}.text)) > 0`),
  before: (place) => `e.id < ${place}::bigint`,
};

/** Gives the query for a filter; its rows are `id` and `line`. */
export function searchQuery(filter: SearchFilter): SqlQuery {
  const values: unknown[] = [];
  const conditions: string[] = [];
  for (const name of Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[]) {
    const value = filter[name];
    if (value === undefined) continue;
    values.push(typeof value === 'string' ? value.replaceAll('\0', '') : value);
    conditions.push(CONDITIONS[name](`$${values.length}`));
  }
  values.push(boundedLimit(filter.limit ?? 100));
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
  return {
    text: `select e.id, e.line from ${TABLE} e
      left join ${TABLE} i on e.kind = 'outcome' and i.kind = 'intent' and i.request = e.request
      ${where} order by e.id desc limit $${values.length}::bigint`,
    values,
  };
}

/** A whole number between 0 and the largest limit. */
export function boundedLimit(limit: number): number {
  return Number.isFinite(limit) ? Math.min(Math.max(Math.trunc(limit), 0), MAX_LIMIT) : MAX_LIMIT;
}
