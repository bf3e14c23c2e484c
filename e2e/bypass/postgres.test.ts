import { createHash } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, int16, int32, message, type RawClient } from '../clients/postgres-wire.ts';
import { POSTGRES_BYPASSES, POSTGRES_ODD_TEXTS, POSTGRES_WRITES } from './postgres-rows.ts';
import { POSTGRES_SEQUENCES } from './postgres-sequences.ts';
import { type BypassStage, openBypassStage } from './postgres-stage.ts';

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

/** The gateway's word, or the server's own for what is no statement at all. */
const REFUSED = /^gatehouse: |syntax error|cannot insert multiple|unterminated/;

const titled = (texts: readonly string[]) =>
  texts.map((text) => ({ text, title: JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text) }));
const BYPASSES = titled([...POSTGRES_BYPASSES, ...POSTGRES_ODD_TEXTS]);
const WRITES = titled(POSTGRES_WRITES);

describe('no forbidden Postgres action gets through in disguise', () => {
  let stage: BypassStage;
  let writer: pg.Client;
  let reader: pg.Client;
  let before = '';

  beforeAll(async () => {
    stage = await openBypassStage();
    writer = await stage.openWriter();
    reader = await stage.openReader();
    before = await stage.state();
  });

  afterAll(async () => {
    await Promise.allSettled([writer?.end(), reader?.end()]);
    await stage?.close();
  });

  it('has enough of them', () => {
    expect(new Set(POSTGRES_BYPASSES).size).toBe(POSTGRES_BYPASSES.length);
    expect(POSTGRES_BYPASSES.length).toBeGreaterThan(450);
  });

  it('lets the writer do what is not forbidden', async () => {
    await writer.query('begin');
    expect((await writer.query('delete from victims where id = 1')).rowCount).toBe(1);
    expect((await writer.query("update victims set note = '' where id in (2, 3)")).rowCount).toBe(2);
    await writer.query('rollback');
    await expect(reader.query('delete from victims where id = 1')).rejects.toMatchObject({ code: '42501' });
  });

  /** Three statements without waiting, the second of which is refused: the first has run, the third is skipped. */
  describe('in a pipeline', () => {
    let raw: RawClient;

    beforeAll(async () => {
      raw = await stage.openRawWriter();
    });

    afterAll(() => raw?.end());

    const run = (sql: string): Buffer =>
      Buffer.concat([
        message('P', '', sql, int16(0)),
        message('B', '', '', int16(0), int16(0), int16(0)),
        message('E', '', int32(0)),
      ]);

    it.each(BYPASSES)('refuses: $title', async ({ text }) => {
      raw.send(run("select 'before'"), run(text), run("select 'behind'"), message('S'));
      const messages = await raw.untilReady();
      const rows = messages.filter(({ type }) => type === 'D').map(({ body }) => body.toString('latin1', 6));
      const errors = messages.filter(({ type }) => type === 'E');
      // What cannot be one statement is the server's own error.
      const isRefused = errors.every(
        (error) => codeOf(error) === '42601' || error.body.toString('utf8').includes('\0Mgatehouse: '),
      );
      expect([rows, errors.length, isRefused]).toEqual([['before'], 1, true]);
      expect(await stage.state()).toBe(before);
      raw.send(message('Q', "select 'goes on'"));
      expect((await raw.untilReady()).map(({ type }) => type).join('')).toBe('TDCZ');
    });
  });

  describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('%s', (way) => {
    it.each(BYPASSES)('refuses: $title', async ({ text }) => {
      await expect(WAYS[way](writer, text)).rejects.toMatchObject({
        message: expect.stringMatching(REFUSED),
      });
      expect(await stage.state()).toBe(before);
    });

    it.each(WRITES)('refuses without a purpose: $title', async ({ text }) => {
      await expect(WAYS[way](reader, text)).rejects.toMatchObject({
        message: expect.stringMatching(REFUSED),
      });
      expect(await stage.state()).toBe(before);
    });

    it('refuses to run what it let be prepared', async () => {
      await writer.query(`prepare later_${way.replaceAll(' ', '_')} as delete from victims`);
      await expect(WAYS[way](writer, `execute later_${way.replaceAll(' ', '_')}`)).rejects.toMatchObject({
        code: '42501',
      });
      expect(await stage.state()).toBe(before);
    });

    it('goes on in step, as who it was', async () => {
      const text = "select current_user as who, current_setting('standard_conforming_strings') as strings";
      for (const client of [writer, reader])
        expect((await client.query(text)).rows).toEqual([{ who: stage.user, strings: 'on' }]);
    });
  });

  describe.each(['simple', 'extended'] as const)('in several steps, %s', (way) => {
    it.each(titled(POSTGRES_SEQUENCES.map((steps) => steps.join(' ⏎ '))))(
      'does nothing: $title',
      async ({ text }) => {
        const client = await stage.openWriter();
        const errors: string[] = [];
        for (const step of text.split(' ⏎ ')) {
          await WAYS[way](client, step).catch((error: Error) => errors.push(error.message));
        }
        await client.query('rollback');
        const { rows } = await client.query('select current_user as who');
        await client.end();
        expect(errors).not.toEqual([]);
        expect(rows).toEqual([{ who: stage.user }]);
        expect(await stage.state()).toBe(before);
      },
    );
  });
});
