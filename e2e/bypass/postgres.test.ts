import { createHash } from 'node:crypto';
import type { Demo } from '@gatehouse/cli';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, int16, int32, logIn, message, openRaw, type RawClient } from '../clients/postgres-wire.ts';
import { openStage } from '../stage/open-stage.ts';
import { SHIPPED_POLICIES } from '../stage/policies.ts';
import { POSTGRES_BYPASSES } from './postgres-rows.ts';

const PRINCIPALS = `principals:
  - { name: ana, kind: human, groups: [analysts] }
  - { name: ci-migrate, kind: service, groups: [ci, deployers] }
  - { name: fixbot, kind: agent, actingFor: ana, groups: [agents] }
`;

const WAYS = {
  simple: (client: pg.Client, sql: string) => client.query(sql),
  extended: (client: pg.Client, sql: string) =>
    client.query({ text: sql, queryMode: 'extended' } as pg.QueryConfig),
  prepared: (client: pg.Client, sql: string) =>
    client.query({ name: createHash('sha1').update(sql).digest('hex'), text: sql }),
  'behind another in one text': (client: pg.Client, sql: string) => client.query(`select 1; ${sql}`),
  'inside a transaction': async (client: pg.Client, sql: string) => {
    await client.query('begin');
    try {
      return await client.query(sql);
    } finally {
      await client.query('rollback');
    }
  },
} as const;

describe('no forbidden Postgres action gets through in disguise', () => {
  let stage: Demo;
  let owner: pg.Client;
  let client: pg.Client;
  let before = '';

  beforeAll(async () => {
    stage = await openStage({
      need: ['postgres'],
      policies: SHIPPED_POLICIES,
      principals: PRINCIPALS,
      upstreamAs: 'owner',
    });
    const { host, port, user, password } = stage.fleet.postgres!;
    owner = new pg.Client({ host, port, user, password, database: 'shop' });
    await owner.connect();
    await owner.query(`
      create table victims (id serial primary key, note text);
      insert into victims (note) select 'note ' || n from generate_series(1, 50) n;
      create function victim_function() returns int language plpgsql as $$ begin delete from victims; return 1; end $$;
      create procedure victim_procedure() language sql as 'delete from victims';`);
    client = new pg.Client({
      host: '127.0.0.1',
      port: stage.port('postgres'),
      user: 'ci-migrate',
      password: stage.token('ci-migrate'),
      database: 'shop',
    });
    await client.connect();
    before = await state();
  });

  /** Three statements without waiting, the second of which is refused: the first has run, the third is skipped. */
  describe('in a pipeline', () => {
    let raw: RawClient;

    beforeAll(async () => {
      raw = openRaw(stage.port('postgres'));
      const login = { host: '127.0.0.1', port: stage.port('postgres'), database: 'shop' };
      await logIn(raw, { ...login, user: 'ci-migrate', password: stage.token('ci-migrate') });
    });

    afterAll(() => raw?.end());

    const run = (sql: string): Buffer =>
      Buffer.concat([
        message('P', '', sql, int16(0)),
        message('B', '', '', int16(0), int16(0), int16(0)),
        message('E', '', int32(0)),
      ]);

    it.each(POSTGRES_BYPASSES)('refuses: %s', async (statement) => {
      raw.send(run("select 'before'"), run(statement), run("select 'behind'"), message('S'));
      const messages = await raw.untilReady();
      const rows = messages.filter(({ type }) => type === 'D').map(({ body }) => body.toString('latin1', 6));
      const errors = messages.filter(({ type }) => type === 'E');
      // What cannot be one statement is the server's own error.
      const isRefused = errors.every(
        (error) => codeOf(error) === '42601' || error.body.toString('utf8').includes('\0Mgatehouse: '),
      );
      expect([rows, errors.length, isRefused]).toEqual([['before'], 1, true]);
      expect(await state()).toBe(before);
      raw.send(message('Q', "select 'goes on'"));
      expect((await raw.untilReady()).map(({ type }) => type).join('')).toBe('TDCZ');
    });
  });

  afterAll(async () => {
    await Promise.allSettled([client?.end(), owner?.end()]);
    await stage?.close();
  });

  /** Everything that the statements are after: rows, objects, roles, settings. */
  async function state(): Promise<string> {
    const { rows } = await owner.query(`
      select (select md5(string_agg(v::text, ',' order by id)) from victims v) as rows,
        (select string_agg(relname || relkind::text || relowner || coalesce(relacl::text, ''), ',' order by oid) from pg_class where relnamespace = 'public'::regnamespace) as relations,
        (select string_agg(proname, ',' order by oid) from pg_proc where pronamespace = 'public'::regnamespace) as functions,
        (select string_agg(rolname || rolsuper::text, ',' order by oid) from pg_roles) as roles,
        (select count(*) from pg_extension) as extensions, (select count(*) from pg_publication) as publications,
        (select string_agg(sourcefile || name || setting, ',') from pg_file_settings where sourcefile like '%auto%') as settings,
        (select last_value from victims_id_seq) as sequence`);
    return JSON.stringify(rows);
  }

  describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('%s', (way) => {
    it.each(POSTGRES_BYPASSES)('refuses: %s', async (statement) => {
      await expect(WAYS[way](client, statement)).rejects.toMatchObject({
        message: expect.stringMatching(/^gatehouse: |syntax error|cannot insert multiple/),
      });
      expect(await state()).toBe(before);
    });

    it('refuses to run what it let be prepared', async () => {
      await client.query(`prepare later_${way.replaceAll(' ', '_')} as delete from victims`);
      await expect(WAYS[way](client, `execute later_${way.replaceAll(' ', '_')}`)).rejects.toMatchObject({
        code: '42501',
      });
      expect(await state()).toBe(before);
    });

    it('goes on in step', async () => {
      expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    });
  });
});
