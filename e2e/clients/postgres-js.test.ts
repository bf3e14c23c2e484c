import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSides, type Side, type Sides } from './postgres-sides.ts';

/** What a call gave: its value, or the error's code and words. */
type Seen = { readonly value: unknown } | { readonly error: readonly unknown[] };

describe('postgres (porsager) through the gateway, with everything allowed', () => {
  let sides: Sides;
  let direct: postgres.Sql;
  let through: postgres.Sql;

  beforeAll(async () => {
    sides = await openSides();
    [direct, through] = [connect(sides.direct), connect(sides.through)];
  });

  afterAll(async () => {
    await Promise.allSettled([direct?.end({ timeout: 1 }), through?.end({ timeout: 1 })]);
    await sides?.stage.close();
  });

  function connect({ user, ...side }: Side, options: postgres.Options<Record<string, never>> = {}) {
    return postgres({ ...side, username: user, max: 1, onnotice: () => undefined, ...options });
  }

  async function see(work: Promise<unknown>): Promise<Seen> {
    try {
      return { value: await work };
    } catch (error) {
      const { code, message, position, table_name, constraint_name } = error as postgres.PostgresError;
      return { error: [code, message, position, table_name, constraint_name] };
    }
  }

  it.each<readonly [string, (sql: postgres.Sql) => Promise<unknown>]>([
    [
      'rows of many types with parameters',
      async (sql) =>
        await sql`select ${1}::int as i, ${'x'}::text as t, ${new Date(0)}::timestamptz as at, ${sql.json({ a: [1] })}::jsonb as j, ${sql.array([1, 2])}::int[] as l, ${null}::text as n`,
    ],
    [
      'columns and count',
      async (sql) => {
        const result = await sql`select id, full_name from customers order by id limit 3`;
        return [
          result.count,
          result.command,
          result.columns.map(({ name, type }) => [name, type]),
          [...result],
        ];
      },
    ],
    [
      'a statement described',
      async (sql) => {
        const { types, columns } = await sql`select id, total from orders where id = ${1}`.describe();
        return [types, columns];
      },
    ],
    [
      'values as arrays and raw',
      async (sql) => [await sql`select 1 as a, 2 as a`.values(), await sql`select 1 as a, 'x' as b`.raw()],
    ],
    [
      'a simple query with several statements',
      async (sql) => await sql`select 1 as a; select 2 as b`.simple(),
    ],
    [
      'a simple query that fails in the middle',
      async (sql) => await sql`select 1; select 1/0; select 2`.simple(),
    ],
    ['a syntax error', async (sql) => await sql`selec ${1}`],
    ['a bad parameter', async (sql) => await sql`select ${'x'}::text::int`],
    [
      'a unique violation',
      async (sql) =>
        await sql`insert into customers (full_name, email) select full_name, email from customers where id = 1`,
    ],
    [
      'the same statement many times',
      async (sql) => await Promise.all(Array.from({ length: 30 }, (_, n) => sql`select ${n}::int as n`)),
    ],
    [
      'a pipeline in which one fails',
      async (sql) => await Promise.all([1, 0, 2].map((n) => see(sql`select 10 / ${n}::int as n`))),
    ],
    [
      'a cursor in batches',
      async (sql) => {
        const sizes: number[] = [];
        for await (const rows of sql`select generate_series(1, 25) as n`.cursor(10)) sizes.push(rows.length);
        return sizes;
      },
    ],
    [
      'a cursor that is left early',
      async (sql) => {
        for await (const [row] of sql`select generate_series(1, 1000) as n`.cursor())
          if (row?.['n'] === 3) break;
        return await sql`select 'goes on' as then`;
      },
    ],
    [
      'a cursor that fails on its way',
      async (sql) => {
        let rows = 0;
        const cursor = sql`select 10 / (5 - n) as n from generate_series(1, 10) n`.cursor(2);
        const error = await see(
          (async () => {
            for await (const batch of cursor) rows += batch.length;
          })(),
        );
        return [rows, error, await sql`select 1 as a`];
      },
    ],
    [
      'rows one by one',
      async (sql) => {
        const seen: unknown[] = [];
        await sql`select generate_series(1, 5) as n`.forEach((row) => void seen.push(row));
        return seen;
      },
    ],
    [
      'a transaction with savepoints',
      async (sql) =>
        await sql.begin(async (tx) => {
          await tx`update orders set status = 'held' where id = 2`;
          const failed = await see(tx.savepoint(async (inner) => await inner`select 1/0`));
          return [failed, await tx`select status from orders where id = 2`, await tx`rollback`];
        }),
    ],
    [
      'a transaction that fails',
      async (sql) => [
        await see(sql.begin((tx) => [tx`update orders set status = 'held' where id = 2`, tx`select 1/0`])),
        await sql`select status from orders where id = 2`,
      ],
    ],
    [
      'COPY out as a stream',
      async (sql) => {
        const stream =
          await sql`copy (select n, 'row ' || n from generate_series(1, 2000) n) to stdout`.readable();
        let text = '';
        for await (const chunk of stream) text += String(chunk);
        return text;
      },
    ],
    [
      'COPY in as a stream',
      async (sql) => {
        await sql`create temp table inbox (a int, b text)`;
        const sink = await sql`copy inbox from stdin`.writable();
        await pipeline(Readable.from(Array.from({ length: 500 }, (_, n) => `${n}\tx\n`)), sink);
        return [await sql`select count(*), sum(a) from inbox`, await sql`drop table inbox`];
      },
    ],
    ['unsafe text with parameters', async (sql) => await sql.unsafe('select $1::int + $2::int as n', [1, 2])],
    [
      'a large value both ways',
      async (sql) => {
        const big = 'x'.repeat(2_000_000);
        const [row] = await sql`select ${big} || 'y' as big`;
        return [row?.['big'].length, row?.['big'].endsWith('xy')];
      },
    ],
  ])('sees the same for %s', async (_name, work) => {
    const [past, via] = await Promise.all(
      [sides.direct, sides.through].map(async (side) => {
        const sql = connect(side);
        const seen = await see(work(sql));
        await sql.end({ timeout: 1 });
        return seen;
      }),
    );
    expect(via).toEqual(past);
  });

  it('hears notifications on a connection of its own', async () => {
    const heard: string[] = [];
    const { unlisten } = await through.listen('news', (payload) => heard.push(payload));
    await through.notify('news', 'hello');
    await direct.notify('news', 'again');
    while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await unlisten();
    expect(heard).toEqual(['hello', 'again']);
  });

  it('cancels a query', async () => {
    const query = through`select pg_sleep(30)`;
    const seen = see(query);
    await new Promise((resolve) => setTimeout(resolve, 200));
    query.cancel();
    expect(await seen).toMatchObject({
      error: [
        '57014',
        expect.stringContaining('canceling statement due to user request'),
        ...Array(3).fill(undefined),
      ],
    });
    expect(await through`select 1 as a`).toEqual([{ a: 1 }]);
  });

  it('keeps many connections apart', async () => {
    const pool = connect(sides.through, { max: 8 });
    const seen = await Promise.all(
      Array.from({ length: 80 }, (_, n) => pool`select ${n}::int as n, pg_sleep(0.005)`),
    );
    expect(seen.map(([row]) => row?.['n'])).toEqual(Array.from({ length: 80 }, (_, n) => n));
    await pool.end();
  });

  it('speaks TLS', async () => {
    const secure = connect(sides.through, { ssl: { rejectUnauthorized: false } });
    expect(await secure`select 1 as a`).toEqual([{ a: 1 }]);
    await secure.end();
  });
});
