import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PostgresCatalog } from './catalog.ts';
import { createShopCatalog } from './corpus/shop-catalog.ts';
import {
  createPostgresAnalyzer,
  loadPostgresParser,
  type PostgresAnalyzer,
} from './create-postgres-analyzer.ts';
import { createPostgresContext } from './postgres-context.ts';

let analyzer: PostgresAnalyzer;

beforeAll(async () => {
  analyzer = createPostgresAnalyzer({ parser: await loadPostgresParser() });
});
afterAll(() => analyzer.close());

/** The filters on `customers.email`, through whatever object: `path`, with `=` for one that is an equality. */
async function filtersOf(
  text: string,
  catalog: PostgresCatalog | null = createShopCatalog(),
): Promise<string> {
  const context = createPostgresContext(catalog, { database: 'app', user: 'app' });
  const analysis = await analyzer.analyze(text, context);
  if (analysis.kind === 'refused') return analysis.code;
  return analysis.statements
    .flatMap(({ facts }) => (facts.accesses.known ? facts.accesses.value : []))
    .flatMap(({ object, fields }) =>
      (fields.known ? fields.value : [])
        .filter(({ field, use }) => field === 'email' && use === 'filter')
        .map(({ equality }) => `${object.known ? object.value.path.join('.') : '?'}${equality ? '=' : ''}`),
    )
    .sort()
    .join(' ');
}

describe('one comparison of a column with a constant', () => {
  it.each([
    'select id from customers where email = $1',
    "select id from customers where 'x' = email",
    "select id from customers c where c.email = 'x' and id > 3",
    "select id from customers where not email = 'x'",
    "select count(*) filter (where email = 'x') from orders, customers",
    "delete from customers where email = 'x' and id = 1",
    "select * from (select id, email from customers) c where email = 'x'",
    "with c as (select id, email as e from customers) select id from c where e = 'x'",
    "select id from orders where exists (select from customers where email = 'x')",
  ])('is told as an equality in %s', async (text) => {
    expect(await filtersOf(text)).toBe('public.customers=');
  });

  it('stays one through a view that shows the column as it is', async () => {
    expect(await filtersOf("select id from active_customers where email = 'x'")).toBe(
      'public.active_customers= public.customers=',
    );
  });

  it('is none where a view computes with the column', async () => {
    expect(await filtersOf("select * from mailing where email = 'x'")).toBe(
      'public.customers public.mailing=',
    );
  });

  it.each([
    ["select id from customers where email = 'x' or email = 'y'", 'there are two'],
    ["select id from customers a, customers b where a.email = 'x' and b.email = 'y'", 'there are two'],
    [
      "select id from customers where email = 'x' union all select id from customers where email = 'y'",
      'two',
    ],
    ["select id from customers where email > 'x'", 'not for being equal'],
    ["select id from customers where email <> 'x'", 'not for being equal'],
    ["select id from customers where email is not distinct from 'x'", 'not an operator'],
    ["select id from customers where email in ('x')", 'a list'],
    ['select id from customers where email = any ($1)', 'a list'],
    ["select id from customers where email like 'x'", 'a pattern'],
    ["select id from customers where email = 'x'::mood", 'a type that may be of somebody'],
    ["select id from customers where email = 'x' collate pg_c", 'a collation'],
    ["select id from customers where email operator(public.=) 'x'", 'an operator of somebody'],
    ["select id from customers where lower(email) = 'x'", 'a part of the value'],
    ["select id from customers where email = (select 'x')", 'a query'],
    ['select id from customers where email = name', 'another column'],
    ["select id from customers where (email, id) = ('x', 1)", 'a row'],
    ["select * from (select id, lower(email) as e from customers) c where e = 'x'", 'computed below'],
    ["select id from customers where email = 'x' and length(email) = 3", 'used again'],
  ])('is none in %s: %s', async (text) => {
    expect(await filtersOf(text)).toBe('public.customers');
  });

  it('is none where somebody has made an operator of that name, or nobody knows', async () => {
    const text = "select id from customers where email = 'x'";
    const catalog = createShopCatalog();
    const own: PostgresCatalog = Object.create(catalog, {
      operatorFunctions: { value: (name: string) => (name === '=' ? catalog.operatorFunctions('===') : []) },
    });
    expect(await filtersOf(text, own)).toBe('public.customers');
    expect(await filtersOf(text, null)).not.toContain('=');
  });
});
