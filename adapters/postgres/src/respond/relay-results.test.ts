import { GatewayError } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import {
  bind,
  COPY_DONE,
  copyData,
  describe as describeMessage,
  execute,
  extended,
  parse,
  query,
  SYNC_MESSAGE,
} from '../testing/frontend-messages.ts';
import { maskSecret, notice, openSession } from '../testing/open-session.ts';
import { ANSWERS, columns, open, READ, ROWS, withRows } from '../testing/relay-scenes.ts';
import { ScriptedPostgres } from '../testing/scripted-postgres.ts';

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
