import type { Node, ResTarget, SelectStmt } from 'libpg-query';
import { beforeAll, describe, expect, it } from 'vitest';
import { isTotal } from './is-total.ts';
import { createInlineParser, type InlineParser } from './parse-text.ts';

let parser: InlineParser;
beforeAll(async () => {
  parser = await createInlineParser();
});

function expression(text: string): Node {
  const parsed = parser.parse(`select ${text} from t`);
  if (parsed?.kind !== 'parsed') throw new Error(`\`${text}\` was not parsed`);
  const [statement] = parsed.statements;
  const [target] = (statement!.tree.stmt as { SelectStmt: SelectStmt }).SelectStmt.targetList ?? [];
  return (target as { ResTarget: ResTarget }).ResTarget.val!;
}

describe('what nobody can watch', () => {
  it.each([
    'email',
    'lower(email)',
    'pg_catalog.lower(email)',
    "email || '@' || name",
    'email = $1',
    "email in ('a', 'b')",
    'email is null',
    'email::text',
    'email::varchar(3)',
    "coalesce(email, 'none')",
    'case when email = $1 then 1 else 2 end',
    'row(email, phone)',
    'array[email]',
    "doc -> 'a' ->> 'b'",
    'substr(email, 1, 3)',
    'substring(email from 2 for 3)',
    "split_part(email, '@', 1)",
    "position('@' in email)",
    "lpad(email, 3, '*')",
    "overlay(email placing 'x' from 1 for 2)",
    "email ^@ 'a'",
    'num_nulls(email, phone)',
    "json_build_object('mail', email)",
    'array_length(array_agg(email), 1)',
    'json_array(email, phone)',
    "json_object('mail': email)",
    'json_scalar(email)',
    "to_jsonb(t) @> '{}'",
    'count(distinct email)',
    'lag(email, 2) over (order by id)',
    '(select email from u limit 1)',
    '(array[email])[1]',
  ])('is %s', (text) => {
    expect(isTotal(expression(text))).toBe(true);
  });
});

describe('what may be watched', () => {
  it.each([
    ['fails by the value', '1/(ascii(email) - 97)'],
    ['overflows by the value', 'amount + 2147483000'],
    ['casts by the value', 'email::int'],
    ['casts by the value inside', 'lower(email::date::text)'],
    ['matches a pattern that may fail where it matches', "email like 'a\\\\'"],
    ['matches a pattern that may take long', "email ~ '(a*)*b'"],
    ['fails but for NULL', 'substr(email, 1, -1)'],
    ['fails but for NULL', 'substr(email, 1, $1)'],
    ['fails but for NULL', "split_part(email, '@', 0)"],
    ['fails but for NULL', 'lpad(email, 2000000000)'],
    ['fails but for NULL', "overlay(email placing 'x' from 0)"],
    ['fails by a key', 'json_build_object(email, 1)'],
    ['fails by a key', 'json_build_object(null, email)'],
    ['matches a pattern that may take long', "substring(email from '(a*)*b')"],
    ['reads a text as JSON', 'json_array(email format json)'],
    ['makes another type of it', 'json_array(email returning bytea)'],
    ['fails by a key', 'json_object(email: 1)'],
    ['takes a length from the value', 'left(name, length(email))'],
    ['takes memory by the value', "repeat('x', length(email))"],
    ['grows by the value', "replace(email, 'a', $1)"],
    ['adds up to an overflow', 'sum(amount)'],
    ['gives rows by the value', 'generate_series(1, length(email))'],
    ['runs a query by the value', "case when email = 'a' then (select 1) end"],
    ['runs a query by the value', "coalesce(nullif(email, 'a'), (select 'b'))"],
    ['runs a query by the value', "email = 'a' and exists (select 1)"],
    ['calls what is not built in', 'shop.lower(email)'],
    ['calls what nobody has put on the list', 'xpath(email, x)'],
    ['calls an operator that is not built in', "email operator(public.=) 'a'"],
    ['takes its arguments from an array', 'concat(variadic array[email])'],
    ['frames by the value', 'first_value(id) over (order by id rows length(email) preceding)'],
    ['filters by what may fail', 'count(*) filter (where 1/length(email) > 0)'],
    ['compares a query', 'email = any (select 1/id from u)'],
  ])('%s: %s', (_how, text) => {
    expect(isTotal(expression(text))).toBe(false);
  });
});
