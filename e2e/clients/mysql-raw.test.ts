import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSides, type Side, type Sides } from './mysql-sides.ts';
import {
  COM,
  command,
  execute,
  fetch,
  LAST_STATEMENT,
  preparedId,
  type ReplyForm,
  uint32,
  WireClient,
  type WireReply,
  walkCursor,
  withoutId,
} from './mysql-wire.ts';

type Step = readonly [command: Buffer, form: ReplyForm];

const query = (sql: string): Step => [command(COM.query, sql), 'result'];
const prepare = (sql: string): Step => [command(COM.stmtPrepare, sql), 'prepare'];

describe.each([false, true])('raw MySQL packets through the gateway, deprecated EOF: %s', (deprecateEof) => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await openSides();
  });

  afterAll(() => sides?.stage.close());

  async function on<T>(side: Side, run: (client: WireClient) => Promise<T>): Promise<T> {
    const client = await WireClient.open(side, { deprecateEof });
    try {
      return await run(client);
    } finally {
      client.close();
    }
  }

  async function same(run: (client: WireClient) => Promise<readonly WireReply[]>): Promise<void> {
    const expected = await on(sides.direct, run);
    expect((await on(sides.through, run)).map(withoutId)).toEqual(expected.map(withoutId));
  }

  it.each([
    'select id, company, balance from accounts where id <= 7 order by id',
    'select * from invoices where id <= 5 order by id',
    'select * from invoices where id < 0',
    'select seq from seq_1_to_100',
    `select null as n, 'x' as t, 1.5 as d, timestamp '2024-02-29 01:02:03.000004' as w`,
    'show tables',
    'do 1',
    'select * from nowhere',
    'select (select id from accounts where id <= i.id) from invoices i where i.id < 5',
  ])('walks a server-side cursor as directly: %s', async (sql) => {
    await same((client) => walkCursor(client, sql, 3));
  });

  it('answers commands that were sent without waiting in their order', async () => {
    await same((client) =>
      pipeline(client, [
        query('select 1'),
        prepare('select id from accounts where id < 4'),
        [execute(LAST_STATEMENT), 'result'],
        query('selec 1'),
        [command(COM.ping), 'single'],
        query('select 1; select 2; select 3'),
        [execute(LAST_STATEMENT, true), 'result'],
        [fetch(LAST_STATEMENT, 2), 'rows'],
        query('start transaction'),
        query(`update accounts set company = 'x' where id = 1`),
        query('select * from nowhere'),
        query('rollback'),
        query('select company from accounts where id = 1'),
        [command(COM.initDb, 'information_schema'), 'single'],
        query('select database()'),
        [command(COM.initDb, 'nowhere'), 'single'],
        query('select database()'),
      ]),
    );
  });

  it('answers statements by ids that nobody gave as the server does', async () => {
    await same((client) =>
      pipeline(client, [
        [execute(99), 'result'],
        [fetch(99, 1), 'rows'],
        [command(COM.stmtReset, uint32(99)), 'single'],
        query('select 1'),
      ]),
    );
  });

  it('keeps long data, resets and closes in step', async () => {
    await same(async (client) => {
      const prepared = await client.ask(command(COM.stmtPrepare, 'select ? as a, length(?) as n'), 'prepare');
      const id = preparedId(prepared);
      const data = (at: number, text: string): Buffer =>
        command(COM.stmtSendLongData, Buffer.concat([uint32(id), Buffer.of(at, 0), Buffer.from(text)]));
      const parameters = Buffer.concat([execute(id), Buffer.of(0, 1, 0xfc, 0, 0xfc, 0)]);
      client.send(data(0, 'abc'), data(1, 'x'.repeat(5000)), data(0, 'def'), parameters);
      const first = await client.reply('result');
      client.send(data(0, 'forgotten'), command(COM.stmtReset, uint32(id)));
      const reset = await client.reply('single');
      client.send(data(0, ''), data(1, 'y'), parameters);
      const second = await client.reply('result');
      client.send(command(COM.stmtClose, uint32(id)), parameters);
      expect((await client.reply('result')).error?.code).toBe(1243);
      return [prepared, first, reset, second];
    });
  });

  it('answers the smaller commands as the server does', async () => {
    await same((client) =>
      pipeline(client, [
        [command(COM.fieldList, 'accounts\0'), 'columns'],
        [command(COM.fieldList, 'accounts\0i%'), 'columns'],
        [command(COM.setOption, Buffer.of(1, 0)), 'single'],
        query('select 1; select 2'),
        [command(COM.setOption, Buffer.of(0, 0)), 'single'],
        query('select 1'),
        query('set @x = 1'),
        [command(COM.resetConnection), 'single'],
        query('select @x'),
        [execute(1), 'result'],
      ]),
    );
  });

  it('names the statistics of the server', async () => {
    const { packets } = await on(sides.through, (client) => client.ask(command(COM.statistics), 'single'));
    expect(packets[0]!.toString()).toMatch(/^Uptime: /);
  });
});

async function pipeline(client: WireClient, steps: readonly Step[]): Promise<readonly WireReply[]> {
  client.send(...steps.map(([bytes]) => bytes));
  const replies: WireReply[] = [];
  for (const [, form] of steps) replies.push(await client.reply(form));
  return replies;
}
