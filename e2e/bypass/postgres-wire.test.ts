import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { int16, int32, type Message, message } from '../clients/postgres-wire.ts';
import { type BypassStage, openBypassStage } from './postgres-stage.ts';

const query = (sql: string): Buffer => message('Q', sql);
const parse = (name: string, sql: string, types: readonly number[] = []): Buffer =>
  message('P', name, sql, int16(types.length), ...types.map(int32));
const bind = (portal: string, statement: string, values: readonly string[] = []): Buffer =>
  message(
    'B',
    portal,
    statement,
    int16(0),
    int16(values.length),
    ...values.flatMap((value) => [int32(Buffer.byteLength(value)), Buffer.from(value)]),
    int16(0),
  );
const execute = (portal: string): Buffer => message('E', portal, int32(0));
const close = (kind: 'S' | 'P', name: string): Buffer => message('C', Buffer.from(kind), name);
const copyData = (text: string): Buffer => message('d', Buffer.from(text));
const SYNC = message('S');

/** What is sent, one write each; the next goes out when the server was ready, where a write ends with a Sync or a Query. */
const ATTACKS: Readonly<Record<string, readonly (readonly Buffer[])[]>> = {
  'a text with a NUL in the middle': [[message('Q', Buffer.from('select 1;\0drop table victims\0'))]],
  'a text with a NUL behind it': [[message('Q', Buffer.from('drop table victims\0\0'))]],
  'a text that does not end': [[message('Q', Buffer.from('drop table victims'))]],
  'a Parse with a NUL in its text': [
    [
      message('P', Buffer.from('\0select 1\0; drop table victims\0'), int16(0)),
      bind('', ''),
      execute(''),
      SYNC,
    ],
  ],
  'a statement named by PREPARE, run by Bind and Execute': [
    [query('prepare p as delete from victims')],
    [bind('', 'p'), execute(''), SYNC],
  ],
  'a statement named by Parse, run by EXECUTE': [
    [parse('p', 'delete from victims'), SYNC],
    [query('execute p')],
  ],
  'a Parse refused, and what it would have left': [
    [parse('p', 'select 1'), SYNC],
    [parse('p', 'delete from victims'), bind('', 'p'), execute(''), SYNC],
  ],
  'a name closed and used again': [
    [
      parse('p', 'select 1'),
      bind('c', 'p'),
      close('S', 'p'),
      parse('p', 'drop table victims'),
      bind('d', 'p'),
      execute('d'),
      SYNC,
    ],
  ],
  'a name deallocated and prepared anew under the same Bind': [
    [parse('p', 'select 1'), SYNC],
    [query('deallocate p; prepare p as delete from victims')],
    [bind('', 'p'), execute(''), SYNC],
  ],
  'an unnamed statement overwritten between Bind and Execute': [
    [
      parse('', 'select 1'),
      bind('', ''),
      parse('', 'delete from victims'),
      execute(''),
      bind('', ''),
      execute(''),
      SYNC,
    ],
  ],
  'a portal bound before the name changed its meaning': [
    [query('begin')],
    [parse('p', 'select 1'), bind('c', 'p'), SYNC],
    [close('S', 'p'), parse('p', 'delete from victims'), bind('c2', 'p'), execute('c'), execute('c2'), SYNC],
    [query('commit')],
  ],
  'a forbidden statement behind an error': [
    [
      parse('', 'select 1 / 0'),
      bind('', ''),
      execute(''),
      parse('', 'delete from victims'),
      bind('', ''),
      execute(''),
      SYNC,
    ],
    [parse('', 'delete from victims'), bind('', ''), execute(''), SYNC],
  ],
  'a Query among messages that wait for their Sync': [
    [parse('', 'select 1'), bind('', ''), query('delete from victims')],
  ],
  'EXECUTE by Parse of what PREPARE named': [
    [query('prepare p (boolean) as delete from victims where $1')],
    [parse('', 'execute p (true)'), bind('', ''), execute(''), SYNC],
  ],
  'a parameter that is no condition': [
    [parse('', 'delete from victims where $1', [16]), bind('', '', ['t']), execute(''), SYNC],
  ],
  'rows of COPY that look like statements': [
    [
      query('copy victim_lines from stdin'),
      copyData('x\n\\.\n'),
      copyData('delete from victims;\n'),
      message('c'),
    ],
    [query('delete from victims')],
  ],
  'a Query in the middle of COPY': [
    [query('copy victim_lines from stdin'), query('delete from victims'), message('c')],
  ],
  'a Parse in the middle of COPY': [
    [
      query('copy victim_lines from stdin'),
      parse('', 'drop table victims'),
      bind('', ''),
      execute(''),
      message('c'),
      SYNC,
    ],
  ],
};

const LOGINS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a role in the options': { options: '-c role=app' },
  'a role in the options, the long way': { options: '--role=app' },
  'a role as a setting': { role: 'app' },
  'another authorization': { session_authorization: 'app' },
  'strings that end elsewhere': { options: '-c standard_conforming_strings=off' },
  'strings that end elsewhere, as a setting': { standard_conforming_strings: 'off' },
  'libraries to load': { options: '-c local_preload_libraries=x' },
  'another encoding': { client_encoding: 'SJIS' },
  'logical replication': { replication: 'database' },
  'physical replication': { replication: 'true' },
};

describe('no forbidden Postgres action gets through by the wire', () => {
  let stage: BypassStage;
  let before = '';

  beforeAll(async () => {
    stage = await openBypassStage();
    await stage.owner.query('create table victim_lines (line text)');
    before = await stage.state();
  });

  afterAll(() => stage?.close());

  it.each(Object.entries(ATTACKS))('refuses %s', async (_title, writes) => {
    const raw = await stage.openRawWriter();
    const messages: Message[] = [];
    for (const write of writes) {
      raw.send(...write);
      messages.push(...(await raw.untilReady()));
      if (raw.isClosed) break;
    }
    raw.end();
    expect(messages.some(({ type }) => type === 'E') || raw.isClosed).toBe(true);
    expect(await stage.state()).toBe(before);
  });

  it('refuses a call by the number of a function', async () => {
    const { rows } = await stage.owner.query("select 'victim_function'::regproc::oid as oid");
    const raw = await stage.openRawWriter();
    raw.send(message('F', int32(Number(rows[0].oid)), int16(0), int16(0), int16(0)));
    expect((await raw.untilReady()).map(({ type }) => type)).toContain('E');
    raw.end();
    expect(await stage.state()).toBe(before);
  });

  it('refuses a text that comes byte by byte', async () => {
    const raw = await stage.openRawWriter();
    for (const byte of query('delete from victims')) raw.send(Buffer.of(byte));
    expect((await raw.untilReady()).map(({ type }) => type)).toEqual(['E', 'Z']);
    raw.end();
    expect(await stage.state()).toBe(before);
  });

  it.each(Object.entries(LOGINS))('lets nobody begin with %s', async (_title, parameters) => {
    // The login is refused before it has begun.
    await expect(stage.openRawWriter(parameters)).rejects.toThrow('no SCRAM challenge');
    expect(await stage.state()).toBe(before);
  });

  it('lets somebody begin without', async () => {
    const raw = await stage.openRawWriter({ application_name: 'plain' });
    raw.send(query('select 1'));
    expect((await raw.untilReady()).map(({ type }) => type).join('')).toBe('TDCZ');
    raw.end();
  });
});
