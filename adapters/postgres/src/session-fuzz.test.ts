import { GatewayError } from '@gatehouse/model';
import { WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from './messages/message-body.ts';
import { MEASURE } from './respond/row-measure.ts';
import {
  bind,
  COPY_DONE,
  close,
  copyData,
  describe as describeMessage,
  execute,
  extended,
  FLUSH_MESSAGE,
  parse,
  query,
  SYNC_MESSAGE,
} from './testing/frontend-messages.ts';
import { type Decide, maskSecret, openSession } from './testing/open-session.ts';
import { type Answer, ScriptedPostgres } from './testing/scripted-postgres.ts';

const columns = ['name', 'secret'].map((name, i) => ({ name, tableOid: 1000, attnum: i + 1 }));
const READ = 'select name, secret from people';
const OTHER = columns.map((column) => ({ ...column, tableOid: 2000 }));
const ANSWERS: Readonly<Record<string, Answer>> = {
  [READ]: {
    columns,
    rows: [
      ['ana', 's3cr3t'],
      ['bob', 's3cr3t'],
    ],
    under: { other: { columns: OTHER, rows: [['ana', 'harmless']] } },
  },
  'select 1': { columns: [{ name: 'n' }], rows: [['1']] },
  'select 1/0': { error: { code: '22012', message: 'division by zero' } },
  begin: { tag: 'BEGIN' },
  rollback: { tag: 'ROLLBACK' },
  'copy people from stdin': { copyIn: true },
  [`prepare p as ${READ}`]: { tag: 'PREPARE' },
  'execute p': {
    columns,
    rows: [['ana', 's3cr3t']],
    under: { other: { columns: OTHER, rows: [['ana', 'harmless']] } },
  },
  'set search_path to other': { tag: 'SET', setsPath: 'other' },
  'set search_path to public': { tag: 'SET', setsPath: 'public' },
  'drop table people': { tag: 'DROP TABLE' },
};

const texts = fc.constantFrom(...Object.keys(ANSWERS), 'selec', '');
const names = fc.constantFrom('', 'a', 'b');

/** What a client may send, in and out of order. */
const messages = fc.oneof(
  { weight: 3, arbitrary: texts.map(query) },
  { weight: 3, arbitrary: texts.map(extended) },
  { weight: 4, arbitrary: fc.constant(SYNC_MESSAGE) },
  fc.tuple(names, texts).map(([name, text]) => parse(name, text)),
  fc.tuple(names, names).map(([portal, statement]) => bind(portal, statement)),
  fc.tuple(names, fc.nat(3)).map(([portal, rows]) => execute(portal, rows)),
  fc
    .tuple(fc.constantFrom('S' as const, 'P' as const), names)
    .map(([kind, name]) => describeMessage(kind, name)),
  fc.tuple(fc.constantFrom('S' as const, 'P' as const), names).map(([kind, name]) => close(kind, name)),
  fc.constantFrom(FLUSH_MESSAGE, COPY_DONE, copyData('x\n'), copyData(Buffer.alloc(70_000))),
);

const decide: Decide = (pending) => {
  if (pending.statements.some(({ accesses, verb }) => !accesses.known || verb === 'drop table'))
    return new GatewayError('denied', 'denied-by-rule', 'no');
  return { ...maskSecret(pending), limits: { rows: 3 } };
};

describe('a whole session', () => {
  it('lets no masked value out and no refused text in, whatever the order of messages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(messages, { maxLength: 25 }),
        fc.constantFrom(7, 64, 100_000),
        async (list, chunk) => {
          const server = new ScriptedPostgres(ANSWERS);
          const session = await openSession(server, decide);
          let received: string | null = null;
          try {
            session.sendIn(chunk, ...list);
            received = await session.settle(chunk);
          } catch (error) {
            if (!(error instanceof WireError) && !(error instanceof GatewayError)) throw error;
          }
          expect((received ?? session.takenBytes().toString('latin1')).includes('s3cr3t')).toBe(false);
          expect(server.seen.includes('drop table people')).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);

  it('stays in step after everything a well-behaved client can send', async () => {
    const polite = fc.oneof(
      texts.filter((text) => !text.startsWith('copy')).map(query),
      fc
        .array(texts.filter((text) => !text.startsWith('copy')).map(extended), { maxLength: 3 })
        .map((list) => Buffer.concat([...list, SYNC_MESSAGE])),
      fc.constant(Buffer.concat([query('copy people from stdin'), copyData('x\n'), COPY_DONE])),
      fc.constant(
        Buffer.concat([extended('copy people from stdin'), copyData('x\n'), COPY_DONE, SYNC_MESSAGE]),
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(polite, { maxLength: 12 }),
        fc.constantFrom(5, 100_000),
        async (list, chunk) => {
          const session = await openSession(new ScriptedPostgres(ANSWERS), decide);
          session.sendIn(chunk, ...list, query('rollback'), query('select 1'));
          // Reports of settings may come before any ReadyForQuery.
          const words = (await session.settle(chunk)).replaceAll(' S ', ' ');
          expect(words.endsWith('C(ROLLBACK) ZI T D[1] C(SELECT 1) ZI')).toBe(true);
          expect(words.split(' ').filter((word) => word.startsWith('Z'))).toHaveLength(list.length + 2);
          expect(session.relay.isIdle()).toBe(true);
          expect(session.relay.running()).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);

  it('commits no write over its limit, and stays in step', async () => {
    const writes = [2, 3].flatMap((rows) => [
      { text: `update people set name = ${rows}`, rows, tag: `UPDATE ${rows}` },
      { text: `with d as (update people set name = ${rows} returning name) select 1 from d`, rows },
      {
        text: `with d as (update people set name = 0) update people set name = ${rows}`,
        rows,
        tag: 'UPDATE 1',
      },
    ]);
    const changed = (ran: readonly string[]): number =>
      ran.reduce((sum, text) => sum + (writes.find((write) => write.text === text)?.rows ?? 0), 0);
    const answers: Readonly<Record<string, Answer>> = {
      ...Object.fromEntries(
        writes.map(({ text, tag }) => [text, tag === undefined ? { columns: [{ name: 'n' }] } : { tag }]),
      ),
      [MEASURE]: {
        columns: [{ name: 'table' }, { name: 'rows' }],
        rowsOf: (ran) => [
          ['0', '1'],
          ['16384', String(changed(ran))],
        ],
      },
      BEGIN: { tag: 'BEGIN' },
      COMMIT: { tag: 'COMMIT' },
      ROLLBACK: { tag: 'ROLLBACK' },
      begin: { tag: 'BEGIN' },
      commit: { tag: 'COMMIT' },
      rollback: { tag: 'ROLLBACK' },
      'select 1': { columns: [{ name: 'n' }], rows: [['1']] },
      'select 1/0': { error: { code: '22012', message: 'division by zero' } },
    };
    const over = writes.filter(({ rows }) => rows > 2).map(({ text }) => text);
    const limited = fc.constantFrom(
      ...writes.map(({ text }) => text),
      'begin',
      'commit',
      'rollback',
      'select 1',
      'select 1/0',
    );
    const polite = fc.oneof(
      limited.map(query),
      fc.array(limited.map(extended), { maxLength: 3 }).map((list) => Buffer.concat([...list, SYNC_MESSAGE])),
    );
    let committed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(polite, { maxLength: 12 }),
        fc.constantFrom(5, 100_000),
        async (list, chunk) => {
          const server = new ScriptedPostgres(answers);
          const session = await openSession(server, () => ({ limits: { affectedRows: 2 } }));
          session.sendIn(chunk, ...list, query('rollback'), query('select 1'));
          const words = await session.settle(chunk);
          expect(words.endsWith('C(ROLLBACK) ZI T D[1] C(SELECT 1) ZI')).toBe(true);
          expect(words.split(' ').filter((word) => word.startsWith('Z'))).toHaveLength(list.length + 2);
          expect(session.relay.isIdle()).toBe(true);
          expect(session.relay.running()).toEqual([]);
          for (const text of over) expect(server.committed).not.toContain(text);
          committed += changed(server.committed);
        },
      ),
      { numRuns: 300 },
    );
    expect(committed).toBeGreaterThan(0);
  }, 60_000);

  it('takes any bytes of a server for a reply or ends', async () => {
    const reply = fc
      .tuple(fc.constantFrom(...'123ACDEGHINSTVWZcdnst'), fc.uint8Array({ maxLength: 24 }))
      .map(([type, body]) => encodeMessage(type.charCodeAt(0), (out) => out.bytes(body)));
    await fc.assert(
      fc.asyncProperty(fc.array(reply, { maxLength: 8 }), async (replies) => {
        const session = await openSession(new ScriptedPostgres(ANSWERS), decide);
        session.send(query(READ), extended(READ), SYNC_MESSAGE);
        try {
          session.receive(Buffer.concat(replies));
        } catch (error) {
          expect(error instanceof WireError || error instanceof GatewayError).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});
