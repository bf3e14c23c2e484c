import { connect as connectTls } from 'node:tls';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSides, type Sides } from './postgres-sides.ts';
import {
  CANCEL_REQUEST,
  codeOf,
  GSS_REQUEST,
  int16,
  int32,
  logIn,
  type Message,
  message,
  openDirectTls,
  openRaw,
  PROTOCOL_3_0,
  PROTOCOL_3_2,
  RawClient,
  SSL_REQUEST,
  startup,
} from './postgres-wire.ts';

describe('raw bytes to the Postgres listener, with everything allowed', () => {
  let sides: Sides;
  let port: number;
  /** A session that must not be disturbed by anything that others do. */
  let bystander: pg.Client;

  beforeAll(async () => {
    sides = await openSides();
    port = sides.through.port;
    bystander = new pg.Client(sides.through);
    bystander.on('error', () => undefined);
    await bystander.connect();
  });

  afterAll(async () => {
    await bystander?.end().catch(() => undefined);
    await sides?.stage.close();
  });

  async function loggedIn(): Promise<RawClient> {
    const client = openRaw(port);
    await logIn(client, sides.through);
    return client;
  }

  async function expectUndisturbed(): Promise<void> {
    expect((await bystander.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  }

  const query = (sql: string): Buffer => message('Q', sql);
  const types = (messages: readonly Message[]): string => messages.map(({ type }) => type).join('');

  describe('before the login', () => {
    it('drops a connection that sends plain bytes behind SSLRequest', async () => {
      const client = openRaw(port).send(startup(SSL_REQUEST), startup(PROTOCOL_3_0, { user: 'ana' }));
      const received = await client.untilClosed();
      expect(received.includes('SCRAM')).toBe(false);
      await expectUndisturbed();
    });

    it('answers GSS with N and goes on with TLS', async () => {
      const client = openRaw(port).send(startup(GSS_REQUEST));
      expect((await client.until((bytes) => bytes.length > 0)).toString()).toBe('N');
      client.send(startup(SSL_REQUEST));
      expect((await client.until((bytes) => bytes.length > 1)).toString()).toBe('NS');
      const secure = new RawClient(connectTls({ socket: client.socket, rejectUnauthorized: false }));
      expect(types(await logIn(secure, sides.through))).toMatch(/^RRR?S+KZ$/);
      secure.end();
    });

    it('takes TLS from the first byte, with ALPN only', async () => {
      const client = openDirectTls(port, ['postgresql']);
      expect(types(await logIn(client, sides.through))).toMatch(/KZ$/);
      client.end();
      expect(await openDirectTls(port, []).untilClosed()).toHaveLength(0);
      expect(await openDirectTls(port, ['http/1.1']).untilClosed()).toHaveLength(0);
    });

    it.each([
      [PROTOCOL_3_0, 4],
      [PROTOCOL_3_2, 32],
    ])('gives protocol %i a cancel key of %i bytes', async (protocol, bytes) => {
      const client = openRaw(port);
      const messages = await logIn(client, sides.through, protocol);
      expect(messages.find(({ type }) => type === 'K')?.body.length).toBe(4 + bytes);
      expect(types(messages)).not.toContain('v');
      client.end();
    });

    it('names the newest protocol and what it does not know to a client that asks for more', async () => {
      const client = openRaw(port);
      const messages = await logIn(client, sides.through, (3 << 16) | 9999, { '_pq_.grease': 'x' });
      const negotiated = Buffer.concat([int32(PROTOCOL_3_2), int32(1), Buffer.from('_pq_.grease\0')]);
      expect(messages[0]).toEqual({ type: 'v', body: negotiated });
      expect(messages.find(({ type }) => type === 'K')?.body.length).toBe(36);
      client.end();
    });

    it.each([
      ['protocol 2.0', startup(2 << 16, {}), '0A000'],
      ['a replication connection', startup(PROTOCOL_3_0, { user: 'ana', replication: 'database' }), '0A000'],
      ['no user', startup(PROTOCOL_3_0, { database: 'shop' }), '08P01'],
      [
        'a pinned setting',
        startup(PROTOCOL_3_0, { user: 'ana', standard_conforming_strings: 'off' }),
        '0A000',
      ],
      ['a role as an option', startup(PROTOCOL_3_0, { user: 'ana', options: '-c role=postgres' }), '0A000'],
    ])('refuses %s with a code', async (_name, packet, code) => {
      const client = openRaw(port).send(packet);
      await client.untilClosed();
      expect(client.take().map(codeOf)).toEqual([code]);
    });

    it.each([
      ['a length of nothing', Buffer.from([0, 0, 0, 0, 0, 3, 0, 0])],
      ['a length without an end', Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0])],
      [
        'a parameter twice',
        Buffer.concat([
          int32(27),
          int32(PROTOCOL_3_0),
          Buffer.from('user\0a\0user\0b\0x\0y\0\0').subarray(0, 19),
        ]),
      ],
      ['parameters without an end', Buffer.concat([int32(14), int32(PROTOCOL_3_0), Buffer.from('user\0a')])],
      ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
      ['a query instead of a login', query('select 1')],
    ])('ends the connection on %s', async (_name, bytes) => {
      const received = await openRaw(port).send(bytes).untilClosed();
      expect(received.includes('SCRAM')).toBe(false);
      await expectUndisturbed();
    });

    it('cancels nothing for a key that it never gave', async () => {
      const running = bystander.query('select pg_sleep(0.5), 1 as n');
      const body = Buffer.concat([int32(CANCEL_REQUEST), int32(1), Buffer.alloc(4)]);
      await openRaw(port).send(int32(16), body).untilClosed();
      expect((await running).rows[0].n).toBe(1);
    });
  });

  describe('in the session', () => {
    it.each([
      ['a length that leaves no room for itself', Buffer.from([0x51, 0, 0, 0, 3])],
      ['a length over every limit', Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff])],
      ['a type that does not exist', message('~', 'x')],
      ['a message of the other direction', message('Z', Buffer.from('I'))],
      ['a second login', message('p', 'x')],
      ['a NUL in the text', message('Q', Buffer.from('select 1\0; drop table customers\0'))],
      ['a text without an end', message('Q', Buffer.from('select 1'))],
      [
        'more parameters than there are',
        message('B', '', '', int16(0), int16(9), int32(1), Buffer.from('x'), int16(0)),
      ],
      ['a parameter longer than its message', message('B', '', '', int16(0), int16(1), int32(99), int16(0))],
      ['a parameter of negative length', message('B', '', '', int16(0), int16(1), int32(-2), int16(0))],
      ['bytes behind a Sync', message('S', 'x')],
    ])('ends the session on %s, with a code', async (_name, bytes) => {
      const client = await loggedIn();
      client.send(bytes);
      await client.untilClosed();
      expect(client.take().map(({ type, body }) => [type, codeOf({ type, body })])).toEqual([['E', '08P01']]);
      await expectUndisturbed();
    });

    it.each([
      ['8 MB of SQL', `select 1${' + 1'.repeat(2_000_000)}`, '54000'],
      ['100,000 nested parentheses', `select ${'('.repeat(100_000)}1${')'.repeat(100_000)}`, '42601'],
      [
        'bytes that are not UTF-8',
        Buffer.concat([Buffer.from("select '"), Buffer.of(0xff), Buffer.from("'\0")]),
        '22021',
      ],
    ])('refuses %s and goes on', async (_name, text, code) => {
      const client = await loggedIn();
      client.send(message('Q', text));
      const messages = await client.untilReady();
      expect(types(messages)).toBe('EZ');
      expect(codeOf(messages[0]!)).toBe(code);
      client.send(query('select 1'));
      expect(types(await client.untilReady())).toBe('TDCZ');
      client.end();
    });

    it('answers a Describe of neither kind as the server does, and goes on behind the Sync', async () => {
      const client = await loggedIn();
      client.send(message('D', Buffer.from('X\0')), message('S'), query('select 1'));
      const messages = await client.untilReady(2);
      expect(types(messages)).toBe('EZTDCZ');
      expect(codeOf(messages[0]!)).toBe('08P01');
      client.end();
    });

    it('passes on parameters of 8 MB', async () => {
      const client = await loggedIn();
      const big = Buffer.alloc(8_000_000, 'x');
      client.send(
        message('P', '', 'select length($1::text)', int16(0)),
        message('B', '', '', int16(0), int16(1), int32(big.length), big, int16(0)),
        message('E', '', int32(0)),
        message('S'),
      );
      const messages = await client.untilReady();
      expect(types(messages)).toBe('12DCZ');
      expect(messages[2]!.body.toString('utf8', 6)).toBe('8000000');
      client.end();
    });

    it('holds back a server whose rows nobody reads', async () => {
      const client = await loggedIn();
      client.socket.pause();
      client.send(query("select repeat('x', 1000) from generate_series(1, 400000)"));
      const before = process.memoryUsage().rss;
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
      await expectUndisturbed();
      client.end();
    });
  });

  describe('when the database fails', () => {
    it('tells a client nothing of the wrong password that the gateway has', async () => {
      const { host, user, password, app, port: direct } = sides.stage.fleet.postgres!;
      const owner = new pg.Client({ host, port: direct, user, password, database: 'shop' });
      await owner.connect();
      await owner.query(`alter role ${app.user} password 'another'`);
      const client = openRaw(port);
      const messages = await logIn(client, sides.through);
      await owner.query(`alter role ${app.user} password '${app.password}'`);
      await owner.end();
      expect(messages.filter(({ type }) => type === 'E').map(codeOf)).toEqual(['08006']);
      expect(Buffer.concat(messages.map(({ body }) => body)).includes(app.password)).toBe(false);
    });

    it('ends the session when the server is killed in the middle of a row, and takes others when it is back', async () => {
      const client = await loggedIn();
      client.send(query("select repeat('x', 50000000), pg_sleep(0) from generate_series(1, 50)"));
      await client.until((bytes) => bytes.length > 1_000_000);
      await sides.stage.fleet.postgres!.kill9();
      const received = await client.untilClosed();
      expect(client.isClosed).toBe(true);
      expect(received.length).toBeGreaterThan(1_000_000);
      await sides.stage.fleet.postgres!.restart();
      const again = await loggedIn();
      again.send(query('select 1'));
      expect(types(await again.untilReady())).toBe('TDCZ');
      again.end();
    });
  });
});
