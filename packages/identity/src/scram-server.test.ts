import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { createScramClient, scramKeysOf } from './scram-client.ts';
import { createScramServer, type ScramMechanism } from './scram-server.ts';
import { createVerifiers } from './secret-verifiers.ts';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const iterations = 4096;
const verifiers = [
  createVerifiers('old', 'eraser', { salt, iterations }),
  createVerifiers('new', 'pencil', { salt, iterations }),
];
const binding = createHash('sha256').update('certificate').digest();

/** The exchange of RFC 7677 section 3. */
const RFC = {
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};

function rfcServer(options: { plusOffered?: boolean; mechanism?: ScramMechanism } = {}) {
  return createScramServer(
    { mechanism: options.mechanism ?? 'SCRAM-SHA-256', plusOffered: options.plusOffered ?? false },
    { salt, iterations, verifiers, nonce: () => RFC.serverNonce },
  );
}

function exchange(
  password: string,
  mechanism: ScramMechanism,
  options: { server?: Buffer; client?: Buffer; plusOffered?: boolean } = {},
) {
  const server = createScramServer(
    {
      mechanism,
      plusOffered: options.plusOffered ?? mechanism === 'SCRAM-SHA-256-PLUS',
      ...(options.server === undefined ? {} : { channelBinding: options.server }),
    },
    { salt, iterations, verifiers },
  );
  const client = createScramClient(
    { mechanism, ...(options.client === undefined ? {} : { channelBinding: options.client }) },
    { user: 'a=b,c', keys: scramKeysOf(password) },
  );
  const serverFirst = server.first(client.first());
  if (serverFirst === null) return { result: null, client };
  return { result: server.final(client.final(serverFirst)), client };
}

describe('createScramServer', () => {
  it('answers the exchange of RFC 7677 as printed there', () => {
    const server = rfcServer();
    expect(server.first(RFC.clientFirst)).toBe(RFC.serverFirst);
    expect(server.final(RFC.clientFinal)).toEqual({ ok: true, tokenId: 'new', serverFinal: RFC.serverFinal });
  });

  it('finds out which of several tokens was used', () => {
    for (const [secret, tokenId] of [
      ['pencil', 'new'],
      ['eraser', 'old'],
    ] as const) {
      const { result, client } = exchange(secret, 'SCRAM-SHA-256');
      expect(result).toMatchObject({ ok: true, tokenId });
      expect(client.verify(result?.ok ? result.serverFinal : '')).toBe(true);
    }
  });

  it('binds the channel with -PLUS and refuses another certificate', () => {
    const good = exchange('pencil', 'SCRAM-SHA-256-PLUS', { server: binding, client: binding });
    expect(good.result).toMatchObject({ ok: true, tokenId: 'new' });
    const other = exchange('pencil', 'SCRAM-SHA-256-PLUS', { server: binding, client: randomBytes(32) });
    expect(other.result).toEqual({ ok: false });
  });

  it('refuses a client that could bind when -PLUS was offered to it', () => {
    expect(exchange('pencil', 'SCRAM-SHA-256', { client: binding, plusOffered: true }).result).toBeNull();
    expect(exchange('pencil', 'SCRAM-SHA-256', { client: binding, plusOffered: false }).result).toMatchObject(
      {
        ok: true,
      },
    );
    expect(exchange('pencil', 'SCRAM-SHA-256', { plusOffered: true }).result).toMatchObject({ ok: true });
  });

  it('refuses -PLUS when there is nothing to bind to', () => {
    expect(exchange('pencil', 'SCRAM-SHA-256-PLUS', { client: binding }).result).toBeNull();
  });

  it.each([
    ['another type of binding', 'p=tls-unique,,n=user,r=abc', 'SCRAM-SHA-256-PLUS'],
    ['no binding with -PLUS', 'n,,n=user,r=abc', 'SCRAM-SHA-256-PLUS'],
    ['binding without -PLUS', 'p=tls-server-end-point,,n=user,r=abc', 'SCRAM-SHA-256'],
    ['an authorization identity', 'n,a=root,n=user,r=abc', 'SCRAM-SHA-256'],
    ['an empty authorization identity', 'n,a=,n=user,r=abc', 'SCRAM-SHA-256'],
    ['a mandatory extension', 'n,,m=x,n=user,r=abc', 'SCRAM-SHA-256'],
    ['a mandatory extension at the end', 'n,,n=user,r=abc,m=x', 'SCRAM-SHA-256'],
    ['a name with a bad escape', 'n,,n=us=er,r=abc', 'SCRAM-SHA-256'],
    ['a name with a NUL', 'n,,n=us\0er,r=abc', 'SCRAM-SHA-256'],
    ['no nonce', 'n,,n=user', 'SCRAM-SHA-256'],
    ['an empty nonce', 'n,,n=user,r=', 'SCRAM-SHA-256'],
    ['a nonce with a control character', 'n,,n=user,r=a\x01b', 'SCRAM-SHA-256'],
    ['a nonce of 2,000 characters', `n,,n=user,r=${'a'.repeat(2000)}`, 'SCRAM-SHA-256'],
    ['a name of 1 MB', `n,,n=${'a'.repeat(1 << 20)},r=abc`, 'SCRAM-SHA-256'],
    ['attributes in another order', 'n,,r=abc,n=user', 'SCRAM-SHA-256'],
    ['an unknown flag', 'x,,n=user,r=abc', 'SCRAM-SHA-256'],
    ['nothing', '', 'SCRAM-SHA-256'],
  ] as const)('refuses %s in the first message', (_what, text, mechanism) => {
    const server = createScramServer(
      { mechanism, plusOffered: mechanism === 'SCRAM-SHA-256-PLUS', channelBinding: binding },
      { salt, iterations, verifiers },
    );
    expect(server.first(text)).toBeNull();
    expect(server.final(RFC.clientFinal)).toEqual({ ok: false });
  });

  it('accepts an empty name, because some protocols name the user elsewhere', () => {
    expect(rfcServer().first('n,,n=,r=abc')).toContain('r=abc');
  });

  it.each([
    ['another proof', RFC.clientFinal.replace('p=d', 'p=e')],
    ['a proof that is not canonical base64', RFC.clientFinal.replace('VQ=', 'VR=')],
    ['a short proof', RFC.clientFinal.replace(/p=.*/, 'p=dHzb')],
    ['no proof', RFC.clientFinal.replace(/,p=.*/, '')],
    ['another nonce', RFC.clientFinal.replace('k0,', 'k1,')],
    ['the nonce of the client alone', RFC.clientFinal.replace(RFC.serverNonce, '')],
    ['another header', RFC.clientFinal.replace('biws', 'eSws')],
    ['an appended binding', RFC.clientFinal.replace('biws', 'biwsAAAA')],
    ['a mandatory extension', RFC.clientFinal.replace(',p=', ',m=x,p=')],
    ['an extension that the proof does not cover', RFC.clientFinal.replace(',p=', ',x=y,p=')],
    ['something behind the proof', `${RFC.clientFinal},x=y`],
  ])('refuses %s in the final message', (_what, text) => {
    const server = rfcServer();
    server.first(RFC.clientFirst);
    expect(server.final(text)).toEqual({ ok: false });
  });

  it('is used up after one attempt', () => {
    const server = rfcServer();
    server.first(RFC.clientFirst);
    expect(server.final('c=biws')).toEqual({ ok: false });
    expect(server.final(RFC.clientFinal)).toEqual({ ok: false });
    expect(rfcServer().final(RFC.clientFinal)).toEqual({ ok: false });
    const twice = rfcServer();
    twice.first(RFC.clientFirst);
    expect(twice.first(RFC.clientFirst)).toBeNull();
  });

  it('refuses every changed character of both messages', () => {
    for (let at = 0; at < RFC.clientFinal.length; at++) {
      const server = rfcServer();
      server.first(RFC.clientFirst);
      const changed = RFC.clientFinal[at] === 'A' ? 'B' : 'A';
      const text = RFC.clientFinal.slice(0, at) + changed + RFC.clientFinal.slice(at + 1);
      expect(server.final(text), `position ${at}`).toEqual({ ok: false });
    }
    for (let at = 0; at < RFC.clientFirst.length; at++) {
      const server = rfcServer();
      const changed = RFC.clientFirst[at] === 'A' ? 'B' : 'A';
      server.first(RFC.clientFirst.slice(0, at) + changed + RFC.clientFirst.slice(at + 1));
      expect(server.final(RFC.clientFinal), `position ${at}`).toEqual({ ok: false });
    }
  });

  it('lets a name without tokens fail only at the end', () => {
    const server = createScramServer(
      { mechanism: 'SCRAM-SHA-256', plusOffered: false },
      { salt, iterations, verifiers: [], nonce: () => RFC.serverNonce },
    );
    expect(server.first(RFC.clientFirst)).toBe(RFC.serverFirst);
    expect(server.final(RFC.clientFinal)).toEqual({ ok: false });
  });

  it('never accepts a proof against the filler, whatever its bytes', () => {
    const filler = { tokenId: 'none', storedKey: Buffer.alloc(0), serverKey: Buffer.alloc(32) };
    const server = createScramServer(
      { mechanism: 'SCRAM-SHA-256', plusOffered: false },
      { salt, iterations, verifiers: [filler], nonce: () => RFC.serverNonce },
    );
    server.first(RFC.clientFirst);
    expect(server.final(RFC.clientFinal)).toEqual({ ok: false });
  });
});

interface PgSession {
  readonly response: string;
}
interface PgSasl {
  startSession(mechanisms: readonly string[], stream?: unknown): PgSession;
  continueSession(session: PgSession, password: string, serverFirst: string): Promise<void>;
  finalizeSession(session: PgSession, serverFinal: string): void;
}
const pg: PgSasl = createRequire(import.meta.url)('pg/lib/crypto/sasl.js');

describe('createScramServer with the client of node-postgres', () => {
  it('proves a token and is proved to the client', async () => {
    const server = createScramServer(
      { mechanism: 'SCRAM-SHA-256', plusOffered: false },
      { salt, iterations, verifiers },
    );
    const session = pg.startSession(['SCRAM-SHA-256']);
    await pg.continueSession(session, 'pencil', server.first(session.response) ?? '');
    const result = server.final(session.response);
    expect(result).toMatchObject({ ok: true, tokenId: 'new' });
    expect(() => pg.finalizeSession(session, result.ok ? result.serverFinal : '')).not.toThrow();
  });

  it('refuses a wrong password', async () => {
    const server = createScramServer(
      { mechanism: 'SCRAM-SHA-256', plusOffered: false },
      { salt, iterations, verifiers },
    );
    const session = pg.startSession(['SCRAM-SHA-256']);
    await pg.continueSession(session, 'pen', server.first(session.response) ?? '');
    expect(server.final(session.response)).toEqual({ ok: false });
  });
});
