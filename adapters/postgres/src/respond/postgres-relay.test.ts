import { GatewayError } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../messages/message-body.ts';
import { BACKEND } from '../messages/message-type.ts';
import {
  bind,
  COPY_DONE,
  copyData,
  execute,
  extended,
  FLUSH_MESSAGE,
  parse,
  query,
  SYNC_MESSAGE,
  TERMINATE,
} from '../testing/frontend-messages.ts';
import { type Decide, maskSecret, openSession } from '../testing/open-session.ts';
import { ANSWERS, DENIED, ONE, open, READ, withRows } from '../testing/relay-scenes.ts';
import { dataRow, ScriptedPostgres } from '../testing/scripted-postgres.ts';

const denyDrop: Decide = (pending) =>
  pending.statements.some(({ verb }) => verb === 'drop table') ? DENIED : {};

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
