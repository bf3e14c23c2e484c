import { beforeAll, describe, expect, it } from 'vitest';
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

async function writesInside(text: string): Promise<boolean | undefined> {
  const context = createPostgresContext(createShopCatalog(), { database: 'app', user: 'app' });
  const analysis = await analyzer.analyze(text, context);
  if (analysis.kind !== 'analyzed') throw new Error(analysis.message);
  return analysis.statements[0]!.writesInside;
}

describe('writes in WITH', () => {
  it.each([
    'with d as (delete from orders where id = 1 returning id) select * from d',
    'with d as (delete from orders where id = 1) delete from orders where id = 2',
    'with unused as (insert into orders (id) values (1)) select 1',
    'with a as (select 1), b as (update orders set id = 1 where id = 2 returning id) insert into orders (id) select id from b',
    'insert into orders (id) with d as (delete from orders returning id) select id from d',
  ])('are told: %s', async (text) => {
    expect(await writesInside(text)).toBe(true);
  });

  it.each([
    'with d as (select id from orders) delete from orders where id in (select id from d)',
    'delete from orders where id = 1',
    'select 1',
  ])('are not told where there are none: %s', async (text) => {
    expect(await writesInside(text)).toBeUndefined();
  });
});
