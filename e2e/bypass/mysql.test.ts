import type { Demo } from '@gatehouse/cli';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  COM,
  command,
  execute,
  fetch,
  LAST_STATEMENT,
  type ReplyForm,
  WireClient,
  type WireReply,
  walkCursor,
} from '../clients/mysql-wire.ts';
import { openStage } from '../stage/open-stage.ts';
import { SHIPPED_POLICIES } from '../stage/policies.ts';
import { MYSQL_BYPASSES } from './mysql-rows.ts';

const WAYS = {
  text: (client: mysql.Connection, sql: string) => client.query(sql),
  prepared: (client: mysql.Connection, sql: string) => client.execute(sql),
  'inside a transaction': async (client: mysql.Connection, sql: string) => {
    await client.query('start transaction');
    try {
      return await client.query(sql);
    } finally {
      await client.query('rollback');
    }
  },
  'behind another statement': (client: mysql.Connection, sql: string) => client.query(`select 1; ${sql}`),
} as const;

/** KILL takes the gateway's own ids, and of one that it never gave it speaks like the server. */
const REFUSED = /^(?:gatehouse: |Unknown thread id: 1$)/;
const IN_TRANSACTION = 1;

describe('no forbidden MariaDB action gets through in disguise', () => {
  let stage: Demo;
  let owner: mysql.Connection;
  let client: mysql.Connection;
  let wire: WireClient;
  let before = '';

  beforeAll(async () => {
    stage = await openStage({ need: ['mysql'], policies: SHIPPED_POLICIES, upstreamAs: 'owner' });
    const { host, port, user, password } = stage.fleet.mysql!;
    owner = await mysql.createConnection({
      host,
      port,
      user,
      password,
      database: 'billing',
      multipleStatements: true,
    });
    await owner.query(`
      create table victims (id int primary key, note text);
      insert into victims select id, concat('note ', id) from invoices where id <= 50;
      create procedure victim_procedure() delete from victims;
      create function victim_function() returns int modifies sql data begin delete from victims; return 1; end`);
    const side = {
      host: '127.0.0.1',
      port: stage.port('mysql'),
      user: 'ci-migrate',
      password: stage.token('ci-migrate'),
      database: 'billing',
    };
    client = await mysql.createConnection({ ...side, multipleStatements: true });
    wire = await WireClient.open(side);
    before = await state();
  });

  afterAll(async () => {
    wire?.close();
    await Promise.allSettled([client?.end(), owner?.end()]);
    await stage?.close();
  });

  /** Everything that the statements are after: rows, objects, users, settings. */
  async function state(): Promise<string> {
    const [rows] = await owner.query(`
      select (select md5(group_concat(id, note order by id)) from victims) as victim_rows,
        (select group_concat(table_name, engine, table_type order by table_name) from information_schema.tables where table_schema = 'billing') as relations,
        (select group_concat(routine_name order by routine_name) from information_schema.routines where routine_schema = 'billing') as routines,
        (select group_concat(trigger_name) from information_schema.triggers where trigger_schema = 'billing') as triggers,
        (select group_concat(user, host order by user, host) from mysql.user) as users,
        (select group_concat(event_name) from information_schema.events) as events,
        @@global.max_connections as connections, @@global.general_log as log`);
    return JSON.stringify(rows);
  }

  describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('%s', (way) => {
    it.each(MYSQL_BYPASSES)('refuses: %s', async (statement) => {
      await expect(WAYS[way](client, statement)).rejects.toMatchObject({
        message: expect.stringMatching(REFUSED),
      });
      expect(await state()).toBe(before);
    });

    it('goes on in step', async () => {
      expect((await client.query('select 1 as n'))[0]).toEqual([{ n: 1 }]);
    });
  });

  describe('through a cursor', () => {
    it.each(MYSQL_BYPASSES)('refuses: %s', async (statement) => {
      const replies = await walkCursor(wire, statement);
      expect(replies.map(({ error }) => error?.message)).toEqual([expect.stringMatching(REFUSED)]);
      expect(await state()).toBe(before);
    });

    it('goes on in step', async () => {
      const replies = await walkCursor(wire, 'select 1 as n');
      expect(replies.map(({ error }) => error)).toEqual([null, null, null]);
    });
  });

  describe('among commands sent without waiting, inside a transaction', () => {
    const select = (n: number): readonly [Buffer, ReplyForm] => [
      command(COM.query, `select ${n} from invoices where id = 1`),
      'result',
    ];

    it.each(MYSQL_BYPASSES)('refuses and stays in step: %s', async (statement) => {
      const [begun, text, first, prepared, executed, fetched, second, ended, third] = await pipeline([
        [command(COM.query, 'start transaction'), 'result'],
        [command(COM.query, statement), 'result'],
        select(1),
        [command(COM.stmtPrepare, statement), 'prepare'],
        [execute(LAST_STATEMENT, true), 'result'],
        [fetch(LAST_STATEMENT, 1), 'rows'],
        select(2),
        [command(COM.query, 'rollback'), 'result'],
        select(3),
      ]);
      for (const done of [begun, ended]) expect(done!.error).toBeNull();
      for (const refused of [text, prepared]) expect(refused!.error?.message).toMatch(REFUSED);
      for (const none of [executed, fetched]) expect(none!.error?.code).toBe(1243);
      // The server itself says in its status whether the transaction is still the one that was begun.
      expect(
        [first, second, third].map((reply) => [onlyValue(reply!), reply!.status & IN_TRANSACTION]),
      ).toEqual([
        ['1', IN_TRANSACTION],
        ['2', IN_TRANSACTION],
        ['3', 0],
      ]);
      expect(await state()).toBe(before);
    });

    async function pipeline(steps: readonly (readonly [Buffer, ReplyForm])[]): Promise<readonly WireReply[]> {
      wire.send(...steps.map(([bytes]) => bytes));
      const replies: WireReply[] = [];
      for (const [, form] of steps) replies.push(await wire.reply(form));
      return replies;
    }
  });
});

/** The only value of a result of one row and one column: column count, column, EOF, row, EOF. */
function onlyValue({ packets }: WireReply): string {
  return packets[3]!.toString('latin1', 1);
}
