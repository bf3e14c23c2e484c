import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPostgresCatalog } from './build-catalog.ts';
import type { PostgresCatalogRows } from './catalog-queries.ts';
import {
  createPostgresAnalyzer,
  loadPostgresParser,
  type PostgresAnalyzer,
} from './create-postgres-analyzer.ts';
import { plainCatalogRows } from './plain-catalog-rows.ts';
import { createPostgresContext } from './postgres-context.ts';

const TABLES: readonly (readonly [oid: number, name: string, kind: string, columns: string])[] = [
  [10, 'customers', 'r', 'id email'],
  [11, 'orders', 'r', 'id customer_id total'],
  [12, 'lines', 'r', 'id order_id'],
  [13, 'notes', 'r', 'id customer_email'],
  [14, 'nodes', 'r', 'id parent'],
  [15, 'shown', 'v', 'id email'],
];

function cascade(
  relation: number,
  child: number,
  onDelete: string,
  onUpdate: string,
  keys: string,
  columns: string,
) {
  return { relation, child, on_delete: onDelete, on_update: onUpdate, keys, columns };
}

const ROWS: PostgresCatalogRows = {
  ...plainCatalogRows(
    TABLES.map(([oid, name, kind, names]) => ({ oid, name, kind, columns: names.split(' ') })),
  ),
  viewRelations: [
    { view: 15, relation: 10, attnum: 1 },
    { view: 15, relation: 10, attnum: 2 },
  ],
  functions: ['stamp', 'tell', 'allowed', 'norm'].map((name, index) => ({
    ...{
      oid: 90 + index,
      schema: 'public',
      name,
      volatility: 'v',
      language: 'plpgsql',
      owner: 'owner',
      definer: false,
    },
  })),
  cascades: [
    cascade(10, 11, 'c', 'a', '1', '2'),
    cascade(11, 12, 'c', 'a', '1', '2'),
    cascade(10, 13, 'n', 'c', '2', '2'),
    cascade(14, 14, 'c', 'a', '1', '2'),
  ],
  tableRoutines: [
    { relation: 10, function: 90, events: 'iu' },
    { relation: 12, function: 91, events: 'd' },
    { relation: 10, function: 92, events: 'riud' },
    { relation: 13, function: 93, events: 'iu' },
    { relation: 99, function: 93, events: 'iu' },
    { relation: 10, function: 999, events: 'iu' },
  ],
};

const context = createPostgresContext(buildPostgresCatalog(ROWS), { database: 'app', user: 'app' });
let analyzer: PostgresAnalyzer;

beforeAll(async () => {
  analyzer = createPostgresAnalyzer({ parser: await loadPostgresParser() });
});
afterAll(() => analyzer.close());

async function factsOf(text: string) {
  const analysis = await analyzer.analyze(text, context);
  if (analysis.kind === 'refused') throw new Error(analysis.code);
  return analysis.statements[0]!.facts;
}

/** `action table(fields written)`. */
async function writesOf(text: string): Promise<readonly string[]> {
  const { accesses } = await factsOf(text);
  return (accesses.known ? accesses.value : []).flatMap(({ action, object, fields }) => {
    if (action === 'read' || !object.known) return [];
    const written = fields.known ? fields.value.filter(({ use }) => use === 'write') : [];
    return [`${action} ${object.value.path[1]}(${written.map(({ field }) => field).join(' ')})`];
  });
}

async function routinesOf(text: string): Promise<readonly string[]> {
  const { functions } = await factsOf(text);
  return functions.known ? [...functions.value].sort() : ['?'];
}

describe('what foreign keys change', () => {
  it('is part of a deletion, to the end', async () => {
    expect(await writesOf('delete from customers where id = 1')).toEqual([
      'delete customers()',
      'delete orders()',
      'update notes(customer_email)',
      'delete lines()',
    ]);
  });

  it('is part of an update of the columns that are referred to, and of no other', async () => {
    expect(await writesOf("update customers set email = 'x' where id = 1")).toEqual([
      'update customers(email)',
      'update notes(customer_email)',
    ]);
    expect(await writesOf('update customers set id = 2 where id = 1')).toEqual(['update customers(id)']);
  });

  it('is part of a MERGE and of an upsert', async () => {
    const merge = 'merge into customers c using orders o on o.customer_id = c.id when matched then delete';
    expect(await writesOf(merge)).toContain('delete lines()');
    const upsert =
      "insert into customers values ('1', 'x') on conflict (id) do update set email = excluded.email";
    expect(await writesOf(upsert)).toContain('update notes(customer_email)');
  });

  it('is found behind a view that is written through', async () => {
    expect(await writesOf('delete from shown where id = 1')).toContain('delete lines()');
  });

  it('ends where a table refers to itself', async () => {
    expect(await writesOf('delete from nodes where id = 1')).toEqual(['delete nodes()']);
  });

  it('is nothing of a read', async () => {
    expect(await writesOf('select * from customers')).toEqual([]);
  });
});

describe('functions that run with a table', () => {
  it.each([
    ['select id from customers', ['public.allowed']],
    ['select id from shown', ['public.allowed']],
    ["insert into customers values ('1', 'x')", ['public.allowed', 'public.stamp']],
    ['delete from customers where id = 1', ['public.allowed', 'public.norm', 'public.tell']],
    ['select id from orders', []],
  ])('are named for %s', async (text, expected) => {
    expect(await routinesOf(text)).toEqual(expected);
  });
});
