import type { Demo } from '@gatehouse/cli';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

describe('no forbidden MariaDB action gets through in disguise', () => {
  let stage: Demo;
  let owner: mysql.Connection;
  let client: mysql.Connection;
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
    client = await mysql.createConnection({
      host: '127.0.0.1',
      port: stage.port('mysql'),
      user: 'ci-migrate',
      password: stage.token('ci-migrate'),
      database: 'billing',
      multipleStatements: true,
    });
    before = await state();
  });

  afterAll(async () => {
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
        // KILL takes the gateway's own ids, and of one that it never gave it speaks like the server.
        message: expect.stringMatching(/^(?:gatehouse: |Unknown thread id: 1$)/),
      });
      expect(await state()).toBe(before);
    });

    it('goes on in step', async () => {
      expect((await client.query('select 1 as n'))[0]).toEqual([{ n: 1 }]);
    });
  });
});
