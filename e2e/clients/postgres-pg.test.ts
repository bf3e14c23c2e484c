import type { Demo } from '@gatehouse/cli';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { allowAllPolicies } from '../stage/policies.ts';

/** What a client sees of one statement, comparable between two connections. */
interface Seen {
  readonly command?: string;
  readonly rowCount?: number | null;
  readonly fields?: readonly (readonly [string, number])[];
  readonly rows?: readonly unknown[];
  readonly error?: readonly [string | undefined, string];
}

describe('pg through the gateway, with everything allowed', () => {
  let stage: Demo;
  let direct: pg.Client;
  let through: pg.Client;

  beforeAll(async () => {
    stage = await openStage({ need: ['postgres'], policies: allowAllPolicies() });
    const { host, port, app } = stage.fleet.postgres!;
    direct = new pg.Client({ host, port, ...app, database: 'shop' });
    through = gatewayClient();
    await Promise.all([direct.connect(), through.connect()]);
  });

  afterAll(async () => {
    await Promise.allSettled([direct?.end(), through?.end()]);
    await stage?.close();
  });

  function gatewayClient(options: pg.ClientConfig = {}): pg.Client {
    return new pg.Client({
      host: '127.0.0.1',
      port: stage.port('postgres'),
      user: 'ana',
      password: stage.token('ana'),
      database: 'shop',
      ...options,
    });
  }

  async function see(client: pg.Client, query: pg.QueryConfig | string): Promise<Seen> {
    try {
      const result = await client.query(query);
      const { command, rowCount, fields, rows } = Array.isArray(result) ? result.at(-1) : result;
      return {
        command,
        rowCount,
        fields: fields.map(({ name, dataTypeID }: pg.FieldDef) => [name, dataTypeID] as const),
        rows,
      };
    } catch (error) {
      const { code, message } = error as pg.DatabaseError;
      return { error: [code, message] };
    }
  }

  /** Runs a script on both connections and expects the same of every step. */
  async function same(...script: (pg.QueryConfig | string)[]): Promise<void> {
    for (const query of script)
      expect([query, await see(through, query)]).toEqual([query, await see(direct, query)]);
  }

  it.each([
    [
      'simple rows of many types',
      `select 1::int2, 2::int4, 3::int8, 1.5::numeric(10,2), 1.5::float8, true, 'x'::text, 'y'::varchar(5), '\\xdead'::bytea, '2024-02-29'::date, '10:11:12'::time, '2024-02-29 10:11:12.123456+00'::timestamptz, '{"a":1}'::jsonb, '{1,2}'::int[], '6b4f2a10-0000-4000-8000-000000000001'::uuid, null::text, '1 day'::interval, '10.0.0.1'::inet, int4range(1,5)`,
    ],
    ['an empty statement', ''],
    ['several statements in one message', 'select 1; select 2; select count(*) from customers'],
    ['a syntax error', 'selec 1'],
    ['a division by zero', 'select 1/0'],
    ['a missing table', 'select * from nowhere'],
    ['a missing column', 'select nowhere from customers'],
    ['an empty result', 'select * from customers where id < 0'],
    [
      'a unique violation',
      `insert into customers (full_name, email) select full_name, email from customers where id = 1`,
    ],
    ['a large value', `select repeat('x', 3000000) as big`],
    ['ten thousand rows', 'select generate_series(1, 10000) as n'],
    ['unicode', `select 'grüße 🦉' as "ключ"`],
    [
      'a writing CTE',
      `with gone as (delete from customers where id < 0 returning id) select count(*) from gone`,
    ],
  ])('sees the same for %s', async (_name, sql) => {
    await same(sql);
  });

  it('sees the same with parameters, named statements and binary results', async () => {
    await same(
      { text: 'select $1::int + 1 as n, $2::text as t, $3::jsonb as j', values: [41, 'x', '{"a":[1]}'] },
      { name: 'by-id', text: 'select id, full_name from customers where id = $1', values: [1] },
      { name: 'by-id', text: 'select id, full_name from customers where id = $1', values: [2] },
      { text: 'select $1::int', values: ['not a number'] },
      { text: 'select id, placed_at, total from orders where id = $1', values: [3] },
    );
  });

  it('keeps transactions, savepoints and their errors', async () => {
    await same(
      'begin',
      `update orders set status = 'held' where id = 1`,
      'savepoint s',
      'select 1/0',
      'select 1',
      'rollback to s',
      'select status from orders where id = 1',
      'rollback',
      'select status from orders where id = 1',
    );
  });

  it('keeps SQL-level prepared statements and cursors', async () => {
    await same(
      'prepare q(int) as select full_name from customers where id = $1',
      'execute q(7)',
      'deallocate q',
      'execute q(7)',
      'begin',
      'declare c cursor for select id from customers order by id',
      'fetch 3 from c',
      'move 5 in c',
      'fetch next from c',
      'close c',
      'commit',
    );
  });

  it('answers statements that were sent without waiting in their order', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => through.query('select $1::int as n', [n])),
    );
    expect(answers.map(({ rows }) => rows[0].n)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  it('delivers notifications and notices', async () => {
    const heard: string[] = [];
    const notices: string[] = [];
    through.on('notification', ({ payload }) => heard.push(payload ?? ''));
    through.on('notice', ({ message }) => notices.push(message ?? ''));
    await through.query('listen news');
    await direct.query(`notify news, 'hello'`);
    await through.query(`do $$ begin raise notice 'watch out'; end $$`);
    while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(heard).toEqual(['hello']);
    expect(notices).toEqual(['watch out']);
  });

  it('cancels what runs, by the gateway’s own key', async () => {
    const client = gatewayClient() as pg.Client & { processID: number; secretKey: number };
    await client.connect();
    const running = client.query('select pg_sleep(30)').catch((error: pg.DatabaseError) => error.code);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const canceller = gatewayClient() as pg.Client & {
      cancel(client: pg.Client, query: unknown): void;
      connection: unknown;
    };
    canceller.cancel(client, (client as unknown as { activeQuery: unknown }).activeQuery);
    expect(await running).toBe('57014');
    expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    await client.end();
  });

  it('speaks TLS and binds the login to the channel', async () => {
    const client = gatewayClient({
      ssl: { rejectUnauthorized: false },
      enableChannelBinding: true,
    } as pg.ClientConfig);
    await client.connect();
    expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    await client.end();
  });

  it.each([
    ['a wrong password', { password: 'wrong' }, '28P01'],
    ['an unknown user', { user: 'eve', password: 'x' }, '28P01'],
    ['an unknown database', { database: 'nowhere' }, '42501'],
  ])('refuses %s with the code that clients know', async (_name, options, code) => {
    await expect(gatewayClient(options).connect()).rejects.toMatchObject({ code });
  });

  it('sees an object that another session has just made', async () => {
    const { host, port, user, password } = stage.fleet.postgres!;
    const owner = new pg.Client({ host, port, user, password, database: 'shop' });
    await owner.connect();
    await owner.query(
      'create table fresh (a int); insert into fresh values (7); grant all on fresh to public',
    );
    expect((await through.query('select a from fresh')).rows).toEqual([{ a: 7 }]);
    await owner.query('drop table fresh');
    await owner.end();
  });
});
