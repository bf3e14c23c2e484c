import { createHash } from 'node:crypto';
import type { Admission, ClientLogin, Credentials, LoginStep, SessionServices } from '@gatehouse/adapter';
import { ERROR_KINDS, GatewayError } from '@gatehouse/model';
import { DEFAULT_FRAME_LIMITS, WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePacket } from '../codec/packet.ts';
import { PacketCodec } from '../codec/packet-codec.ts';
import { CAPABILITY, MARIADB_CAPABILITY } from '../messages/capability-flags.ts';
import { COMMAND } from '../messages/command.ts';
import { encodeHandshakeResponse41 } from '../messages/handshake-response-41.ts';
import { decodeHandshakeV10, type HandshakeV10 } from '../messages/handshake-v10.ts';
import { encodeSslRequest } from '../messages/ssl-request.ts';
import { DEFAULT_MYSQL_OPTIONS } from '../mysql-options.ts';
import { createSessionState, type SessionState } from '../session-state.ts';
import { packetsIn } from '../testing/scripted-relay.ts';
import { createClientLogin } from './client-login.ts';
import { scrambleSha1, scrambleSha256 } from './scramble.ts';

const TLS = { serverEndPoint: Buffer.alloc(32), alpn: null, serverName: null };

/** Checks as the gateway does, for the secret `token`; also accepts the clear secret `jwt`. */
const CREDENTIALS: Credentials = {
  scram: () => {
    throw new Error('not used by this dialect');
  },
  secret: (secret) => (secret === 'token' || secret === 'jwt' ? { ok: true, tokenId: 't1' } : { ok: false }),
  sha256Scramble: (scramble, nonce) =>
    scramble.equals(scrambleSha256('token', nonce)) ? { ok: true, tokenId: 't1' } : { ok: false },
  sha1Scramble: (scramble, nonce) =>
    scramble.equals(scrambleSha1('token', nonce)) ? { ok: true, tokenId: 't1' } : { ok: false },
};

interface Given extends Partial<SessionServices> {
  readonly nativePassword?: boolean;
}

/** A client that speaks to the login as the gateway hands its frames over. */
class Client {
  readonly state: SessionState;
  readonly login: ClientLogin;
  readonly greeting: HandshakeV10;
  readonly #codec = new PacketCodec(DEFAULT_FRAME_LIMITS);
  #sequence = 0;
  #out: Buffer[] = [];

  constructor({ nativePassword, ...given }: Given = {}) {
    const services: SessionServices = {
      limits: DEFAULT_FRAME_LIMITS,
      tlsAvailable: true,
      tlsRequired: false,
      serverFacts: { version: '10.11.19-MariaDB', details: {} },
      advertisedAddress: 'localhost:3306',
      sessionNumber: 77,
      maskingKey: Buffer.alloc(32, 1),
      options: {},
      randomBytes: (count) => createHash('sha256').update('seed').digest().subarray(0, count),
      ...given,
    };
    this.state = createSessionState(services, {
      ...DEFAULT_MYSQL_OPTIONS,
      ...(nativePassword === undefined ? {} : { nativePassword }),
    });
    this.login = createClientLogin(this.state, 'greeting');
    this.login.greet(this);
    const [sequence, payload] = this.packets()[0]!;
    expect(sequence).toBe(0);
    this.greeting = decodeHandshakeV10(payload);
  }

  client(bytes: Buffer): void {
    this.#out.push(bytes);
  }

  packets(): [number, Buffer][] {
    const packets = packetsIn(Buffer.concat(this.#out));
    this.#out = [];
    if (packets.length > 0) this.#sequence = packets.at(-1)![0] + 1;
    return packets;
  }

  send(payload: Buffer, login = this.login): LoginStep {
    this.#codec.push(encodePacket(this.#sequence, payload));
    this.#codec.next();
    this.#sequence += 1;
    return login.receive(this.#codec.frame, this);
  }

  restartSequence(): void {
    this.#sequence = 0;
  }

  startTls(): void {
    expect(this.send(encodeSslRequest(CAPABILITY.ssl | CAPABILITY.protocol41, 0, 1 << 24, 45))).toEqual({
      kind: 'start-tls',
      reply: Buffer.alloc(0),
      early: 'keep',
    });
    this.login.secured(TLS);
  }

  respond(
    plugin: string,
    authResponse: Buffer,
    more: { readonly flags?: number; readonly mariadbFlags?: number; readonly collation?: number } = {},
  ) {
    return this.send(
      encodeHandshakeResponse41({
        capabilities: CAPABILITY.protocol41 | CAPABILITY.secureConnection | (more.flags ?? 0),
        mariadbCapabilities: more.mariadbFlags ?? 0,
        maxPacketBytes: 1 << 24,
        collation: more.collation ?? 45,
        user: 'ann~billing',
        authResponse,
        database: 'shop',
        authPlugin: plugin,
      }),
    );
  }
}

describe('greeting', () => {
  it("shows the upstream's version, the gateway's number and a nonce without NUL", () => {
    const { greeting } = new Client();
    expect(greeting).toMatchObject({
      serverVersion: '5.5.5-10.11.19-MariaDB',
      threadId: 77,
      authPlugin: 'caching_sha2_password',
    });
    expect(greeting.nonce).toHaveLength(20);
    expect(greeting.nonce.every((byte) => byte >= 0x21 && byte <= 0x7e)).toBe(true);
  });

  it("offers MariaDB's formats of columns where the upstream has them, and nothing else of MariaDB's own", () => {
    const offered = (version: string) => {
      const { capabilities, mariadbCapabilities } = new Client({
        serverFacts: { version, details: {} },
      }).greeting;
      return [capabilities & CAPABILITY.longPassword, mariadbCapabilities];
    };
    expect(offered('10.11.19-MariaDB')).toEqual([0, MARIADB_CAPABILITY.extendedMetadata]);
    expect(offered('10.4.1-MariaDB')).toEqual([CAPABILITY.longPassword, 0]);
    expect(offered('8.4.0')).toEqual([CAPABILITY.longPassword, 0]);
  });

  it('takes only those of them that were offered, from clients that say that they know them', () => {
    const chosen = (flags: number, version = '10.11.19-MariaDB') => {
      const client = new Client({ serverFacts: { version, details: {} } });
      client.respond('caching_sha2_password', Buffer.alloc(32), { flags, mariadbFlags: 0xff });
      return client.state.negotiated.mariadbFlags;
    };
    expect(chosen(0)).toBe(MARIADB_CAPABILITY.extendedMetadata);
    expect(chosen(CAPABILITY.longPassword)).toBe(0);
    expect(chosen(0, '8.4.0')).toBe(0);
  });

  it('offers what the upstream can do, and never compression or optional metadata', () => {
    const never =
      CAPABILITY.compress | CAPABILITY.zstd | CAPABILITY.optionalResultsetMetadata | CAPABILITY.noSchema;
    const offered = (version: string | null) =>
      new Client({ serverFacts: version === null ? null : { version, details: {} } }).greeting.capabilities;
    for (const version of [null, '8.4.0', '10.11.19-MariaDB', '5.6.1'])
      expect(offered(version) & never).toBe(0);
    const forms = CAPABILITY.deprecateEof | CAPABILITY.sessionTrack;
    expect(offered('8.4.0') & (forms | CAPABILITY.queryAttributes)).toBe(forms | CAPABILITY.queryAttributes);
    expect(offered('10.11.19-MariaDB') & (forms | CAPABILITY.queryAttributes)).toBe(forms);
    expect(offered('5.6.1') & forms).toBe(0);
    expect(offered(null) & forms).toBe(0);
  });

  it('offers TLS only where there is a certificate', () => {
    expect(new Client({ tlsAvailable: false }).greeting.capabilities & CAPABILITY.ssl).toBe(0);
  });
});

describe('proof', () => {
  it('accepts a stored token by its scramble, with or without TLS', () => {
    for (const tls of [true, false]) {
      const client = new Client();
      if (tls) client.startTls();
      expect(client.respond('caching_sha2_password', scrambleSha256('token', client.greeting.nonce))).toEqual(
        {
          kind: 'identify',
          claim: { user: 'ann~billing', database: 'shop' },
        },
      );
      expect(client.login.identified(CREDENTIALS, client)).toMatchObject({ kind: 'proved', tokenId: 't1' });
      client.login.admit({} as Admission, client);
      expect(client.packets().map(([sequence, payload]) => [sequence, payload[0]])).toEqual([
        [tls ? 3 : 2, 1],
        [tls ? 4 : 3, 0],
      ]);
    }
  });

  it('asks for the secret itself over TLS when the scramble is of something else', () => {
    const client = new Client();
    client.startTls();
    client.respond('caching_sha2_password', scrambleSha256('jwt', client.greeting.nonce));
    expect(client.login.identified(CREDENTIALS, client)).toEqual({ kind: 'more' });
    expect(client.packets()[0]![1]).toEqual(Buffer.of(1, 4));
    expect(client.send(Buffer.from('jwt\0'))).toMatchObject({ kind: 'proved', tokenId: 't1' });
  });

  it('never asks for a secret without TLS', () => {
    const client = new Client();
    client.respond('caching_sha2_password', scrambleSha256('jwt', client.greeting.nonce));
    expect(client.login.identified(CREDENTIALS, client).kind).toBe('failed');
    client.login.reject(new GatewayError('authentication', 'login-failed', 'x'), client);
    const [[, payload]] = client.packets() as [[number, Buffer]];
    expect(payload.readUInt16LE(1)).toBe(1045);
    expect(payload.toString()).toContain('without TLS');
  });

  it.each(['mysql_native_password', 'client_ed25519', 'dialog', 'mysql_clear_password'])(
    'switches a client that begins with %s',
    (plugin) => {
      const client = new Client();
      client.respond(plugin, Buffer.from('x'));
      expect(client.login.identified(CREDENTIALS, client)).toEqual({ kind: 'more' });
      const [[, payload]] = client.packets() as [[number, Buffer]];
      expect(payload.toString('latin1')).toMatch(/^\xfecaching_sha2_password\0/);
      expect(client.send(scrambleSha256('token', client.greeting.nonce)).kind).toBe('proved');
    },
  );

  it('accepts mysql_native_password only where it is configured', () => {
    const client = new Client({ nativePassword: true });
    client.respond('mysql_native_password', scrambleSha1('token', client.greeting.nonce));
    expect(client.login.identified(CREDENTIALS, client)).toMatchObject({
      kind: 'proved',
      method: 'mysql_native_password',
    });
  });

  it('accepts a clear-text password over TLS', () => {
    const client = new Client();
    client.startTls();
    client.respond('mysql_clear_password', Buffer.from('jwt\0'));
    expect(client.login.identified(CREDENTIALS, client)).toMatchObject({
      kind: 'proved',
      method: 'mysql_clear_password',
    });
  });

  it.each([0, 1, 31, 33])('fails for a scramble of %i bytes without checking it', (size) => {
    const client = new Client();
    client.respond('caching_sha2_password', Buffer.alloc(size));
    expect(client.login.identified(CREDENTIALS, client).kind).toBe('failed');
  });

  it('fails for an empty secret', () => {
    const client = new Client();
    client.startTls();
    client.respond('caching_sha2_password', Buffer.alloc(32));
    client.login.identified(CREDENTIALS, client);
    client.packets();
    expect(client.send(Buffer.of(0)).kind).toBe('failed');
  });
});

describe('refusals', () => {
  it('refuses a login without TLS where TLS is required', () => {
    const client = new Client({ tlsRequired: true });
    const step = client.respond('caching_sha2_password', Buffer.alloc(32));
    expect(step).toMatchObject({ kind: 'violation', code: 'tls-required' });
    client.login.reject(new GatewayError('protocol', 'tls-required', 'x'), client);
    expect(client.packets()[0]![1].readUInt16LE(1)).toBe(3159);
  });

  it('refuses TLS that was not offered, and a second time inside TLS', () => {
    const plain = new Client({ tlsAvailable: false });
    expect(plain.send(encodeSslRequest(CAPABILITY.ssl, 0, 1, 45)).kind).toBe('violation');
    const secured = new Client();
    secured.startTls();
    expect(secured.send(encodeSslRequest(CAPABILITY.ssl, 0, 1, 45)).kind).toBe('violation');
  });

  it('refuses character sets in which half a character may be a quote', () => {
    for (const gbk of [28, 13, 1, 84, 95, 248])
      expect(
        new Client().respond('caching_sha2_password', Buffer.alloc(32), { collation: gbk }),
      ).toMatchObject({
        kind: 'violation',
        code: 'character-set-unsupported',
      });
  });

  it('refuses packets out of order and packets nobody waits for', () => {
    const client = new Client();
    client.restartSequence();
    expect(client.respond('caching_sha2_password', Buffer.alloc(32))).toMatchObject({
      code: 'packet-out-of-order',
    });
    const early = new Client();
    early.respond('caching_sha2_password', Buffer.alloc(32));
    expect(early.send(Buffer.from('x'))).toMatchObject({ kind: 'violation' });
  });

  it('words every kind of error as one ERR packet', () => {
    for (const kind of ERROR_KINDS) {
      const client = new Client();
      client.login.reject(new GatewayError(kind, 'x', 'y'), client);
      const [[sequence, payload]] = client.packets() as [[number, Buffer]];
      expect([sequence, payload[0]]).toEqual([1, 0xff]);
    }
  });

  it('throws nothing but WireError for any first packet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new Client().send(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });
});

describe('COM_CHANGE_USER', () => {
  it('begins a login with a fresh nonce and keeps the capabilities', () => {
    const client = new Client();
    client.respond('caching_sha2_password', scrambleSha256('token', client.greeting.nonce), {
      flags: CAPABILITY.multiStatements,
    });
    const flags = client.state.negotiated.flags;
    const again = createClientLogin(client.state, 'change-user');
    client.packets();
    client.restartSequence();
    const command = Buffer.concat([
      Buffer.of(COMMAND.changeUser),
      Buffer.from('bob\0'),
      Buffer.of(0),
      Buffer.from('other\0'),
      Buffer.of(45, 0),
    ]);
    expect(client.send(command, again)).toEqual({
      kind: 'identify',
      claim: { user: 'bob', database: 'other' },
    });
    expect(again.identified(CREDENTIALS, client)).toEqual({ kind: 'more' });
    const [[sequence, payload]] = client.packets() as [[number, Buffer]];
    expect(sequence).toBe(1);
    const nonce = payload.subarray(-21, -1);
    expect(client.send(scrambleSha256('token', nonce), again)).toMatchObject({
      kind: 'proved',
      tokenId: 't1',
    });
    expect(client.state.negotiated.flags).toBe(flags);
  });
});
