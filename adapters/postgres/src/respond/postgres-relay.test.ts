import type { PendingRequest } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../messages/message-body.ts';
import { BACKEND } from '../messages/message-type.ts';
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
  TERMINATE,
} from '../testing/frontend-messages.ts';
import { type Decide, maskSecret, notice, openSession } from '../testing/open-session.ts';
import { type Answer, dataRow, ScriptedPostgres } from '../testing/scripted-postgres.ts';

const columns = ['name', 'secret'].map((name, i) => ({ name, tableOid: 1000, attnum: i + 1 }));
const READ = 'select name, secret from people';
const ROWS: Answer = {
  columns,
  rows: [
    ['ana', 's3cr3t'],
    ['bob', null],
  ],
};
const ONE: Answer = { columns: [{ name: '?column?' }], rows: [['1']] };

const ANSWERS: Readonly<Record<string, Answer>> = {
  [READ]: ROWS,
  'select 1': ONE,
  'select 2': { columns: [{ name: '?column?' }], rows: [['2']] },
  'insert into people values (1)': { tag: 'INSERT 0 1' },
  begin: { tag: 'BEGIN' },
  commit: { tag: 'COMMIT' },
  rollback: { tag: 'ROLLBACK' },
  'drop table people': { tag: 'DROP TABLE' },
  'copy people from stdin': { copyIn: true },
  'copy people to stdout': { rows: [] },
  'set search_path to other': { tag: 'SET', setsPath: 'other' },
  [`prepare p as ${READ}`]: { tag: 'PREPARE' },
  'prepare p as select 1': { error: { code: '42P05', message: 'exists' } },
  'execute p': ROWS,
  'select secret from people': { error: { code: '22012', message: 's3cr3t' } },
  'select 1 from nowhere': { error: { code: '42P01', message: 'no such relation' } },
};

function isUnderstood({ statements }: PendingRequest): boolean {
  return statements.every(
    ({ accesses }) => accesses.known && accesses.value.every(({ object }) => object.known),
  );
}

const DENIED = new GatewayError('denied', 'denied-by-rule', 'not for you');
const denyDrop: Decide = (pending) =>
  pending.statements.some(({ verb }) => verb === 'drop table') ? DENIED : {};
const withRows =
  (rows: number): Decide =>
  () => ({ limits: { rows } });

function open(decide?: Decide) {
  return openSession(new ScriptedPostgres(ANSWERS), decide);
}

describe('a refusal', () => {
  it('stands where the reply would have stood, and the session goes on', async () => {
    const session = await open(denyDrop);
    session.send(query('select 1'), query('drop table people'), query('select 2'));
    expect(await session.settle()).toBe('T D[1] C(SELECT 1) ZI E(42501) ZI T D[2] C(SELECT 1) ZI');
    expect(session.relay.isIdle()).toBe(true);
  });

  it('makes the open transaction fail as the server would', async () => {
    const session = await open(denyDrop);
    session.send(query('begin'), query('drop table people'), query('rollback'));
    expect(await session.settle()).toBe('C(BEGIN) ZT E(42501) ZE C(ROLLBACK) ZI');
  });

  it('skips everything up to Sync in the middle of a pipeline, and nothing behind it', async () => {
    const session = await open(denyDrop);
    session.send(extended('select 1'), extended('drop table people'), extended('select 2'), SYNC_MESSAGE);
    session.send(extended('select 2'), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 2 D[1] C(SELECT 1) E(42501) ZI 1 2 D[2] C(SELECT 1) ZI');
  });

  it('never sends what was refused', async () => {
    const server = new ScriptedPostgres(ANSWERS);
    const session = await openSession(server, denyDrop);
    session.send(parse('x', 'drop table people'), bind('', 'x'), execute(''), SYNC_MESSAGE);
    await session.settle();
    expect(server.received.join('')).toBe('PS');
    session.send(bind('', 'x'), SYNC_MESSAGE);
    expect(await session.settle()).toBe('E(26000) ZI');
  });

  it('lets the server word a syntax error, in both protocols', async () => {
    const session = await open();
    session.send(query('selec 1'), extended('selec 2'), SYNC_MESSAGE, query('select 1'));
    expect(await session.settle()).toBe('E(42000) ZI E(42000) ZI T D[1] C(SELECT 1) ZI');
  });

  it('refuses a text that the server reads but the parser does not, and makes the server agree', async () => {
    const session = await openSession(new ScriptedPostgres({ ...ANSWERS, 'brand new syntax': ONE }));
    session.send(
      parse('', 'brand new syntax'),
      bind('', ''),
      execute(''),
      SYNC_MESSAGE,
      query('brand new syntax'),
    );
    expect(await session.settle()).toBe('E(0A000) ZI E(0A000) ZI');
    session.send(query('select 1'));
    expect(await session.settle()).toBe('T D[1] C(SELECT 1) ZI');
  });

  it('refuses the function call message and settings that decide how texts are read', async () => {
    const session = await open();
    session.send(
      encodeMessage(0x46, (body) => body.int32be(1000).zeros(6)),
      query('set client_encoding to latin1'),
    );
    session.send(query("set standard_conforming_strings = 'off'"));
    expect(await session.settle()).toBe('E(0A000) ZI E(0A000) ZI E(0A000) ZI');
  });

  it('refuses text that is not UTF-8', async () => {
    const session = await open();
    session.send(Buffer.from([0x51, 0, 0, 0, 6, 0xff, 0]));
    expect(await session.settle()).toBe('E(22021) ZI');
  });
});

describe('the smuggling of messages', () => {
  it('swallows the rest of a message whose beginning was swallowed', async () => {
    const server = new ScriptedPostgres(ANSWERS);
    const session = await openSession(server, denyDrop);
    const smuggled = Buffer.concat([Buffer.alloc(1_100_000), SYNC_MESSAGE, query('drop table people')]);
    session.sendIn(65_536, extended('drop table people'), copyData(smuggled), SYNC_MESSAGE);
    expect(await session.settle()).toBe('E(42501) ZI');
    expect(server.received.join('')).toBe('PS');
  });

  it('drops what comes behind a server error until Sync, also when the error is known before it comes', async () => {
    const session = await open();
    session.send(parse('', 'select 1 from nowhere'), bind('', ''), execute(''), FLUSH_MESSAGE);
    expect(await session.settle()).toBe('1 2 E(42P01)');
    session.send(parse('', 'select 1'), bind('', ''), execute(''), SYNC_MESSAGE);
    expect(await session.settle()).toBe('ZI');
    session.send(query('select 1'));
    expect(await session.settle()).toBe('T D[1] C(SELECT 1) ZI');
  });

  it('ends the session when a reply cannot be the answer to what stands first', async () => {
    const session = await open();
    session.send(parse('', 'select 1'), SYNC_MESSAGE);
    expect(() => session.receive(dataRow(['x']))).toThrow('row without a request');
    const other = await open();
    other.send(query('select 1'));
    expect(() => other.receive(encodeMessage(BACKEND.bindComplete, () => undefined))).toThrow(
      'another request',
    );
  });

  it('ends the session when a message comes between COPY data, which the server would eat unanswered', async () => {
    const session = await open();
    session.send(query('copy people from stdin'), query(READ));
    expect(await session.settle()).toBe('G');
    expect(session.violations).toEqual(['message-during-copy']);
  });

  it('ends the session on replication streams and on COPY that was not asked for', async () => {
    for (const type of [BACKEND.copyBothResponse, BACKEND.copyInResponse]) {
      const session = await open();
      session.send(query('select 1'));
      expect(() => session.receive(encodeMessage(type, (out) => out.uint8(0).int16be(0)))).toThrow(
        'malformed',
      );
    }
  });

  it('ends the session when the server reports another reading of texts', async () => {
    const session = await open();
    const report = encodeMessage(BACKEND.parameterStatus, (out) =>
      out.cstring('standard_conforming_strings').cstring('off'),
    );
    expect(() => session.receive(report)).toThrow(GatewayError);
  });
});

describe('a name', () => {
  it('keeps its meaning when making it again fails, by Parse', async () => {
    const session = await open(maskSecret);
    session.send(parse('s', READ), SYNC_MESSAGE, parse('s', 'select 1'), SYNC_MESSAGE);
    session.send(bind('', 's'), execute(''), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 ZI E(42000) ZI 2 D[ana,hidden] D[bob,NULL] C(SELECT 2) ZI');
  });

  it('keeps its meaning when making it again fails, by PREPARE', async () => {
    const session = await open(maskSecret);
    session.send(query(`prepare p as ${READ}`), query('prepare p as select 1'), query('execute p'));
    expect(await session.settle()).toBe(
      'C(PREPARE) ZI E(42P05) ZI T D[ana,hidden] D[bob,NULL] C(SELECT 2) ZI',
    );
  });

  it('is the statement inside a PREPARE when it is bound, not the PREPARE', async () => {
    const session = await openSession(new ScriptedPostgres(ANSWERS));
    session.send(query(`prepare p as ${READ}`));
    await session.settle();
    session.send(bind('', 'p'), execute(''), SYNC_MESSAGE);
    await session.settle();
    const verbs = session.decided.map(({ statements }) => statements.map(({ verb }) => verb).join());
    expect(verbs).toEqual(['prepare', 'select', 'select']);
  });

  it('is what the text itself makes of it', async () => {
    const texts = [`deallocate p; prepare p as ${READ}; execute p`, 'prepare p as select 1'];
    const seen: (readonly string[])[] = [];
    const session = await open((pending) => {
      seen.push(pending.statements.map(({ verb }) => verb));
      return {};
    });
    session.send(query(texts[1]!), query(texts[0]!));
    await session.settle();
    expect(seen).toEqual([['prepare'], ['deallocate', 'prepare', 'select']]);
  });

  it.each([
    ['calls something for its parameters', `prepare p(int) as select $1`, 'execute p(f())'],
    ['stands inside another statement', `prepare p as ${READ}`, 'create table copied as execute p'],
    ['comes behind a change of names', `prepare p as ${READ}`, 'set search_path to other; execute p'],
    ['was never prepared', 'select 1', 'execute p'],
  ])('is unknown when its EXECUTE %s', async (_why, first, second) => {
    const seen: boolean[] = [];
    const server = new ScriptedPostgres({ ...ANSWERS, [first]: { tag: 'PREPARE' } });
    const session = await openSession(server, (pending) => {
      seen.push(pending.statements.every(({ accesses }) => accesses.known));
      return seen.length === 2 ? DENIED : {};
    });
    session.send(query(first), query(second));
    expect(await session.settle()).toMatch(/E\(42501\) ZI$/);
    expect(seen).toEqual([true, false]);
  });

  it('goes with its Close and comes back with the next Parse, in one pipeline', async () => {
    const session = await open();
    session.send(
      parse('a', 'select 1'),
      close('S', 'a'),
      parse('a', 'select 2'),
      bind('', 'a'),
      execute(''),
      SYNC_MESSAGE,
    );
    session.send(bind('', 'a'), execute(''), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 3 1 2 D[2] C(SELECT 1) ZI 2 D[2] C(SELECT 1) ZI');
  });

  it('stays when the end of an earlier transaction is reported behind its Bind', async () => {
    const session = await open();
    session.send(extended('select 1'), SYNC_MESSAGE, parse('', 'select 2'), bind('', ''));
    session.answer();
    session.send(execute(''), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 2 D[1] C(SELECT 1) ZI 1 2 D[2] C(SELECT 1) ZI');
  });
});

describe('what names mean', () => {
  it('is only looked up when the statement before has changed it', async () => {
    const session = await open(maskSecret);
    session.send(extended('set search_path to other'), extended(READ), SYNC_MESSAGE);
    await session.settle();
    const paths = session.decided.map(({ statements }) =>
      statements
        .flatMap(({ accesses }) => (accesses.known ? accesses.value : []))
        .map(({ object }) => object.known && object.value.path.join('.')),
    );
    expect(paths.at(-1)).toEqual(['other.people']);
  });

  it('is settled when a portal is opened, whatever is set afterwards', async () => {
    const session = await open(maskSecret);
    session.send(
      parse('s', READ),
      bind('early', 's'),
      extended('set search_path to other'),
      execute('early'),
      SYNC_MESSAGE,
    );
    expect(await session.settle()).toContain('D[ana,hidden]');
  });

  it('goes back with a transaction that fails before anything was reported', async () => {
    const text = 'set search_path to other; select 1 from nowhere';
    const server = new ScriptedPostgres({ ...ANSWERS, [text]: { error: { code: '42P01', message: 'x' } } });
    const session = await openSession(server, maskSecret);
    session.send(query(text), query(READ));
    expect(await session.settle()).toContain('D[ana,hidden]');
  });

  it('is not believed while an error on its way may still take it back', async () => {
    const session = await open(maskSecret);
    session.send(extended('set search_path to other'), extended('select secret from people'), SYNC_MESSAGE);
    session.send(extended(READ), SYNC_MESSAGE);
    const words = await session.settle();
    expect(words).toContain('D[ana,hidden]');
    expect(words).not.toContain('s3cr3t');
  });

  it('asks for a newer catalog once when a name is missing, and does not trust one that could not be read', async () => {
    const session = await open();
    session.refresh = () => Promise.reject(new Error('down'));
    session.send(query('select 1 from nowhere'));
    await session.settle();
    expect(session.refreshes).toBe(1);
    expect(isUnderstood(session.decided[0]!)).toBe(false);
    session.refresh = async () => undefined;
    session.send(query('select 1 from nowhere'));
    await session.settle();
    expect(isUnderstood(session.decided[1]!)).toBe(true);
  });
});

describe('masks', () => {
  it('find the columns of a portal that was never described', async () => {
    const session = await open(maskSecret);
    session.send(extended(READ), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 2 D[ana,hidden] D[bob,NULL] C(SELECT 2) ZI');
    expect(session.finished.find(({ running }) => running.rows > 0)!.running).toMatchObject({
      rows: 2,
      maskedCells: 1,
    });
  });

  it('show the client its own Describe once', async () => {
    const session = await open(maskSecret);
    session.send(parse('', READ), bind('', ''), describeMessage('P', ''), execute(''), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 2 T D[ana,hidden] D[bob,NULL] C(SELECT 2) ZI');
  });

  it('withhold every row when a column is said to come from a table that the catalog does not hold', async () => {
    const second = { name: 'name', tableOid: 4242, attnum: 1 };
    const server = new ScriptedPostgres({ ...ANSWERS, [READ]: { ...ROWS, columns: [columns[0]!, second] } });
    const session = await openSession(server, maskSecret);
    session.send(query(READ), extended(READ), SYNC_MESSAGE, query('select 1'));
    expect(await session.settle()).toBe('E(42501) ZI 1 2 E(42501) ZI T D[1] C(SELECT 1) ZI');
    expect(session.finished.filter(({ result }) => result === 'cut').map(({ code }) => code)).toEqual([
      'masked-origin-unknown',
      'masked-origin-unknown',
    ]);
  });

  it.each([
    ['no table', { name: 'secret', tableOid: 0, attnum: 0 }],
    ['a harmless column', { name: 'secret', tableOid: 1000, attnum: 1 }],
  ])('hold when a column is said to come from %s, while the analysis says masked', async (_what, second) => {
    const server = new ScriptedPostgres({ ...ANSWERS, [READ]: { ...ROWS, columns: [columns[0]!, second] } });
    const session = await openSession(server, maskSecret);
    session.send(query(READ), extended(READ), SYNC_MESSAGE, query('select 1'));
    const rows = 'D[ana,hidden] D[bob,NULL] C(SELECT 2)';
    expect(await session.settle()).toBe(`T ${rows} ZI 1 2 ${rows} ZI T D[1] C(SELECT 1) ZI`);
  });

  it('refuse a COPY to the client that is written in a way that nobody reads back', async () => {
    const session = await open(maskSecret);
    session.send(query("copy people to stdout (encoding 'latin1')"));
    expect(await session.settle()).toBe('E(42501) ZI');
  });

  it('redact errors and notices of the statement', async () => {
    const session = await open(() => ({ redactDiagnostics: true }));
    session.send(query('select secret from people'));
    session.receive(notice('Key (secret)=(s3cr3t)'));
    session.answer();
    const bytes = session.takenBytes().toString('latin1');
    expect(bytes).not.toContain('s3cr3t');
    expect(bytes).toContain('C22012');
  });
});

describe('a limit on rows', () => {
  it.each([
    ['simple', [query(READ)], 'T D[ana,s3cr3t] E(54000) ZI'],
    ['extended', [extended(READ), SYNC_MESSAGE], '1 2 D[ana,s3cr3t] E(54000) ZI'],
  ] as const)('cuts and stays in step (%s)', async (_how, messages, expected) => {
    const session = await open(withRows(1));
    session.send(...messages, query('select 1'));
    expect(await session.settle()).toBe(`${expected} T D[1] C(SELECT 1) ZI`);
    expect(session.cancels).toBe(1);
  });

  it('holds what would run behind it in its segment until it is known not to be cut', async () => {
    const server = new ScriptedPostgres(ANSWERS);
    const session = await openSession(server, withRows(1));
    session.send(extended(READ), extended('insert into people values (1)'), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 2 D[ana,s3cr3t] E(54000) ZI');
    expect(server.received.filter((type) => type === 'E')).toHaveLength(1);
  });

  it('takes back what was written before it in the same implicit transaction', async () => {
    const server = new ScriptedPostgres(ANSWERS);
    const session = await openSession(server, withRows(1));
    session.send(extended('insert into people values (1)'), extended(READ), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 2 C(INSERT 0 1) 1 2 D[ana,s3cr3t] E(54000) ZI');
    // The Parse that must fail stands between the Execute and the Sync.
    expect(server.received.join('')).toMatch(/E(H?)PS$/);
  });

  it('counts the rows of a portal over all its runs', async () => {
    const session = await open(withRows(3));
    session.send(query('begin'), parse('', READ), bind('', ''), execute('', 2), execute('', 2), SYNC_MESSAGE);
    expect(await session.settle()).toBe(
      'C(BEGIN) ZT 1 2 D[ana,s3cr3t] D[bob,NULL] C(SELECT 2) D[ana,s3cr3t] E(54000) ZT',
    );
  });

  it('withholds every piece of a row over the limit', async () => {
    const big = 'x'.repeat(1_500_000);
    const server = new ScriptedPostgres({
      ...ANSWERS,
      [READ]: {
        ...ROWS,
        rows: [
          ['a', big],
          ['b', big],
        ],
      },
    });
    const session = await openSession(server, withRows(1));
    session.send(query(READ));
    session.answer(65_536);
    const words = await session.settle();
    expect(words.replaceAll(big, 'BIG')).toBe('T D[a,BIG] E(54000) ZI');
  });
});

describe('a limit on time', () => {
  it('withholds rows, tells the error at the end, and asks the server to stop', async () => {
    const session = await open(() => ({ limits: { seconds: 1 } }));
    session.send(query(READ));
    session.relay.expire(
      session.relay.running()[0]!,
      new GatewayError('timeout', 'statement-seconds', 'slow'),
      session,
    );
    expect(await session.settle()).toBe('E(57014) ZI');
    expect(session.cancels).toBe(1);
    expect(session.finished.map(({ result, code }) => [result, code])).toEqual([
      ['cut', 'statement-seconds'],
    ]);
  });
});

describe('COPY from the client', () => {
  it.each([
    ['simple', [query('copy people from stdin'), copyData('a\n'), COPY_DONE], 'G C(COPY 1) ZI'],
    [
      'simple, with the next statement behind it',
      [query('copy people from stdin'), copyData('a\n'), COPY_DONE, query('select 1')],
      'G C(COPY 1) ZI T D[1] C(SELECT 1) ZI',
    ],
    [
      'extended',
      [extended('copy people from stdin'), copyData('a\n'), COPY_DONE, SYNC_MESSAGE],
      '1 2 G C(COPY 1) ZI',
    ],
    [
      'extended, with a Sync that the server ignores',
      [extended('copy people from stdin'), SYNC_MESSAGE, copyData('a\n'), COPY_DONE, SYNC_MESSAGE],
      '1 2 G C(COPY 1) ZI',
    ],
  ] as const)('passes (%s)', async (_how, messages, expected) => {
    const session = await open();
    session.send(...messages);
    expect(await session.settle()).toBe(expected);
    expect(session.relay.isIdle()).toBe(true);
  });

  it('passes data in pieces as received', async () => {
    const server = new ScriptedPostgres(ANSWERS);
    const session = await openSession(server);
    session.send(query('copy people from stdin'));
    await session.settle();
    session.sendIn(100_000, copyData(Buffer.alloc(3_000_000, 0x61)), COPY_DONE);
    expect(await session.settle()).toBe('C(COPY 1) ZI');
    expect(server.received.join('')).toBe('Qdc');
  });
});

describe('a session', () => {
  it('gives the same answer whether bytes come one by one or at once', async () => {
    const messages = [
      query(READ),
      extended(READ),
      SYNC_MESSAGE,
      query('drop table people'),
      query('copy people from stdin'),
      copyData('a\n'),
      COPY_DONE,
      query('select 1'),
    ];
    const decide: Decide = (pending) => (denyDrop(pending) === DENIED ? DENIED : maskSecret(pending));
    const whole = await open(decide);
    whole.send(...messages);
    const single = await open(decide);
    single.sendIn(1, ...messages);
    expect(await single.settle(1)).toBe(await whole.settle());
  });

  it('finishes every request once, the skipped ones too', async () => {
    const session = await open();
    session.send(extended('select 1 from nowhere'), extended('select 1'), SYNC_MESSAGE);
    await session.settle();
    const runs = session.finished.filter(({ running }) => running.phase === 'run');
    expect(runs.map(({ result, code }) => [result, code])).toEqual([
      ['error', '42P01'],
      ['cancelled', 'skipped'],
    ]);
    expect(session.relay.running()).toEqual([]);
  });

  it('sends a Sync that was held before it lets the client leave', async () => {
    const server = new ScriptedPostgres(ANSWERS);
    const session = await openSession(server, withRows(1));
    session.send(extended('insert into people values (1)'), SYNC_MESSAGE, TERMINATE);
    await session.settle();
    expect(server.received.at(-1)).toBe('S');
    expect(session.isClosed).toBe(true);
  });

  it('forwards notifications and reports whenever they come', async () => {
    const session = await open();
    session.receive(
      encodeMessage(BACKEND.notificationResponse, (out) => out.int32be(1).cstring('news').cstring('hello')),
    );
    session.receive(encodeMessage(BACKEND.parameterStatus, (out) => out.cstring('TimeZone').cstring('UTC')));
    expect(session.taken()).toBe('A S');
  });

  it('asks to cancel with the key of the server', async () => {
    const session = await open();
    const plan = session.relay.cancelPlan();
    expect(plan.via === 'new-connection' && plan.bytes.toString('hex')).toBe(
      '0000001004d2162e0000006300000007',
    );
  });

  it('says goodbye in step only', async () => {
    const session = await open();
    expect(session.relay.farewell(new GatewayError('shutdown', 'x', 'bye')).toString()).toContain('C57P01');
    session.send(query(READ));
    const head = Buffer.from([BACKEND.dataRow, 0x00, 0x20, 0x00, 0x00]);
    session.receive(head);
    session.receive(Buffer.alloc(10));
    expect(session.relay.farewell(new GatewayError('shutdown', 'x', 'bye'))).toHaveLength(0);
  });
});
