import type { ClientLogin, Credentials, LoginStep, SessionServices } from '@gatehouse/adapter';
import { fakeCredentials } from '@gatehouse/adapter/testkit';
import { GatewayError } from '@gatehouse/model';
import { DEFAULT_FRAME_LIMITS } from '@gatehouse/wire';
import { type Document, deserialize, serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { MAX_LOGIN_BYTES } from '../codec/message-codec.ts';
import { createMongodbAdapter } from '../mongodb-adapter.ts';
import { commandMessage, repliesIn } from '../testing/messages.ts';

const FIRST = Buffer.from('n,,n=ana,r=nonce');
const START = { saslStart: 1, mechanism: 'SCRAM-SHA-256', payload: FIRST, $db: 'admin' };
const CONTINUE = { saslContinue: 1, conversationId: 1, payload: Buffer.from('c=biws'), $db: 'admin' };
const ADMISSION = {
  principal: { kind: 'human', name: 'ana', groups: [], claims: {} },
  cancelKey: { id: 1, secret: Buffer.alloc(32) },
} as const;

/** The client's side of a login, step by step. */
class Login {
  readonly session;
  readonly login: ClientLogin;
  readonly #sent: Buffer[] = [];
  readonly out = { client: (bytes: Buffer) => void this.#sent.push(bytes) };

  constructor(services: Partial<SessionServices> = {}) {
    this.session = createMongodbAdapter().createSession({
      limits: DEFAULT_FRAME_LIMITS,
      tlsAvailable: true,
      tlsRequired: false,
      serverFacts: { version: '8', details: { minWireVersion: 0, maxWireVersion: 99, hasSessions: true } },
      advertisedAddress: '127.0.0.1:1',
      sessionNumber: 7,
      maskingKey: Buffer.alloc(32),
      options: {},
      randomBytes: (count) => Buffer.alloc(count),
      ...services,
    });
    this.login = this.session.clientLogin;
  }

  secured(): this {
    this.login.secured({ serverEndPoint: Buffer.alloc(32), alpn: null, serverName: null });
    return this;
  }

  bytes(message: Buffer): LoginStep {
    const { clientCodec } = this.session;
    clientCodec.push(message);
    expect(clientCodec.next()).toBe(true);
    return this.login.receive(clientCodec.frame, this.out);
  }

  send(command: Document): LoginStep {
    return this.bytes(commandMessage(42, command));
  }

  identified(credentials: Credentials = fakeCredentials(true)): LoginStep {
    return this.login.identified(credentials, this.out);
  }

  /** What the client was sent since the last call. */
  received(): Document[] {
    const replies = repliesIn(Buffer.concat(this.#sent.splice(0)));
    expect(replies.every(({ responseTo, flags }) => responseTo === 42 && flags === 0)).toBe(true);
    return replies.map(({ document }) => document);
  }

  raw(): Buffer {
    return Buffer.concat(this.#sent.splice(0));
  }
}

function legacyHello(document: Document, collection = 'admin.$cmd'): Buffer {
  const body = Buffer.from(serialize(document));
  const name = Buffer.from(`${collection}\0`);
  const message = Buffer.concat([Buffer.alloc(20), name, Buffer.alloc(8), body]);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(42, 4);
  message.writeInt32LE(2004, 12);
  message.writeInt32LE(-1, 20 + name.length + 4);
  return message;
}

describe('hello before the login', () => {
  it.each(['hello', 'isMaster', 'ismaster'])(
    'answers %s as often as asked, with nothing that leads past the gateway',
    (name) => {
      const login = new Login();
      for (let i = 0; i < 3; i++) {
        expect(
          login.send({ [name]: 1, helloOk: true, $db: 'admin', topologyVersion: {}, maxAwaitTimeMS: 10_000 }),
        ).toEqual({ kind: 'more' });
        const [reply] = login.received();
        expect(reply).toMatchObject({
          ok: 1,
          helloOk: true,
          msg: 'isdbgrid',
          logicalSessionTimeoutMinutes: 30,
          maxBsonObjectSize: 16_777_216,
          maxMessageSizeBytes: 48_000_000,
          maxWriteBatchSize: 100_000,
        });
        expect(reply!['maxWireVersion']).toBeLessThan(99);
        expect(reply).toHaveProperty(name === 'hello' ? 'isWritablePrimary' : 'ismaster', true);
        for (const key of [
          'hosts',
          'passives',
          'arbiters',
          'me',
          'primary',
          'setName',
          'topologyVersion',
          'compression',
          'saslSupportedMechs',
          'serviceId',
        ])
          expect(reply).not.toHaveProperty(key);
      }
    },
  );

  it('answers a legacy query with a legacy reply', () => {
    const login = new Login();
    expect(login.bytes(legacyHello({ ismaster: 1, helloOk: true }))).toEqual({ kind: 'more' });
    const bytes = login.raw();
    expect([bytes.readInt32LE(8), bytes.readInt32LE(12), bytes.readInt32LE(32)]).toEqual([42, 1, 1]);
    expect(deserialize(bytes.subarray(36))).toMatchObject({ ok: 1, ismaster: true });
  });

  it.each([
    ['another command', legacyHello({ find: 'x' })],
    ['a collection', legacyHello({ ismaster: 1 }, 'support.tickets')],
  ])('refuses a legacy query for %s', (_name, message) => {
    expect(() => new Login().bytes(message)).toThrow('malformed');
  });

  it('offers the mechanism when it is asked for, and names the service to balanced clients', () => {
    const login = new Login();
    login.send({ hello: 1, saslSupportedMechs: 'admin.ana', loadBalanced: true, $db: 'admin' });
    const [reply] = login.received();
    expect(reply!['saslSupportedMechs']).toEqual(['SCRAM-SHA-256']);
    expect(reply!['serviceId']).toMatchObject({ _bsontype: 'ObjectId' });
  });

  it('presents a server without sessions as one', () => {
    const login = new Login({ serverFacts: { version: '8', details: { hasSessions: false } } });
    login.send({ hello: 1, $db: 'admin' });
    const [reply] = login.received();
    expect(reply).not.toHaveProperty('msg');
    expect(reply).not.toHaveProperty('logicalSessionTimeoutMinutes');
  });
});

describe('SCRAM-SHA-256', () => {
  it('asks for the user, proves, and ends with the signature of the server', () => {
    const login = new Login();
    expect(login.send({ ...START, options: { skipEmptyExchange: true } })).toEqual({
      kind: 'identify',
      claim: { user: 'ana' },
    });
    expect(login.received()).toEqual([]);
    expect(login.identified()).toEqual({ kind: 'more' });
    expect(login.received()[0]).toMatchObject({ ok: 1, done: false, conversationId: 1 });
    expect(login.send(CONTINUE)).toEqual({ kind: 'proved', tokenId: 't1', method: 'SCRAM-SHA-256' });
    expect(login.received()).toEqual([]);
    login.login.admit(ADMISSION, login.out);
    const [last] = login.received();
    expect(last).toMatchObject({ ok: 1, done: true });
    expect(last!['payload'].toString('utf8')).toBe('v=signature');
  });

  it('waits for an empty exchange when the client did not say that it needs none', () => {
    const login = new Login();
    login.send(START);
    login.identified();
    login.send(CONTINUE);
    login.received();
    login.login.admit(ADMISSION, login.out);
    expect(login.received()[0]).toMatchObject({ ok: 1, done: false });
  });

  it('speculates inside hello, with the description of the client as its application', () => {
    const login = new Login();
    const step = login.send({
      hello: 1,
      client: { application: { name: 'reports' }, driver: { name: 'd' } },
      speculativeAuthenticate: { ...START, db: 'admin' },
      $db: 'admin',
    });
    expect(step).toEqual({ kind: 'identify', claim: { user: 'ana', application: 'reports' } });
    login.identified();
    expect(login.received()[0]).toMatchObject({
      ok: 1,
      msg: 'isdbgrid',
      speculativeAuthenticate: { ok: 1, done: false },
    });
    expect(login.send(CONTINUE)).toMatchObject({ kind: 'proved' });
  });

  it('answers a refusal while speculating with the refusal alone', () => {
    const login = new Login();
    login.send({ hello: 1, speculativeAuthenticate: START, $db: 'admin' });
    login.login.reject(new GatewayError('throttled', 'x', 'too many'), login.out);
    expect(login.received()).toEqual([
      { ok: 0, errmsg: 'gatehouse: too many', code: 18, codeName: 'AuthenticationFailed' },
    ]);
  });

  it('fails for a wrong proof, and each exchange takes one proof only', () => {
    const login = new Login();
    login.send(START);
    login.identified(fakeCredentials(false));
    login.received();
    expect(login.send(CONTINUE)).toEqual({ kind: 'failed', method: 'SCRAM-SHA-256' });
    expect(login.send(CONTINUE)).toEqual({ kind: 'more' });
    expect(login.received()[0]).toMatchObject({ ok: 0, code: 18 });
  });

  it.each([
    ['an authorization identity', 'n,a=root,n=ana,r=x'],
    ['a channel binding', 'p=tls-server-end-point,,n=ana,r=x'],
    ['no name', 'n,,n=,r=x'],
    ['a wrong escape', 'n,,n=a=2Zb,r=x'],
    ['nothing', ''],
  ])('refuses a first message with %s', (_name, first) => {
    const login = new Login();
    expect(login.send({ ...START, payload: Buffer.from(first) })).toEqual({ kind: 'more' });
    expect(login.received()[0]).toMatchObject({ ok: 0, code: 18 });
  });

  it('reads escapes in the name', () => {
    expect(new Login().send({ ...START, payload: Buffer.from('n,,n=a=2Cb=3Dc~shop,r=x') })).toMatchObject({
      claim: { user: 'a,b=c~shop' },
    });
  });

  it.each(['SCRAM-SHA-1', 'GSSAPI', 'MONGODB-X509', 'MONGODB-OIDC', 5])(
    'refuses mechanism %s and goes on waiting',
    (mechanism) => {
      const login = new Login();
      expect(login.send({ ...START, mechanism })).toEqual({ kind: 'more' });
      expect(login.received()[0]).toMatchObject({ ok: 0, code: 18 });
      expect(login.send(START)).toMatchObject({ kind: 'identify' });
    },
  );
});

describe('PLAIN', () => {
  const plain = (payload: string) => ({
    saslStart: 1,
    mechanism: 'PLAIN',
    payload: Buffer.from(payload),
    $db: '$external',
  });

  it('is refused without TLS', () => {
    const login = new Login();
    expect(login.send(plain('\0ana\0token'))).toEqual({ kind: 'more' });
    expect(login.received()[0]).toMatchObject({ ok: 0, code: 18 });
  });

  it('proves a secret over TLS in one step', () => {
    const login = new Login().secured();
    expect(login.send(plain('\0ana\0token'))).toEqual({ kind: 'identify', claim: { user: 'ana' } });
    expect(login.identified()).toEqual({ kind: 'proved', tokenId: 't1', method: 'PLAIN' });
    login.login.admit(ADMISSION, login.out);
    expect(login.received()[0]).toMatchObject({ ok: 1, done: true });
  });

  it.each(['root\0ana\0token', '\0\0token', 'token', '\0ana\0to\0ken'])(
    'refuses the message %j',
    (payload) => {
      const login = new Login().secured();
      expect(login.send(plain(payload))).toEqual({ kind: 'more' });
      expect(login.received()[0]).toMatchObject({ ok: 0, code: 18 });
    },
  );
});

describe('a client that has not logged in', () => {
  it.each(['find', 'ping', 'listDatabases', 'saslMade'])('is told to log in when it sends %s', (name) => {
    const login = new Login();
    expect(login.send({ [name]: 1, $db: 'admin' })).toEqual({ kind: 'more' });
    expect(login.received()[0]).toMatchObject({ ok: 0, code: 13 });
  });

  it('gets only hello where TLS is required', () => {
    const login = new Login({ tlsRequired: true });
    login.send({ hello: 1, speculativeAuthenticate: START, $db: 'admin' });
    expect(login.received()[0]).not.toHaveProperty('speculativeAuthenticate');
    expect(login.send(START)).toEqual({ kind: 'more' });
    expect(login.received()[0]).toMatchObject({ ok: 0, code: 18 });
  });

  it('may begin with TLS', () => {
    const login = new Login();
    expect(login.bytes(Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05]))).toMatchObject({
      kind: 'start-tls',
      early: 'keep',
    });
    expect(login.session.clientCodec.drain()).toEqual(Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05]));
  });

  it('cannot make the gateway wait for a large message', () => {
    const header = Buffer.alloc(16);
    header.writeInt32LE(MAX_LOGIN_BYTES + 1, 0);
    header.writeInt32LE(2013, 12);
    const { clientCodec } = new Login().session;
    clientCodec.push(header);
    expect(() => clientCodec.next()).toThrow('frame-too-large');
    expect(() => clientCodec.next()).toThrow('codec-unusable');
  });

  it('is cut off for a request without a reply and for a compressed one', () => {
    const silent = commandMessage(1, { ping: 1, $db: 'admin' });
    silent.writeUInt32LE(2, 16);
    expect(() => new Login().bytes(silent)).toThrow('malformed');
    const compressed = commandMessage(1, { ping: 1, $db: 'admin' });
    compressed.writeInt32LE(2012, 12);
    expect(() => new Login().bytes(compressed)).toThrow('malformed');
  });
});
