import { Readable } from 'node:stream';
import mysql, { type Connection, type FieldPacket, type QueryError } from 'mysql2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSides, type Side, type Sides } from './mysql-sides.ts';

/** What a client sees of one statement, comparable between two connections. */
type Seen =
  | { readonly results: unknown; readonly fields: unknown }
  | { readonly error: readonly [number | undefined, string | undefined, string | undefined, string] };

type How = 'query' | 'execute';

interface Step {
  readonly how: How;
  readonly sql: string;
  readonly values?: readonly unknown[];
}

const OPTIONS = { multipleStatements: true, dateStrings: true, supportBigNumbers: true, charset: 'utf8mb4' };

describe('mysql2 through the gateway, with everything allowed', () => {
  let sides: Sides;
  let direct: Connection;
  let through: Connection;

  beforeAll(async () => {
    sides = await openSides();
    [direct, through] = await Promise.all([connect(sides.direct), connect(sides.through)]);
  });

  afterAll(async () => {
    await Promise.all([close(direct), close(through)]);
    await sides?.stage.close();
  });

  /** Runs a script on one connection after the other and expects the same of every step. */
  async function same(...script: readonly Step[]): Promise<readonly Seen[]> {
    const expected = await play(direct, script);
    const seen = await play(through, script);
    expect(seen.map((step, at) => [script[at]!.sql.slice(0, 200), step])).toEqual(
      expected.map((step, at) => [script[at]!.sql.slice(0, 200), step]),
    );
    return seen;
  }

  describe.each<How>(['query', 'execute'])('%s', (how) => {
    const step = (sql: string, values?: readonly unknown[]): Step => ({
      how,
      sql,
      ...(values === undefined ? {} : { values }),
    });

    it.each([
      [
        'numbers',
        `select 1, -1, 18446744073709551615 as big, 9223372036854775807 as i8, 1.50 as d, 1.5e3 as f, cast(1 as decimal(30,10)) as wide, true, 0x41, b'101', 123456789012345678901234567890 as huge`,
      ],
      [
        'texts',
        `select 'grüße 🦉' as \`ключ\`, '' as empty, null as nothing, _latin1'abc', 'x' collate utf8mb4_bin`,
      ],
      ['bytes', `select unhex('00ff80'), x'', binary 'abc', cast('a' as binary(4))`],
      [
        'dates',
        `select date '2024-02-29', time '-838:59:59.000001', timestamp '2024-02-29 10:11:12.123456', cast('0000-00-00' as date), from_unixtime(0), year('2024-01-01')`,
      ],
      ['JSON', `select json_object('a', json_array(1, null, 'x')), json_extract('{"a": 1}', '$.a')`],
      ['rows of a table', 'select * from invoices where id <= 20 order by id'],
      [
        'a join with aliases',
        'select a.company as c, i.amount from accounts a join invoices i on i.account_id = a.id where i.id < 6 order by i.id',
      ],
      ['a view', 'select company, amount from open_invoices order by number limit 3'],
      [
        'an aggregate',
        'select status, count(*) n, sum(amount) s, avg(amount) a from invoices group by status order by status',
      ],
      ['an empty result', 'select * from accounts where id < 0'],
      ['no statement', ''],
      ['a syntax error', 'selec 1'],
      ['a missing table', 'select * from nowhere'],
      ['a missing database', 'select * from nowhere.accounts'],
      ['a missing column', 'select nowhere from accounts'],
      ['a missing function', 'select nowhere(1)'],
      ['a missing routine', 'call nowhere()'],
      ['a division by zero', 'select 1/0 as x, 5 div 0 as y'],
      [
        'an error while rows come',
        'select (select id from accounts where id <= i.id) from invoices i order by i.id limit 5',
      ],
      [
        'a duplicate key',
        'insert into accounts (id, customer_email, company, tax_id, iban, balance) select id, customer_email, company, tax_id, iban, balance from accounts where id = 1',
      ],
      [
        'a broken foreign key',
        `insert into invoices (account_id, number, amount, status, issued_at) values (0, 'none', 1, 'open', now())`,
      ],
      ['a large value', `select repeat('x', 3000000) as big`],
      ['many columns', `select ${Array.from({ length: 300 }, (_, n) => `${n} as c${n}`).join(', ')}`],
      ['ten thousand rows', 'select seq, md5(seq) from seq_1_to_10000'],
      [
        'a window function',
        'select id, row_number() over (partition by status order by id) n from invoices where id < 10 order by id',
      ],
      [
        'a recursive table',
        'with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select * from r',
      ],
      ['SHOW', `show columns from accounts`],
      ['SHOW CREATE', 'show create table invoices'],
      ['SHOW VARIABLES', `show variables like 'character_set_c%'`],
      ['DESCRIBE', 'describe invoices'],
      ['EXPLAIN', 'explain select * from accounts where id = 1'],
      ['a variable', 'select @@version, @@version_comment, @@session.autocommit, @@max_allowed_packet'],
      ['who one is', 'select database(), schema()'],
      [
        'information_schema',
        `select table_name, table_type from information_schema.tables where table_schema = 'billing' order by 1`,
      ],
      ['TABLE VALUE constructors', 'values (1, 2), (3, 4)'],
      ['DO', 'do 1'],
      ['a user variable', 'set @x = 41'],
      ['a user variable that is read', 'select @x + 1 as n'],
    ])('sees the same for %s', async (_name, sql) => {
      await same(step(sql));
    });

    it('sees the same for columns of every type', async () => {
      await same(
        step(`create temporary table kinds (
          a tinyint unsigned, b smallint, c mediumint, d int zerofill, e bigint unsigned, f decimal(20,6), g float, h double,
          i bit(12), j char(5), k varchar(20) character set latin1, l binary(3), m varbinary(9), n tinytext, o mediumblob, p longtext,
          q enum('x','y'), r set('p','q','r'), s date, t time(3), u datetime(6), v timestamp null, w year, x json, y inet6, z uuid)`),
        step(
          `insert into kinds values (255, -32768, 8388607, 42, 18446744073709551615, -12345678901234.123456, 1.5, -2.25e100,
          b'101010101010', 'ab', 'grüße', 'abc', x'00ff', 'tiny', repeat('b', 70000), repeat('l', 300),
          'y', 'p,r', '2024-02-29', '-12:34:56.789', '2024-02-29 01:02:03.000004', '2024-02-29 01:02:03', 2024, '{"a": [1]}', '::1', '6b4f2a10-0000-4000-8000-000000000001')`,
        ),
        step('insert into kinds (a) values (null), (0)'),
        step('select * from kinds'),
        step('update kinds set a = 1'),
        step('update kinds set a = 1'),
        step('insert into kinds (b) values (99999)'),
        step('insert ignore into kinds (a, b) values (1, 99999), (999, 1)'),
        step('show warnings'),
        step('delete from kinds where a is null'),
        step('drop temporary table kinds'),
      );
    });

    it('sees the same affected rows, insert ids and infos', async () => {
      await same(
        step('drop table if exists made'),
        step('create table made (id int auto_increment primary key, t varchar(5), unique (t))'),
        step(`insert into made (t) values ('a'), ('b'), ('c')`),
        step(`insert into made (t) values ('a') on duplicate key update t = 'd'`),
        step(`replace into made (id, t) values (2, 'z')`),
        step(`update made set t = concat(t, '!') where id > 1`),
        step(`update made set t = 'too long for it' where id = 1`),
        step(`insert into made (t) values ('q') returning id, t`),
        step('alter table made add column extra int default 7'),
        step('select * from made order by id'),
        step('delete from made where id < 3'),
        step('truncate table made'),
        step('drop table made'),
        step('drop table made'),
        step('drop table if exists made'),
        step('show warnings'),
      );
    });

    it('keeps transactions and savepoints', async () => {
      await same(
        step('start transaction'),
        step(`update invoices set status = 'cancelled' where id = 1`),
        step('savepoint s'),
        step('delete from credit_notes where id = 1'),
        step('rollback to savepoint s'),
        step('select status from invoices where id = 1'),
        step('release savepoint s'),
        step('release savepoint s'),
        step('rollback'),
        step('select status from invoices where id = 1'),
        step('set autocommit = 0'),
        step(`update invoices set status = 'cancelled' where id = 2`),
        step('rollback'),
        step('set autocommit = 1'),
        step('start transaction read only'),
        step(`update invoices set status = 'cancelled' where id = 2`),
        step('commit'),
      );
    });

    it('sees the same for settings and their effects', async () => {
      await same(
        step(`set time_zone = '+09:00'`),
        step('select from_unixtime(0)'),
        step('set time_zone = default'),
        step(`set session sql_mode = 'NO_ENGINE_SUBSTITUTION'`),
        step('select @@sql_mode'),
        step('set session sql_mode = default'),
        step('use information_schema'),
        step('select database()'),
        step('use nowhere'),
        step('use billing'),
        step('set nothing = 1'),
        step('set session transaction isolation level read committed'),
        step('select @@tx_isolation'),
      );
    });
  });

  it.each(['-- nothing\n', '# nothing', '/* a */ ;', ' ', ';', ';;'])(
    'sees the same for a text without a statement: %j',
    async (sql) => {
      await same({ how: 'query', sql });
    },
  );

  // A text that the gateway cannot take apart is never sent, so the words are its own.
  it.each<How>(['query', 'execute'])(
    'calls a text that does not end a syntax error, as the server does (%s)',
    async (how) => {
      const code = { error: [1064, 'ER_PARSE_ERROR', '42000', expect.any(String)] };
      for (const connection of [direct, through])
        expect(await see(connection, how, `select 'x`)).toEqual(code);
    },
  );

  it('sees the same with parameters', async () => {
    const values = [
      41,
      'grüße 🦉',
      null,
      Buffer.from([0, 255]),
      1.5,
      '2024-02-29 01:02:03',
      '18446744073709551615',
      true,
    ];
    const sql = 'select ? + 1 as n, ? as t, ? as nothing, ? as b, ? as f, ? as d, ? as big, ? as yes';
    await same(
      { how: 'query', sql, values },
      { how: 'execute', sql, values },
      { how: 'execute', sql, values: values.toReversed() },
      {
        how: 'execute',
        sql: 'select id, amount from invoices where id in (?, ?) order by id',
        values: [3, 4],
      },
      { how: 'execute', sql: 'select ?', values: ['x'.repeat(200_000)] },
      { how: 'execute', sql: 'insert into accounts (id) values (?)', values: [1] },
      { how: 'execute', sql: 'select * from accounts where id = ? and', values: [1] },
    );
  });

  it('sees the same for several statements and for several results', async () => {
    const query = (sql: string): Step => ({ how: 'query', sql });
    await same(
      query('drop procedure if exists several'),
      query(`create procedure several(in n int, out o int) begin
        select n as first; select * from accounts where id < 0; set o = n + 1; update invoices set amount = amount where id = 1;
        signal sqlstate '01000' set message_text = 'watch out', mysql_errno = 1642; end`),
      query('select 1 as a; select 2 as b; select count(*) from accounts'),
      query('select 1; select nowhere; select 3'),
      query(
        `set @a = 1; create temporary table made (id int auto_increment primary key, t text); insert into made (t) values ('a'), ('b'); delete from made where id = last_insert_id(); select @a; drop temporary table made`,
      ),
      query('select 1;;'),
      query('select 1; -- and that is all'),
      query('call several(4, @o)'),
      query('show warnings'),
      query('select @o'),
      query('call several(1)'),
      { how: 'execute', sql: 'call several(?, @o)', values: [5] },
      { how: 'execute', sql: 'select 1; select 2' },
      query('drop procedure several'),
    );
  });

  it('sees the same for SQL-level prepared statements', async () => {
    const query = (sql: string): Step => ({ how: 'query', sql });
    await same(
      query(`prepare q from 'select company from accounts where id = ?'`),
      query('set @id = 7'),
      query('execute q using @id'),
      query('execute q'),
      query('deallocate prepare q'),
      query('execute q using @id'),
    );
  });

  it('sees the same for statements that hold locks, raise errors and give diagnostics', async () => {
    const query = (sql: string): Step => ({ how: 'query', sql });
    await same(
      query('lock tables accounts read'),
      query('update accounts set balance = 0'),
      query('unlock tables'),
      query(`begin not atomic signal sqlstate '45000' set message_text = 'enough', mysql_errno = 31001; end`),
      query('show errors'),
      query('get diagnostics condition 1 @m = message_text'),
      query('select @m'),
      query(`select get_lock('clients', 0)`),
      query(`select release_lock('clients')`),
      query('handler accounts open'),
      query('handler accounts read first'),
      query('handler accounts close'),
      query('analyze table credit_notes'),
      query('check table credit_notes'),
    );
  });

  it('streams rows and can be paused', async () => {
    const walk = async (connection: Connection): Promise<readonly unknown[]> => {
      const sql = `select seq, repeat('x', 500) as pad from seq_1_to_5000`;
      const ids: unknown[] = [];
      for await (const row of connection.query(sql).stream({ highWaterMark: 10 })) ids.push(row.seq);
      return ids;
    };
    expect(await walk(through)).toEqual(await walk(direct));
  });

  it('answers statements that were sent without waiting in their order', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        see(through, n % 2 === 0 ? 'query' : 'execute', 'select ? as n', [n]),
      ),
    );
    expect(answers).toEqual(
      Array.from({ length: 50 }, (_, n) => expect.objectContaining({ results: [{ n }] })),
    );
  });

  it.each([
    ['a file of many rows', Array.from({ length: 3000 }, (_, n) => `${n}\trow ${n}\n`).join('')],
    ['an empty file', ''],
    ['rows that do not fit', '1\tx\nnot a number\ty\n3\n'],
    ['a file of several packets', `1\t${'x'.repeat(200_000)}\n`.repeat(40)],
  ])('loads %s from the client', async (_name, content) => {
    const load = async (connection: Connection): Promise<readonly unknown[]> => {
      const create = await see(
        connection,
        'query',
        'create or replace temporary table inbox (a int, b mediumtext)',
      );
      const sql = `load data local infile 'rows' into table inbox (a, b)`;
      const loaded = await seeWith(connection, {
        sql,
        infileStreamFactory: () => Readable.from(content === '' ? [] : [Buffer.from(content)]),
      });
      const warnings = await see(connection, 'query', 'show warnings');
      const after = await see(connection, 'query', 'select count(*), sum(a), sum(length(b)) from inbox');
      return [create, loaded, warnings, after];
    };
    expect(await load(through)).toEqual(await load(direct));
  });

  it('sees the same when the client will not give its file, and when the table is not there', async () => {
    const load = async (connection: Connection): Promise<readonly unknown[]> => [
      await see(connection, 'query', `load data local infile 'rows' into table accounts`),
      await seeWith(connection, {
        sql: `load data local infile 'rows' into table nowhere`,
        infileStreamFactory: () => Readable.from([Buffer.from('1\n')]),
      }),
      await see(connection, 'query', 'select 1'),
    ];
    expect(await load(through)).toEqual(await load(direct));
  });

  it('passes packets of more than 16 MB when the server takes them', async () => {
    const owner = await connect(sides.direct);
    await see(owner, 'query', 'set global max_allowed_packet = 64 * 1024 * 1024');
    const big = async (side: Side): Promise<readonly unknown[]> => {
      const connection = await connect(side);
      const value = Buffer.alloc(17 * 1024 * 1024 + 5, 'x');
      const seen = [
        await see(connection, 'execute', 'select length(?) as n, md5(?) as m', [value, 'x']),
        await see(
          connection,
          'query',
          `select length(repeat('y', 16777215)) n, repeat('y', 16777211) as full, 1 as more`,
        ),
        await see(connection, 'query', `select repeat('y', 20000000) as big`),
        await see(connection, 'execute', `select repeat('y', 20000000) as big`),
        await see(connection, 'query', 'select 1 as still_here'),
      ];
      await close(connection);
      return seen;
    };
    const expected = await big(sides.direct);
    const seen = await big(sides.through);
    for (const [at, one] of seen.entries()) expect(digest(one)).toBe(digest(expected[at]));
    await close(owner);
  });

  it.each<[How, string]>([
    ['query', 'select sleep(30) as s'],
    ['execute', 'select sleep(31) as s'],
    ['query', 'update accounts set balance = balance where sleep(32) = 0'],
  ])('kills what runs (%s: %s), by the id of the greeting', async (how, sql) => {
    const killed = async (side: Side): Promise<readonly unknown[]> => {
      const [busy, killer] = await Promise.all([connect(side), connect(side)]);
      let ended = false;
      const running = see(busy, how, sql).finally(() => {
        ended = true;
      });
      while (!ended && !(await isBusyWith(sql))) await pause(20);
      const seen = [
        await see(killer, 'query', `kill query ${busy.threadId}`),
        await running,
        await see(busy, 'query', 'select 1 as n'),
      ];
      await Promise.all([close(busy), close(killer)]);
      return seen;
    };
    expect(await killed(sides.through)).toEqual(await killed(sides.direct));
  });

  it('sees the same for a connection that is killed, and for one that is not there', async () => {
    const killed = async (side: Side): Promise<readonly unknown[]> => {
      const [idle, killer] = await Promise.all([connect(side), connect(side)]);
      const gone = new Promise((resolve) => idle.once('error', ({ code }) => resolve(code)));
      const seen = [await see(killer, 'query', `kill ${idle.threadId}`), await gone];
      seen.push(await see(killer, 'query', 'kill query 4294967294'));
      await close(killer);
      return seen;
    };
    expect(await killed(sides.through)).toEqual(await killed(sides.direct));
  });

  async function isBusyWith(sql: string): Promise<boolean> {
    const query =
      'select count(*) as n from information_schema.processlist where state = "User sleep" and info = ?';
    return JSON.stringify(await see(direct, 'query', query, [sql])).includes('"n":1');
  }

  it('changes the user and resets the connection', async () => {
    const change = async (side: Side): Promise<readonly unknown[]> => {
      const connection = await connect(side);
      const prepared = await see(connection, 'execute', 'select ? as n', [1]);
      await see(connection, 'query', `set @kept = 1, time_zone = '+09:00'`);
      const changed = await settle((done) =>
        connection.changeUser({ user: side.user, password: side.password, database: 'billing' }, done),
      );
      const seen = [
        prepared,
        changed,
        await see(connection, 'query', 'select @kept as kept, database() as db, @@time_zone as zone'),
        await see(connection, 'execute', 'select ? as n', [2]),
        await settle((done) => connection.ping(done)),
      ];
      await see(connection, 'query', `set @kept = 1, time_zone = '+09:00'`);
      seen.push(
        await settle((done) => connection.reset(done)),
        await see(connection, 'query', 'select @kept as kept, database() as db, @@time_zone as zone'),
        await see(connection, 'execute', 'select ? as n', [3]),
      );
      await close(connection);
      return seen;
    };
    expect(await change(sides.through)).toEqual(await change(sides.direct));
  });

  it.each([
    ['TLS', { ssl: { rejectUnauthorized: false } }],
    [
      'numbers as they are',
      { dateStrings: false, supportBigNumbers: true, bigNumberStrings: true, decimalNumbers: true },
    ],
    ['latin1', { charset: 'latin1' }],
    ['rows found instead of changed', { flags: ['FOUND_ROWS'] }],
    ['rows changed instead of found', { flags: ['-FOUND_ROWS'] }],
    ['a request for compression', { compress: true }],
    ['single statements only', { multipleStatements: false }],
  ])('sees the same with %s', async (_name, options) => {
    const walk = async (side: Side): Promise<readonly Seen[]> => {
      const connection = await connect(side, options);
      const seen: Seen[] = [];
      for (const how of ['query', 'execute'] as const)
        for (const sql of [
          `select 'grüße' as t, 18446744073709551615 as n, 1.50 as d, timestamp '2024-02-29 01:02:03' as w`,
          'select * from invoices where id < 4 order by id',
          `update invoices set status = status where id < 4`,
          'select 1; select 2',
        ])
          seen.push(await see(connection, how, sql));
      await close(connection);
      return seen;
    };
    expect(await walk(sides.through)).toEqual(await walk(sides.direct));
  });

  it.each([
    ['a wrong password', { password: 'wrong' }, 1045],
    ['an unknown user', { user: 'eve' }, 1045],
    ['no password', { password: '' }, 1045],
    ['an unknown database', { database: 'nowhere' }, 1044],
  ])('refuses %s with the code that clients know', async (_name, options, errno) => {
    await expect(connect({ ...sides.through, ...options })).rejects.toMatchObject({ errno });
  });

  it('sees an object that another session has just made', async () => {
    await see(direct, 'query', 'create table fresh (a int); insert into fresh values (7)');
    expect(await see(through, 'query', 'select a from fresh')).toMatchObject({ results: [{ a: 7 }] });
    await see(direct, 'query', 'drop table fresh');
  });
});

function connect(side: Side, options: mysql.ConnectionOptions = {}): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const connection = mysql.createConnection({ ...side, ...OPTIONS, ...options });
    connection.once('error', reject);
    connection.connect((error) => (error === null ? resolve(connection) : reject(error)));
  });
}

function close(connection: Connection | undefined): Promise<void> {
  return new Promise((resolve) => (connection === undefined ? resolve() : connection.end(() => resolve())));
}

async function play(connection: Connection, script: readonly Step[]): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const { how, sql, values } of script) seen.push(await see(connection, how, sql, values));
  return seen;
}

function see(connection: Connection, how: How, sql: string, values: readonly unknown[] = []): Promise<Seen> {
  return new Promise((resolve) => {
    const done = (error: QueryError | null, results: unknown, fields: unknown): void =>
      resolve(seenOf(error, results, fields));
    if (how === 'query') connection.query(sql, [...values], done);
    else connection.execute(sql, [...values] as mysql.ExecuteValues, done);
  });
}

function seeWith(connection: Connection, options: mysql.QueryOptions): Promise<Seen> {
  return new Promise((resolve) =>
    connection.query(options, (error, results, fields) => resolve(seenOf(error, results, fields))),
  );
}

function settle(run: (done: (error: QueryError | null) => void) => void): Promise<unknown> {
  return new Promise((resolve) =>
    run((error) => resolve(error == null ? 'ok' : [error.errno, error.message])),
  );
}

function seenOf(error: QueryError | null, results: unknown, fields: unknown): Seen {
  if (error === null) return { results, fields: metadata(fields) };
  const { sqlState, sqlMessage } = error as QueryError & { readonly sqlMessage?: string };
  return { error: [error.errno, error.code, sqlState, sqlMessage ?? error.message] };
}

/** Everything that a column definition says. */
function metadata(fields: unknown): unknown {
  if (!Array.isArray(fields)) return fields ?? null;
  return fields.map((field: FieldPacket | FieldPacket[] | undefined) => {
    if (field === undefined || Array.isArray(field)) return metadata(field);
    const {
      name,
      orgName,
      table,
      orgTable,
      schema,
      columnType,
      columnLength,
      decimals,
      flags,
      characterSet,
    } = field as FieldPacket & { readonly columnLength?: number; readonly characterSet?: number };
    return [name, orgName, table, orgTable, schema, columnType, columnLength, decimals, flags, characterSet];
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function digest(seen: unknown): string {
  const text = JSON.stringify(seen);
  return `${text.length} ${text.slice(0, 400)}`;
}
