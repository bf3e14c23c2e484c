import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import type { SessionServices, UpstreamStep, UpstreamTarget } from '@gatehouse/adapter';
import { DEFAULT_FRAME_LIMITS } from '@gatehouse/wire';
import { describe, expect, it } from 'vitest';
import { encodePacket } from '../codec/packet.ts';
import { PacketCodec } from '../codec/packet-codec.ts';
import { encodeAuthSwitchRequest } from '../messages/auth-switch-request.ts';
import { CAPABILITY, MARIADB_CAPABILITY } from '../messages/capability-flags.ts';
import { decodeHandshakeResponse41 } from '../messages/handshake-response-41.ts';
import { encodeHandshakeV10 } from '../messages/handshake-v10.ts';
import { DEFAULT_MYSQL_OPTIONS } from '../mysql-options.ts';
import { createSessionState, type SessionState } from '../session-state.ts';
import { columnPacket, err, OK, textResult, textRow } from '../testing/packets.ts';
import { packetsIn } from '../testing/scripted-relay.ts';
import { negotiate } from './negotiated.ts';
import { scrambleSha1, scrambleSha256 } from './scramble.ts';
import { createUpstreamLogin } from './upstream-login.ts';

const NONCE = Buffer.from('abcdefghijklmnopqrst');
const SERVER_FLAGS =
  CAPABILITY.protocol41 |
  CAPABILITY.ssl |
  CAPABILITY.pluginAuth |
  CAPABILITY.deprecateEof |
  CAPABILITY.multiResults |
  CAPABILITY.compress;

/** A server that the login speaks to. */
class Server {
  readonly state: SessionState;
  readonly #login;
  readonly #codec = new PacketCodec(DEFAULT_FRAME_LIMITS);
  #out: Buffer[] = [];
  #sequence = 0;

  constructor(
    given: {
      readonly tls?: UpstreamTarget['tls'];
      readonly flags?: number;
      readonly mariadbFlags?: number;
      readonly password?: string;
    } = {},
  ) {
    this.state = createSessionState(
      { limits: DEFAULT_FRAME_LIMITS } as SessionServices,
      DEFAULT_MYSQL_OPTIONS,
    );
    this.state.negotiated = negotiate(
      given.flags ?? CAPABILITY.deprecateEof,
      given.mariadbFlags ?? 0,
      1 << 24,
      33,
    );
    this.#login = createUpstreamLogin(this.state, {
      database: 'shop',
      tls: given.tls ?? 'disable',
      credential: {
        user: 'app',
        password: () => given.password ?? 'pw',
        scram: () => {
          throw new Error('not used by this dialect');
        },
      },
    });
    expect(this.#login.start(this)).toEqual({ kind: 'more' });
  }

  upstream(bytes: Buffer): void {
    this.#out.push(bytes);
  }

  says(payload: Buffer, sequence = this.#sequence): UpstreamStep {
    this.#codec.push(encodePacket(sequence, payload));
    this.#codec.next();
    this.#sequence = sequence + 2;
    return this.#login.receive(this.#codec.frame, this);
  }

  greets(
    plugin = 'caching_sha2_password',
    capabilities = SERVER_FLAGS,
    mariadbCapabilities = 0,
  ): UpstreamStep {
    return this.says(
      encodeHandshakeV10({
        serverVersion: '8.4.0',
        threadId: 5,
        nonce: NONCE,
        capabilities,
        mariadbCapabilities,
        collation: 45,
        status: 2,
        authPlugin: plugin,
      }),
      0,
    );
  }

  secured(): UpstreamStep {
    return this.#login.secured(Buffer.alloc(0), this);
  }

  heard(): [number, Buffer][] {
    const packets = packetsIn(Buffer.concat(this.#out));
    this.#out = [];
    return packets;
  }

  /** The answer to the gateway's own question, with CLIENT_DEPRECATE_EOF. */
  pins(sqlMode: string, characterSet = 'utf8mb4'): UpstreamStep {
    const result = textResult(
      Array.from({ length: 5 }, () => columnPacket()),
      [textRow('4711', 'shop', sqlMode, characterSet, characterSet)],
    ).filter((_packet, i) => i !== 6);
    const end = Buffer.from([0xfe, 0, 0, 2, 0, 0, 0]);
    let step: UpstreamStep = { kind: 'more' };
    for (const [i, packet] of [...result.slice(0, -1), end].entries()) step = this.says(packet, i + 1);
    return step;
  }
}

describe('upstream login', () => {
  it("opens the upstream with the client's choice and without compression", () => {
    const server = new Server();
    server.greets();
    const [[sequence, payload]] = server.heard() as [[number, Buffer]];
    const response = decodeHandshakeResponse41(payload, 0xffff_ffff, 0xff);
    expect(sequence).toBe(1);
    expect(response).toMatchObject({
      user: 'app',
      database: 'shop',
      collation: 33,
      authPlugin: 'caching_sha2_password',
    });
    expect(response.authResponse).toEqual(scrambleSha256('pw', NONCE));
    expect(
      response.capabilities & (CAPABILITY.deprecateEof | CAPABILITY.compress | CAPABILITY.multiStatements),
    ).toBe(CAPABILITY.deprecateEof);
  });

  it("asks for MariaDB's formats of columns when the client knows them, and refuses a server that no longer has them", () => {
    const mariadbFlags = MARIADB_CAPABILITY.extendedMetadata;
    const server = new Server({ mariadbFlags });
    server.greets('mysql_native_password', SERVER_FLAGS & ~CAPABILITY.longPassword, 0xff);
    const response = decodeHandshakeResponse41(server.heard()[0]![1], 0xffff_ffff, 0xff);
    expect([response.capabilities & CAPABILITY.longPassword, response.mariadbCapabilities]).toEqual([
      0,
      mariadbFlags,
    ]);
    for (const [flags, mariadb] of [
      [SERVER_FLAGS & ~CAPABILITY.longPassword, 0],
      [SERVER_FLAGS | CAPABILITY.longPassword, 0xff],
    ] as const)
      expect(new Server({ mariadbFlags }).greets('mysql_native_password', flags, mariadb).kind).toBe(
        'failed',
      );
  });

  it('is ready after the fast path and the pins', () => {
    const server = new Server();
    server.greets();
    expect(server.says(Buffer.of(1, 3))).toEqual({ kind: 'more' });
    expect(server.says(OK)).toEqual({ kind: 'more' });
    expect(server.heard().at(-1)![1].toString()).toContain('@@session.sql_mode');
    expect(server.pins('STRICT_TRANS_TABLES')).toEqual({ kind: 'ready' });
    expect(server.state).toMatchObject({
      upstreamThreadId: 4711,
      database: 'shop',
      clientCharacterSet: 'utf8mb4',
    });
  });

  it('sends the password over TLS for full authentication, and never in plain text', () => {
    const secure = new Server({ tls: 'require' });
    expect(secure.greets()).toEqual({ kind: 'start-tls' });
    expect(secure.heard()[0]![1]).toHaveLength(32);
    secure.secured();
    secure.heard();
    secure.says(Buffer.of(1, 4));
    expect(secure.heard()[0]![1]).toEqual(Buffer.from('pw\0'));

    const plain = new Server();
    plain.greets();
    plain.heard();
    plain.says(Buffer.of(1, 4));
    expect(plain.heard()[0]![1]).toEqual(Buffer.of(2));
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    plain.says(Buffer.concat([Buffer.of(1), Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }))]));
    const sealed = plain.heard()[0]![1];
    const opened = privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, sealed);
    expect(Buffer.from(opened.map((byte, i) => byte ^ NONCE[i % 20]!)).toString()).toBe('pw\0');
  });

  it.each([
    ['mysql_native_password', scrambleSha1('pw', NONCE)],
    ['caching_sha2_password', scrambleSha256('pw', NONCE)],
    ['sha256_password', Buffer.of(1)],
  ])('follows a switch to %s', (plugin, expected) => {
    const server = new Server();
    server.greets('something_else');
    server.heard();
    expect(server.says(encodeAuthSwitchRequest({ plugin, nonce: NONCE }))).toEqual({ kind: 'more' });
    expect(server.heard()[0]![1]).toEqual(expected);
  });

  it.each(['mysql_clear_password', 'client_ed25519', 'dialog'])(
    'refuses a switch to %s without TLS',
    (plugin) => {
      const server = new Server();
      server.greets();
      expect(server.says(encodeAuthSwitchRequest({ plugin, nonce: NONCE }))).toMatchObject({
        kind: 'failed',
      });
    },
  );

  it('refuses a server without TLS where TLS is wanted, and one that lacks what the client was promised', () => {
    expect(new Server({ tls: 'require' }).greets('x', SERVER_FLAGS & ~CAPABILITY.ssl).kind).toBe('failed');
    expect(new Server().greets('x', SERVER_FLAGS & ~CAPABILITY.deprecateEof).kind).toBe('failed');
  });

  it("tells the client neither the account nor the server's words", () => {
    const server = new Server();
    server.greets();
    const step = server.says(err(1045, "Access denied for user 'app'@'10.0.0.1'"));
    expect(step).toMatchObject({
      kind: 'failed',
      error: { code: 'upstream-login-failed', kind: 'unavailable' },
    });
    expect(step.kind === 'failed' && /app|10\.0/.test(step.error.message)).toBe(false);
    const full = new Server();
    expect(full.says(err(1040, 'Too many connections'), 0)).toMatchObject({ error: { kind: 'overloaded' } });
  });

  it('removes every mode that changes the meaning of a text, and unreadable character sets', () => {
    const server = new Server();
    server.greets();
    server.says(OK);
    server.heard();
    expect(server.pins('ANSI_QUOTES,STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,ORACLE', 'gbk')).toEqual({
      kind: 'more',
    });
    const repair = server.heard()[0]![1].toString('utf8', 1);
    expect(repair).toBe(
      "set session sql_mode = 'STRICT_ALL_TABLES', session character_set_client = utf8mb3, session character_set_results = utf8mb3, session character_set_connection = utf8mb3",
    );
    server.says(OK, 1);
    expect(server.pins('STRICT_ALL_TABLES')).toEqual({ kind: 'ready' });
  });

  it('refuses a server that keeps such a mode, or names one that could be an injection', () => {
    const stubborn = new Server();
    stubborn.greets();
    stubborn.says(OK);
    stubborn.pins('ANSI_QUOTES');
    stubborn.says(OK, 1);
    expect(stubborn.pins('ANSI_QUOTES')).toMatchObject({
      kind: 'failed',
      error: { code: 'upstream-pins-failed' },
    });
    const hostile = new Server();
    hostile.greets();
    hostile.says(OK);
    expect(() => hostile.pins("ANSI_QUOTES,x'; drop table t")).toThrow(/SQL mode/);
  });
});
