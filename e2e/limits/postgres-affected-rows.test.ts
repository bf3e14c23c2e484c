import type { Demo } from '@gatehouse/cli';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  codeOf,
  int16,
  int32,
  logIn,
  type Message,
  message,
  openRaw,
  type RawClient,
} from '../clients/postgres-wire.ts';
import { openStage } from '../stage/open-stage.ts';
import { affectedRowsPolicies } from '../stage/policies.ts';

/**
 * A limit on affected rows against a real server: every way to send a write, in every kind of transaction, at the
 * limit and one row over it. What stands in the tables afterwards is asked of the server directly.
 */

const LIMIT = 3;

/** What stands in the tables: rows of `stock`, sum of `stock.n`, rows of `more`, sum of `parted.n`. */
type Contents = readonly [stock: number, changed: number, more: number, parted: number];
const FRESH: Contents = [10, 0, 0, 0];

interface Form {
  readonly name: string;
  sql(rows: number): string;
  /** After it has changed so many rows. */
  leaves(rows: number): Contents;
  /** Data for a COPY. */
  data?(rows: number): readonly string[];
  /** At the limit, where it does not count every row. */
  readonly tag?: string;
  /** It cannot stand inside PREPARE. */
  readonly isOutermost?: true;
}

const FORMS: readonly Form[] = [
  {
    name: 'insert-select',
    sql: (rows) => `insert into more select id from stock where id <= ${rows}`,
    leaves: (rows) => [10, 0, rows, 0],
  },
  {
    name: 'insert with on conflict',
    sql: (rows) =>
      `insert into stock (id, n) select id, 1 from stock where id <= ${rows} on conflict (id) do update set n = excluded.n`,
    leaves: (rows) => [10, rows, 0, 0],
  },
  {
    name: 'update',
    sql: (rows) => `update stock set n = 1 where id <= ${rows}`,
    leaves: (rows) => [10, rows, 0, 0],
  },
  {
    name: 'update of partitions',
    sql: (rows) => `update parted set n = 1 where id % 5 < 2 and id <= ${rows === LIMIT ? 6 : 10}`,
    leaves: (rows) => [10, 0, 0, rows],
  },
  {
    name: 'delete',
    sql: (rows) => `delete from stock where id <= ${rows}`,
    leaves: (rows) => [10 - rows, 0, 0, 0],
  },
  {
    name: 'delete returning',
    sql: (rows) => `delete from stock where id <= ${rows} returning id, note`,
    leaves: (rows) => [10 - rows, 0, 0, 0],
  },
  {
    name: 'merge',
    sql: (rows) =>
      `merge into stock s using (select id from stock where id <= ${rows}) x on s.id = x.id when matched then update set n = 1`,
    leaves: (rows) => [10, rows, 0, 0],
  },
  {
    name: 'copy',
    sql: () => 'copy more from stdin',
    leaves: (rows) => [10, 0, rows, 0],
    data: (rows) => Array.from({ length: rows }, (_, index) => `${index}\n`),
    isOutermost: true,
  },
  {
    name: 'a write in WITH',
    sql: (rows) => `with d as (delete from stock where id <= ${rows} returning id) select count(*) from d`,
    leaves: (rows) => [10 - rows, 0, 0, 0],
    tag: 'SELECT 1',
  },
  {
    name: 'a write in WITH whose rows are not asked for',
    sql: (rows) => `with d as (update stock set n = 1 where id <= ${rows}) select 1`,
    leaves: (rows) => [10, rows, 0, 0],
    tag: 'SELECT 1',
  },
  {
    name: 'an insert of what WITH deletes',
    sql: (rows) =>
      `with d as (delete from stock where id > 9 returning id) insert into more select s.id from stock s, d where s.id < ${rows}`,
    leaves: (rows) => [9, 0, rows - 1, 0],
    tag: 'INSERT 0 2',
  },
  {
    name: 'writes in and under WITH',
    sql: (rows) =>
      `with u as (update stock set n = 1 where id < ${rows - 1}), m as (insert into more values (1) returning id) update parted set n = 1 where id = 5`,
    leaves: (rows) => [10, rows - 2, 1, 1],
    tag: 'UPDATE 1',
  },
  {
    name: 'merge in WITH',
    sql: (rows) =>
      `with m as (merge into stock s using (select id from stock where id <= ${rows}) x on s.id = x.id when matched then update set n = 1 returning s.id) select id from m`,
    leaves: (rows) => [10, rows, 0, 0],
    tag: 'SELECT 3',
  },
  {
    name: 'COPY of a write',
    sql: (rows) =>
      `copy (with d as (delete from stock where id <= ${rows} returning id) select 1 from d limit 1) to stdout`,
    leaves: (rows) => [10 - rows, 0, 0, 0],
    tag: 'COPY 1',
    isOutermost: true,
  },
  {
    name: 'explain analyze',
    sql: (rows) => `explain analyze delete from stock where id <= ${rows}`,
    leaves: (rows) => [10 - rows, 0, 0, 0],
    tag: 'EXPLAIN',
    isOutermost: true,
  },
];

/** Their rows are not in the count that the server tells. */
const UNCOUNTED = [
  'create table gone as select id from stock',
  'create table gone as with d as (delete from stock where id = 1 returning id) select id from d',
  'truncate stock',
  'with d as (delete from stock where id = 1 returning id) select remember(id) from d',
];

const query = (sql: string): Buffer => message('Q', sql);
const parse = (name: string, sql: string): Buffer => message('P', name, sql, int16(0));
const bind = (name: string): Buffer => message('B', '', name, int16(0), int16(0), int16(0));
const execute = (rows = 0): Buffer => message('E', '', int32(rows));
const SYNC = message('S');
const extended = (sql: string): Buffer => Buffer.concat([parse('', sql), bind(''), execute()]);

/** How a statement is sent; how many ReadyForQuery come back, and which of them is the statement's. */
interface Channel {
  bytes(sql: string, data: Buffer): Buffer;
  readonly ready: number;
  readonly at: number;
  /** Rows of `more` that it adds by itself and that an error takes back. */
  readonly adds: number;
  readonly copies: boolean;
}

const CHANNELS: Readonly<Record<string, Channel>> = {
  simple: { bytes: (sql, data) => Buffer.concat([query(sql), data]), ready: 1, at: 0, adds: 0, copies: true },
  extended: {
    bytes: (sql, data) =>
      Buffer.concat([parse('', sql), bind(''), message('D', Buffer.from('P'), ''), execute(), data, SYNC]),
    ready: 1,
    at: 0,
    adds: 0,
    copies: true,
  },
  prepared: {
    bytes: (sql, data) => Buffer.concat([parse('s', sql), SYNC, bind('s'), execute(1000), data, SYNC]),
    ready: 2,
    at: 1,
    adds: 0,
    copies: true,
  },
  'prepared by SQL': {
    bytes: (sql) => Buffer.concat([query(`prepare q as ${sql}`), query('execute q')]),
    ready: 2,
    at: 1,
    adds: 0,
    copies: false,
  },
  pipeline: {
    bytes: (sql, data) =>
      Buffer.concat([
        extended('insert into more values (100)'),
        extended(sql),
        data,
        ...(data.length > 0 ? [] : [extended('select 2')]),
        SYNC,
        extended('select 3'),
        SYNC,
      ]),
    ready: 2,
    at: 0,
    adds: 1,
    copies: true,
  },
};

describe('a limit on affected rows in Postgres', () => {
  let stage: Demo;
  let direct: pg.Client;
  let client: RawClient;

  beforeAll(async () => {
    stage = await openStage({
      need: ['postgres'],
      policies: affectedRowsPolicies(LIMIT),
      upstreamAs: 'owner',
    });
    const { host, port, user, password } = stage.fleet.postgres!;
    direct = new pg.Client({ host, port, user, password, database: 'shop' });
    await direct.connect();
    await direct.query(`
      create table stock (id int primary key, n int not null default 0 check (n < 5), note text default 'a');
      create table more (id int);
      create table later (id int references stock deferrable initially deferred);
      create table parents (id int primary key);
      create table children (parent int references parents on delete cascade);
      create function remember(int) returns int language plpgsql as 'begin return $1; end';
      create table parted (id int, n int not null default 0) partition by list (id);
      ${Array.from({ length: 10 }, (_, i) => `create table parted_${i} partition of parted for values in (${i + 1});`).join('')}
    `);
  });

  afterAll(async () => {
    client?.end();
    await direct?.end();
    await stage?.close();
  });

  beforeEach(async () => {
    client?.end();
    await direct.query(`
      truncate stock, more, later, parted;
      insert into stock (id) select generate_series(1, 10);
      insert into parted (id) select generate_series(1, 10);
    `);
    client = openRaw(stage.port('postgres'));
    await logIn(client, { user: 'ana', password: stage.token('ana'), database: 'shop' });
  });

  async function contents(): Promise<Contents> {
    const { rows } = await direct.query({
      text: `select (select count(*) from stock)::int, (select coalesce(sum(n), 0) from stock)::int,
                    (select count(*) from more)::int, (select coalesce(sum(n), 0) from parted)::int`,
      rowMode: 'array',
    });
    return rows[0] as unknown as Contents;
  }

  async function run(...sqls: readonly string[]): Promise<string> {
    client.send(...sqls.map(query));
    return wordsOf(await client.untilReady(sqls.length));
  }

  async function expectInStep(): Promise<void> {
    expect(await run('select 1', 'select 2')).toBe('T D C(SELECT 1) ZI T D C(SELECT 1) ZI');
  }

  /** Sends the statement and gives the replies up to the ReadyForQuery that is its own. */
  async function send(channel: Channel, sql: string, data: readonly string[] = []): Promise<string> {
    const copy = data.map((line) => message('d', Buffer.from(line)));
    const bytes = data.length === 0 ? [] : [...copy, message('c')];
    client.send(channel.bytes(sql, Buffer.concat(bytes)));
    const messages = await client.untilReady(channel.ready);
    const parts = wordsOf(messages).split(/(?<= Z[ITE]) /);
    return parts[channel.at] ?? '';
  }

  const plus = ([stock, changed, more, parted]: Contents, added: number): Contents => [
    stock,
    changed,
    more + added,
    parted,
  ];

  describe.each(Object.entries(CHANNELS))('%s', (_name, channel) => {
    const forms = FORMS.filter(({ isOutermost }) => channel.copies || isOutermost !== true);

    describe.each(forms)('$name', (form) => {
      it('stays at the limit, outside a transaction', async () => {
        const words = await send(channel, form.sql(LIMIT), form.data?.(LIMIT));
        const tag = form.tag ?? '(INSERT 0|UPDATE|DELETE|MERGE|COPY) 3';
        expect(words).toMatch(new RegExp(`C\\(${tag}\\).* ZI$`));
        expect(words).not.toContain('E(');
        await expectInStep();
        expect(await contents()).toEqual(plus(form.leaves(LIMIT), channel.adds));
      });

      it('changes nothing one row over it, outside a transaction', async () => {
        const words = await send(channel, form.sql(LIMIT + 1), form.data?.(LIMIT + 1));
        expect(words).toMatch(/E\(54000\) ZI$/);
        await expectInStep();
        expect(await contents()).toEqual(FRESH);
      });

      it('stays at the limit in a transaction', async () => {
        await run('begin');
        expect(await send(channel, form.sql(LIMIT), form.data?.(LIMIT))).toMatch(/ ZT$/);
        expect(await contents()).toEqual(FRESH);
        expect(await run('commit')).toBe('C(COMMIT) ZI');
        expect(await contents()).toEqual(plus(form.leaves(LIMIT), channel.adds));
      });

      it('makes the transaction fail one row over it', async () => {
        await run('begin');
        const words = await send(channel, form.sql(LIMIT + 1), form.data?.(LIMIT + 1));
        expect(words).toMatch(/E\(54000\) ZE$/);
        expect(await run('commit')).toBe('C(ROLLBACK) ZI');
        await expectInStep();
        expect(await contents()).toEqual(FRESH);
      });

      it('goes back to a savepoint of the client, and only what was before it stays', async () => {
        await run('begin', 'insert into more values (200)', 'savepoint s');
        expect(await send(channel, form.sql(LIMIT + 1), form.data?.(LIMIT + 1))).toMatch(/E\(54000\) ZE$/);
        expect(await run('rollback to s')).toBe('C(ROLLBACK) ZT');
        expect(await run('select 1', 'commit')).toBe('T D C(SELECT 1) ZT C(COMMIT) ZI');
        expect(await contents()).toEqual(plus(FRESH, 1));
      });

      it('stays at the limit behind a savepoint', async () => {
        await run('begin', 'insert into more values (200)', 'savepoint s');
        expect(await send(channel, form.sql(LIMIT), form.data?.(LIMIT))).toMatch(/ ZT$/);
        expect(await run('release s', 'commit')).toBe('C(RELEASE) ZT C(COMMIT) ZI');
        expect(await contents()).toEqual(plus(form.leaves(LIMIT), channel.adds + 1));
      });
    });

    it.each(UNCOUNTED.filter((sql) => channel.copies || sql.startsWith('with')))(
      'refuses what is not counted, in and outside a transaction: %s',
      async (sql) => {
        expect(await send(channel, sql)).toMatch(/E\((0A000|26000)\) ZI$/);
        await run('deallocate all', 'begin');
        expect(await send(channel, sql)).toMatch(/E\((0A000|26000|25P02)\) ZE$/);
        expect(await run('commit')).toBe('C(ROLLBACK) ZI');
        await expectInStep();
        expect(await contents()).toEqual(FRESH);
      },
    );
  });

  it('takes a whole text back when its statements together are over the limit', async () => {
    expect(await run('update stock set n = 1 where id <= 2; delete from stock where id = 9')).toBe(
      'C(UPDATE 2) C(DELETE 1) ZI',
    );
    expect(await contents()).toEqual([9, 2, 0, 0]);
    expect(await run('update stock set n = 2 where id <= 2; delete from stock where id >= 7; select 1')).toBe(
      'C(UPDATE 2) E(54000) ZI',
    );
    expect(await contents()).toEqual([9, 2, 0, 0]);
    await expectInStep();
  });

  it('does not limit by halves: transaction commands in the text of a write are refused', async () => {
    expect(await run('begin; delete from stock where id <= 4; commit')).toBe('E(0A000) ZI');
    expect(await run('delete from stock where id <= 4; commit; select 1')).toBe('E(0A000) ZI');
    expect(await contents()).toEqual(FRESH);
  });

  it('tells a constraint that fails at the end of the transaction instead of a success', async () => {
    expect(await run('insert into later values (77)')).toBe('E(23503) ZI');
    await expectInStep();
    expect((await direct.query('select * from later')).rows).toEqual([]);
  });

  it('passes the errors of the statement on', async () => {
    expect(await run('update stock set n = 7 where id = 1')).toBe('E(23514) ZI');
    expect(await run('begin read only')).toBe('C(BEGIN) ZT');
    expect(await run('update stock set n = 1 where id = 1')).toBe('E(25006) ZE');
    expect(await run('rollback')).toBe('C(ROLLBACK) ZI');
    await expectInStep();
  });

  it('finds out whose transaction a pipelined simple write stands in', async () => {
    expect(
      await run('begin', 'delete from stock where id <= 4', 'rollback', 'delete from stock where id <= 3'),
    ).toBe('C(BEGIN) ZT E(54000) ZE C(ROLLBACK) ZI C(DELETE 3) ZI');
    expect(await contents()).toEqual([7, 0, 0, 0]);
  });

  it('keeps a write with a Query behind it and no Sync between together', async () => {
    client.send(extended('insert into more values (1)'), query('delete from stock where id <= 4'));
    expect(wordsOf(await client.untilReady())).toBe('1 2 C(INSERT 0 1) E(54000) ZI');
    await expectInStep();
    expect(await contents()).toEqual(FRESH);
  });

  it('counts what foreign keys change in a measured write', async () => {
    await direct.query(
      'truncate parents cascade; insert into parents values (1), (2); insert into children values (1), (1), (2), (2), (2)',
    );
    const left = async () =>
      (await direct.query('select count(*)::int as n from children')).rows[0].n as number;
    expect(await run('with d as (delete from parents where id = 2) select 1')).toBe('T D E(54000) ZI');
    expect(await left()).toBe(5);
    expect(await run('with d as (delete from parents where id = 1) select 1')).toBe('T D C(SELECT 1) ZI');
    expect(await left()).toBe(3);
  });

  it.each([
    'update split set n = 1 where id = 1',
    'with u as (update split set n = 1 where id = 1) select 1',
    'update split_view set n = 1 where id = 1',
  ])('refuses a write that may reach a foreign table by a partition: %s', async (sql) => {
    await direct.query(`
      drop table if exists split cascade; drop foreign data wrapper if exists elsewhere cascade;
      create foreign data wrapper elsewhere; create server far foreign data wrapper elsewhere;
      create table split (id int, n int) partition by list (id);
      create table split_1 partition of split for values in (1);
      create foreign table split_2 partition of split for values in (2) server far;
      create view split_view as select * from split;
      insert into split values (1, 0);
    `);
    // What a foreign server does is a call, which these policies do not permit either.
    expect(await run(sql)).toMatch(/^E\((0A000|42501)\) ZI$/);
    expect((await direct.query('select n from split_1')).rows).toEqual([{ n: 0 }]);
  });

  it('measures anew in every statement of a transaction', async () => {
    const write = (id: number) =>
      `with d as (update stock set n = 1 where id between ${id} and ${id + 2}) select 1`;
    expect(await run('begin', write(1), write(4), write(7), 'commit')).toBe(
      'C(BEGIN) ZT T D C(SELECT 1) ZT T D C(SELECT 1) ZT T D C(SELECT 1) ZT C(COMMIT) ZI',
    );
    expect(await contents()).toEqual([10, 9, 0, 0]);
    client.send(extended(write(1)), extended(write(4)), extended(write(7)), SYNC);
    expect(wordsOf(await client.untilReady())).toBe(
      '1 2 D C(SELECT 1) 1 2 D C(SELECT 1) 1 2 D C(SELECT 1) ZI',
    );
  });

  it('counts the whole text when one of its statements has to be measured', async () => {
    const two = 'with d as (update stock set n = 1 where id <= 2) select 1';
    expect(await run(`delete from stock where id = 9; ${two}; select 2`)).toBe(
      'C(DELETE 1) T D C(SELECT 1) T D C(SELECT 1) ZI',
    );
    expect(await run(`delete from stock where id in (7, 8); ${two}`)).toBe('C(DELETE 2) T D E(54000) ZI');
    expect(await contents()).toEqual([9, 2, 0, 0]);
    await expectInStep();
  });

  it('measures by the server, whatever the search path calls by the names of its functions', async () => {
    await direct.query(`
      create schema if not exists liar;
      create or replace function liar.pg_stat_get_xact_tuples_updated(oid) returns bigint language sql as 'select 0::bigint';
      create or replace function liar.current_setting(text) returns text language sql as $$select 'off'$$;
    `);
    expect(await run('set search_path = liar, pg_catalog, public')).toBe('C(SET) ZI');
    const write = (rows: number) => `with d as (update stock set n = 1 where id <= ${rows}) select 1`;
    expect(await run(write(4))).toBe('T D E(54000) ZI');
    expect(await run(write(3))).toBe('T D C(SELECT 1) ZI');
    expect(await contents()).toEqual([10, 3, 0, 0]);
  });

  it('takes a write back whose trigger sets the counters back', async () => {
    await direct.query(`
      create or replace function forget() returns trigger language plpgsql as 'begin truncate more; return null; end';
      create or replace trigger forget after update on stock for each statement execute function forget();
    `);
    try {
      await run('begin', 'insert into more values (1), (2)');
      expect(await run('with d as (update stock set n = 1 where id <= 2) select 1')).toBe('T D E(0A000) ZE');
      await run('rollback');
      expect(await contents()).toEqual(FRESH);
    } finally {
      await direct.query('drop trigger forget on stock');
    }
  });

  it('shows the rows of a measured write in portions', async () => {
    client.send(
      parse('', 'with d as (delete from stock where id <= 3 returning id) select id from d order by id'),
      bind(''),
      execute(2),
      execute(2),
      SYNC,
    );
    expect(wordsOf(await client.untilReady())).toBe('1 2 D D s D C(SELECT 1) ZI');
    expect(await contents()).toEqual([7, 0, 0, 0]);
  });

  it('passes the errors of a measured write on', async () => {
    const broken = 'with d as (update stock set n = 7 where id = 1) select 1';
    expect(await run(broken, 'select 1')).toBe('E(23514) ZI T D C(SELECT 1) ZI');
    client.send(extended(broken), extended('select 1'), SYNC, extended('select 2'), SYNC);
    expect(wordsOf(await client.untilReady(2))).toBe('1 2 E(23514) ZI 1 2 D C(SELECT 1) ZI');
    expect(await run('begin', broken, 'commit')).toBe('C(BEGIN) ZT E(23514) ZE C(ROLLBACK) ZI');
    await expectInStep();
  });

  it('takes a RETURNING in portions back, whose count is told too late', async () => {
    client.send(parse('', 'delete from stock where id <= 3 returning id'), bind(''), execute(1), SYNC);
    expect(wordsOf(await client.untilReady())).toBe('1 2 D E(0A000) ZI');
    await expectInStep();
    expect(await contents()).toEqual(FRESH);
  });

  it('commits nothing of a client that has gone', async () => {
    await direct.query('begin');
    await direct.query('lock table stock in exclusive mode');
    client.send(extended('delete from stock where id <= 4'), SYNC, message('X'));
    await waitFor(async () => (await waiting()) === 1);
    client.end();
    await direct.query('commit');
    await waitFor(async () => (await waiting()) === 0);
    expect(await contents()).toEqual(FRESH);
  });

  /** A transaction sees the activity of its first look for good, unless it asks for a new one. */
  async function waiting(): Promise<number> {
    await direct.query('select pg_stat_clear_snapshot()');
    const { rows } = await direct.query(
      "select count(*)::int as n from pg_stat_activity where query like 'delete from stock%' and state = 'active'",
    );
    return rows[0].n;
  }
});

async function waitFor(test: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await test()); ) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** `T D C(SELECT 1) ZI`: types, tags, SQLSTATEs, states. Settings that are reported are left out. */
function wordsOf(messages: readonly Message[]): string {
  return messages
    .filter(({ type }) => type !== 'S' && type !== 'N')
    .map((each) => {
      if (each.type === 'C') return `C(${each.body.toString('utf8', 0, each.body.length - 1)})`;
      if (each.type === 'E') return `E(${codeOf(each)})`;
      return each.type === 'Z' ? `Z${each.body.toString()}` : each.type;
    })
    .join(' ');
}
