import { GatewayError } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../messages/message-body.ts';
import { BACKEND, FRONTEND } from '../messages/message-type.ts';
import { encodeReadyForQuery } from '../messages/server-messages.ts';
import { bind, execute, parse, query, SYNC_MESSAGE } from '../testing/frontend-messages.ts';
import { type Decide, openSession } from '../testing/open-session.ts';
import { type Answer, ScriptedPostgres } from '../testing/scripted-postgres.ts';
import { MEASURE } from './row-measure.ts';

const WRITES: Readonly<Record<string, Answer>> = {
  BEGIN: { tag: 'BEGIN' },
  COMMIT: { tag: 'COMMIT' },
  ROLLBACK: { tag: 'ROLLBACK' },
  begin: { tag: 'BEGIN' },
  commit: { tag: 'COMMIT' },
  rollback: { tag: 'ROLLBACK' },
  'select 1': { columns: [{ name: '?column?' }], rows: [['1']] },
  'update people set name = 2 where name = 1': { tag: 'UPDATE 2' },
  'update people set name = 3 where name = 1': { tag: 'UPDATE 3' },
  'delete from people where name = 1 returning name': {
    columns: [{ name: 'name', tableOid: 1000, attnum: 1 }],
    rows: [['a'], ['b'], ['c']],
    tag: 'DELETE 3',
  },
  'update people set name = 4 where name = 1': { error: { code: '23514', message: 'check' } },
  'insert into people select 1': { tag: 'INSERT 0 3' },
  'merge into people using other.people o on true when matched then delete': { tag: 'MERGE 3' },
  'update people set name = 5 where name = 1': { tag: 'SOMETHING' },
  'copy people from stdin': { copyIn: true },
  'select name from nowhere': { error: { code: '42P01', message: 'no such relation' } },
};
const TWO = 'update people set name = 2 where name = 1';
const THREE = 'update people set name = 3 where name = 1';
const RETURNING = 'delete from people where name = 1 returning name';
const CTE = 'with d as (delete from people where name = 1 returning name) select count(*) from d';

const limitTo =
  (affectedRows: number): Decide =>
  () => ({ limits: { affectedRows } });

async function open(affectedRows = 2) {
  const server = new ScriptedPostgres(WRITES);
  return { server, session: await openSession(server, limitTo(affectedRows)) };
}

const extended = (text: string) => Buffer.concat([parse('', text), bind('', ''), execute('')]);

describe('a limited write as a simple Query outside a transaction', () => {
  it('runs in a transaction of the gateway, whose words the client does not see', async () => {
    const { server, session } = await open();
    session.send(query(TWO));
    expect(await session.settle()).toBe('C(UPDATE 2) ZI');
    expect(server.seen).toEqual(['BEGIN', TWO, 'COMMIT']);
    expect(session.finished.map(({ result, running }) => [result, running.affectedRows])).toEqual([
      ['ok', 2],
    ]);
    expect(session.relay.isIdle()).toBe(true);
  });

  it.each([
    THREE,
    'insert into people select 1',
    'merge into people using other.people o on true when matched then delete',
  ])('is taken back over the limit, and the session goes on: %s', async (text) => {
    const { server, session } = await open();
    session.send(query(text));
    expect(await session.settle()).toBe('E(54000) ZI');
    expect(server.seen).toEqual(['BEGIN', text, 'ROLLBACK']);
    expect(session.finished.map(({ result, code }) => [result, code])).toEqual([
      ['cut', 'affected-rows-limit'],
    ]);
    session.send(query('select 1'));
    expect(await session.settle()).toBe('T D[1] C(SELECT 1) ZI');
  });

  it('gives the rows of RETURNING as they come, and the error at their end', async () => {
    const { session } = await open();
    session.send(query(RETURNING));
    expect(await session.settle()).toBe('T D[a] D[b] D[c] E(54000) ZI');
  });

  it('passes the error of the statement on and leaves no transaction open', async () => {
    const { server, session } = await open();
    session.send(query('update people set name = 4 where name = 1'));
    expect(await session.settle()).toBe('E(23514) ZI');
    expect(server.seen.at(-1)).toBe('ROLLBACK');
    expect(session.finished.map(({ result, code }) => [result, code])).toEqual([['error', '23514']]);
  });

  it('tells an error of COMMIT instead of the success that was held back', async () => {
    const { session } = await open();
    session.send(query(TWO));
    session.answer();
    session.answer();
    expect(session.taken()).toBe('');
    session.receive(Buffer.concat([errorFrame('23503'), encodeReadyForQuery('I')]));
    expect(session.taken()).toBe('E(23503) ZI');
    expect(session.finished.map(({ result, code }) => [result, code])).toEqual([['error', '23503']]);
    expect(session.relay.isIdle()).toBe(true);
  });

  it('does not send the statement when there is no transaction for it', async () => {
    const { server, session } = await open();
    session.send(query(TWO));
    session.receive(Buffer.concat([errorFrame('57014'), encodeReadyForQuery('I')]));
    expect(session.taken()).toBe('E(57014) ZI');
    expect(server.seen).toEqual([]);
    expect(session.relay.running()).toEqual([]);
  });

  it('ends the session when its transaction has ended by itself', async () => {
    const { session } = await open();
    session.send(query(TWO));
    session.answer();
    expect(() =>
      session.receive(Buffer.concat([commandComplete('UPDATE 2'), encodeReadyForQuery('I')])),
    ).toThrow();
  });

  it('takes back what the database does not count', async () => {
    const { server, session } = await open();
    session.send(query('update people set name = 5 where name = 1'));
    expect(await session.settle()).toBe('E(0A000) ZI');
    expect(server.seen.at(-1)).toBe('ROLLBACK');
  });

  it.each([1, 3, 7])('keeps step when its replies come in pieces of %i', async (chunk) => {
    const { session } = await open();
    session.send(query(RETURNING), query(TWO), query('select 1'));
    expect(await session.settle(chunk)).toBe(
      'T D[a] D[b] D[c] E(54000) ZI C(UPDATE 2) ZI T D[1] C(SELECT 1) ZI',
    );
  });

  it('waits for what was sent before, to know whose transaction it stands in', async () => {
    const { server, session } = await open();
    session.send(query('begin'), query(THREE), query('rollback'), query(TWO));
    expect(await session.settle()).toBe('C(BEGIN) ZT E(54000) ZE C(ROLLBACK) ZI C(UPDATE 2) ZI');
    expect(server.seen.slice(-3)).toEqual(['BEGIN', TWO, 'COMMIT']);
  });

  it('is dropped behind an error that the server skips to Sync after', async () => {
    const { server, session } = await open();
    session.send(extended('select name from nowhere'), query(TWO), SYNC_MESSAGE, query('select 1'));
    expect(await session.settle()).toBe('1 2 E(42P01) ZI T D[1] C(SELECT 1) ZI');
    expect(server.seen).not.toContain(TWO);
    expect(
      session.finished.map(({ result }) => result).filter((result) => result === 'cancelled'),
    ).toHaveLength(1);
  });

  it('commits nothing when its time is over, whichever step it is at', async () => {
    for (const answers of [0, 1]) {
      const { server, session } = await open();
      session.send(query(TWO));
      for (let i = 0; i < answers; i++) session.answer();
      const [running] = session.relay.running();
      session.relay.expire(running!, new GatewayError('timeout', 'statement-seconds', 'too long'), session);
      expect(await session.settle()).toBe('E(57014) ZI');
      expect(server.seen.at(-1)).toBe('ROLLBACK');
      expect(server.seen.includes(TWO)).toBe(answers === 1);
    }
  });

  it('counts a COPY, and keeps data that comes early for it', async () => {
    const rows = Buffer.concat([copyData('a\n'), encodeMessage(FRONTEND.copyDone, () => undefined)]);
    const within = await open(1);
    within.session.send(query('copy people from stdin'), rows);
    expect(await within.session.settle()).toBe('G C(COPY 1) ZI');
    expect(within.server.received.filter((type) => type !== 'H').join('')).toBe('QQdcQ');
    const over = await open(0);
    over.session.send(query('copy people from stdin'), rows);
    expect(await over.session.settle()).toBe('G E(54000) ZI');
    expect(over.server.seen.at(-1)).toBe('ROLLBACK');
  });
});

describe('a limited write in the extended protocol', () => {
  it('is counted before Sync, which makes it stay', async () => {
    const { server, session } = await open();
    session.send(extended(TWO), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 2 C(UPDATE 2) ZI');
    expect(server.received.join('')).toBe('PBEHS');
  });

  it('is taken back with its segment over the limit', async () => {
    const { server, session } = await open();
    session.send(extended(TWO), extended(THREE), extended(TWO), SYNC_MESSAGE);
    session.send(extended(TWO), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 2 C(UPDATE 2) 1 2 E(54000) ZI 1 2 C(UPDATE 2) ZI');
    // A message that fails goes before the Sync.
    expect(server.received.filter((type) => type !== 'H').join('')).toBe('PBEPBEPSPBES');
  });

  it('holds everything behind it back, however long it takes', async () => {
    const { server, session } = await open();
    session.send(extended(THREE), SYNC_MESSAGE, query('select 1'));
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    const verdict = session.relay.classify(session.dialect.clientCodec.frame, session);
    expect(verdict).toMatchObject({ kind: 'wait', unhurried: true });
    expect(server.seen).toEqual([]);
    expect(await session.settle()).toBe('1 2 E(54000) ZI T D[1] C(SELECT 1) ZI');
  });

  it('makes the open transaction fail', async () => {
    const { session } = await open();
    session.send(query('begin'), extended(THREE), SYNC_MESSAGE);
    expect(await session.settle()).toBe('C(BEGIN) ZT 1 2 E(54000) ZE');
  });

  it('does not hand out a RETURNING in portions', async () => {
    const { session } = await open();
    session.send(parse('', RETURNING), bind('', ''), execute(''), SYNC_MESSAGE);
    session.receive(
      Buffer.concat([
        encodeMessage(BACKEND.parseComplete, () => undefined),
        encodeMessage(BACKEND.bindComplete, () => undefined),
        encodeMessage(BACKEND.portalSuspended, () => undefined),
      ]),
    );
    expect(session.taken()).toBe('1 2 E(0A000)');
  });
});

/** What the server's counters say at each look: table and rows; `0` stands for their being usable. */
type Look = Readonly<Record<string, number>>;
const NOTHING_YET: Look = { 0: 1, 16384: 7 };

describe('a limited write whose command tag leaves rows out', () => {
  async function measured(...looks: readonly (Look | Answer)[]) {
    const server = new ScriptedPostgres({
      ...WRITES,
      [CTE]: { columns: [{ name: 'count' }], rows: [['1']] },
      [MEASURE]: { columns: [{ name: 'table' }, { name: 'rows' }], inTurn: looks.map(lookOf) },
    });
    return { server, session: await openSession(server, limitTo(2)) };
  }

  it('stays at the limit as a simple Query, which only sees its own answer', async () => {
    const { server, session } = await measured(NOTHING_YET, { 0: 1, 16384: 9 });
    session.send(query(CTE));
    expect(await session.settle()).toBe('T D[1] C(SELECT 1) ZI');
    expect(server.seen).toEqual(['BEGIN', MEASURE, CTE, MEASURE, 'COMMIT']);
    expect(session.finished.map(({ result, running }) => [result, running.affectedRows])).toEqual([
      ['ok', 2],
    ]);
    expect(session.relay.isIdle()).toBe(true);
  });

  it('stays at the limit in a transaction and in the extended protocol', async () => {
    const { server, session } = await measured(
      { 0: 1 },
      { 0: 1, 16384: 1, 16385: 1 },
      NOTHING_YET,
      NOTHING_YET,
    );
    session.send(query('begin'), query(CTE), extended(CTE), SYNC_MESSAGE, query('commit'));
    expect(await session.settle()).toBe(
      'C(BEGIN) ZT T D[1] C(SELECT 1) ZT 1 2 D[1] C(SELECT 1) ZT C(COMMIT) ZI',
    );
    expect(server.seen).toEqual(['begin', MEASURE, CTE, MEASURE, CTE, MEASURE, 'commit']);
    expect(session.finished.map(({ running }) => running.affectedRows)).toContain(2);
  });

  it.each<[string, readonly (Look | Answer)[], string]>([
    ['is over the limit', [NOTHING_YET, { 0: 1, 16384: 10 }], '54000'],
    ['is over the limit in several tables', [{ 0: 1 }, { 0: 1, 1: 1, 2: 1, 3: 1 }], '54000'],
    ['is counted with numbers that no double holds', [{ 0: 1 }, { 0: 1, 1: 2 ** 53 }], '54000'],
    ['cannot be counted at the server', [{}, { 16384: 1 }], '0A000'],
    ['has set a counter back', [NOTHING_YET, { 0: 1, 16384: 6 }], '0A000'],
    ['has taken a counter away', [NOTHING_YET, { 0: 1 }], '0A000'],
    ['cannot be counted behind it', [NOTHING_YET, { 16384: 8 }], '0A000'],
    ['fails to be counted', [NOTHING_YET, { error: { code: '57014', message: 'stopped' } }], '57014'],
  ])('is taken back when it %s', async (_why, looks, code) => {
    const alone = await measured(...looks);
    alone.session.send(query(CTE), query('select 1'));
    expect(await alone.session.settle()).toBe(`T D[1] E(${code}) ZI T D[1] C(SELECT 1) ZI`);
    expect(alone.server.seen).toEqual(['BEGIN', MEASURE, CTE, MEASURE, 'ROLLBACK', 'select 1']);

    const within = await measured(...looks);
    within.session.send(query('begin'), query(CTE), query('rollback'));
    expect(await within.session.settle()).toBe(`C(BEGIN) ZT T D[1] E(${code}) ZE C(ROLLBACK) ZI`);

    const pipelined = await measured(...looks);
    pipelined.session.send(extended(CTE), extended('select 1'), SYNC_MESSAGE, query('select 1'));
    expect(await pipelined.session.settle()).toBe(`1 2 D[1] E(${code}) ZI T D[1] C(SELECT 1) ZI`);
    expect(pipelined.server.seen.filter((text) => text === 'select 1')).toHaveLength(1);
    for (const { session } of [alone, within, pipelined]) {
      expect(session.finished.filter(({ result }) => result === 'ok' || result === 'cancelled')).toHaveLength(
        session.finished.length - 1,
      );
      expect(session.relay.running()).toEqual([]);
    }
  });

  it('is not sent when the first look fails', async () => {
    const failing = { error: { code: '57014', message: 'stopped' } };
    const alone = await measured(failing);
    alone.session.send(query(CTE));
    expect(await alone.session.settle()).toBe('E(57014) ZI');
    expect(alone.server.seen).toEqual(['BEGIN', MEASURE, 'ROLLBACK']);
    const within = await measured(failing);
    within.session.send(query('begin'), query(CTE));
    expect(await within.session.settle()).toBe('C(BEGIN) ZT E(57014) ZE');
    expect(within.server.seen).toEqual(['begin', MEASURE]);
    const pipelined = await measured(failing);
    pipelined.session.send(extended(CTE), SYNC_MESSAGE, query('select 1'));
    expect(await pipelined.session.settle()).toBe('1 2 E(57014) ZI T D[1] C(SELECT 1) ZI');
  });

  it('commits nothing when its time is over, whichever step it is at', async () => {
    for (const answers of [0, 1, 2, 3]) {
      const { server, session } = await measured(NOTHING_YET);
      session.send(query(CTE));
      for (let i = 0; i < answers; i++) session.answer();
      const [running] = session.relay.running();
      session.relay.expire(running!, new GatewayError('timeout', 'statement-seconds', 'too long'), session);
      expect(await session.settle()).toMatch(/E\(57014\) ZI$/);
      expect(server.seen.at(-1)).toBe('ROLLBACK');
      expect(server.seen.includes(CTE)).toBe(answers > 1);
    }
  });

  it('is dropped with its segment when something before it fails', async () => {
    const { server, session } = await measured(NOTHING_YET);
    session.send(extended('select name from nowhere'), extended(CTE), SYNC_MESSAGE, query('select 1'));
    expect(await session.settle()).toBe('1 2 E(42P01) ZI T D[1] C(SELECT 1) ZI');
    expect(server.seen).not.toContain(CTE);
  });

  function lookOf(look: Look | Answer): Answer {
    if ('error' in look) return look as Answer;
    return { rows: Object.entries(look).map(([table, rows]) => [table, String(rows)]) };
  }
});

describe('what cannot be counted', () => {
  it.each([
    `create table more as ${'select name from people'}`,
    'truncate people',
    `begin; ${THREE}; commit`,
    `copy (${RETURNING}) to '/tmp/x'`,
    `create table more as ${CTE}`,
    'do $$ begin delete from people; end $$',
  ])('is refused and never sent: %s', async (text) => {
    const { server, session } = await open();
    session.send(query(text), query('select 1'));
    expect(await session.settle()).toBe('E(0A000) ZI T D[1] C(SELECT 1) ZI');
    expect(server.seen).not.toContain(text);
    session.send(parse('', text));
    expect(server.seen).not.toContain(text);
  });

  it('is refused behind the name of a prepared statement too', async () => {
    const text = 'with u as (update people set name = 1 returning name) select remember(name) from u';
    const answers = {
      ...WRITES,
      [`prepare p as ${text}`]: { tag: 'PREPARE' },
      'execute p': { tag: 'SELECT 1' },
    };
    const server = new ScriptedPostgres(answers);
    const session = await openSession(server, limitTo(2));
    session.send(query(`prepare p as ${text}`), query('execute p'));
    expect(await session.settle()).toBe('C(PREPARE) ZI E(0A000) ZI');
    expect(server.seen).not.toContain('execute p');
  });

  it('leaves statements alone that change no rows', async () => {
    const { server, session } = await open(0);
    session.send(query('select 1'), query('begin'), query('commit'));
    expect(await session.settle()).toBe('T D[1] C(SELECT 1) ZI C(BEGIN) ZT C(COMMIT) ZI');
    expect(server.seen).toEqual(['select 1', 'begin', 'commit']);
  });
});

function errorFrame(code: string): Buffer {
  return encodeMessage(BACKEND.errorResponse, (body) =>
    body.uint8(0x53).cstring('ERROR').uint8(0x43).cstring(code).uint8(0x4d).cstring('no').uint8(0),
  );
}

function commandComplete(tag: string): Buffer {
  return encodeMessage(BACKEND.commandComplete, (body) => body.cstring(tag));
}

function copyData(text: string): Buffer {
  return encodeMessage(FRONTEND.copyData, (body) => body.bytes(Buffer.from(text)));
}
