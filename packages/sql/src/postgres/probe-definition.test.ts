import { beforeAll, describe, expect, it } from 'vitest';
import { analyzeStatement } from './analyze-statement.ts';
import { createShopCatalog } from './corpus/shop-catalog.ts';
import { loadPostgresParser, type PostgresParser } from './create-postgres-analyzer.ts';
import { createPostgresContext } from './postgres-context.ts';
import { NO_VIEWS } from './view-reader.ts';

const context = createPostgresContext(createShopCatalog(), { database: 'app', user: 'app' });

describe('definitions that take labels away', () => {
  let parser: PostgresParser;
  beforeAll(async () => {
    parser = await loadPostgresParser();
  });

  /** Fields that the definition counts as a use of, as `schema.table.field`. */
  function probesOf(text: string): readonly string[] | 'unknown' {
    const parsed = parser.parse(text);
    if (parsed?.kind !== 'parsed') throw new Error('expected a tree');
    const node = parsed.statements[0]!.tree.stmt!;
    const { probes } = analyzeStatement(node, { start: 0, end: 1 }, context, NO_VIEWS).statement.facts;
    if (probes?.known !== true) return 'unknown';
    return probes.value.map(({ object, field }) => [...object.path, field].join('.'));
  }

  it.each([
    "comment on column customers.email is 'x'",
    'comment on column customers.email is null',
    'comment on column public.customers.id is null',
    'alter table customers rename column email to mail',
  ])('use every column of the table: %s', (text) => {
    expect(probesOf(text)).toContain('public.customers.*');
  });

  it.each([
    "comment on table customers is 'x'",
    "comment on schema public is 'x'",
    "comment on function lower(text) is 'x'",
    'create index on customers (email)',
  ])('are not: %s', (text) => {
    expect(probesOf(text)).toEqual([]);
  });
});
