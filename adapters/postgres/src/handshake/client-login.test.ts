import type { LoginStep, SessionServices } from '@gatehouse/adapter';
import { fakeCredentials } from '@gatehouse/adapter/testkit';
import { ERROR_KINDS, GatewayError } from '@gatehouse/model';
import { DEFAULT_FRAME_LIMITS, WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageCodec } from '../codec/message-codec.ts';
import { createSessionState } from '../session-state.ts';
import {
  password,
  query,
  saslInitial,
  saslResponse,
  startup,
  startupRequest,
} from '../testing/frontend-messages.ts';
import { PostgresClientLogin } from './client-login.ts';

const SSL = startupRequest(80877103);
const GSS = startupRequest(80877104);

/** One login, with the gateway's part of it: credentials are there at once. */
class Door {
  readonly state = createSessionState();
  readonly codec = new MessageCodec(DEFAULT_FRAME_LIMITS, 'startup', () => false);
  readonly login: PostgresClientLogin;
  readonly steps: LoginStep[] = [];
  readonly #good: boolean;
  #sent: Buffer[] = [];

  constructor(services: Partial<SessionServices> = {}, good = true) {
    this.#good = good;
    this.login = new PostgresClientLogin(
      {
        limits: DEFAULT_FRAME_LIMITS,
        tlsAvailable: false,
        tlsRequired: false,
        serverFacts: null,
        advertisedAddress: '',
        sessionNumber: 1,
        maskingKey: Buffer.alloc(32),
        options: {},
        randomBytes: (count) => Buffer.alloc(count),
        ...services,
      },
      this.codec,
      this.state,
    );
  }

  send(...messages: readonly Buffer[]): LoginStep {
    this.codec.push(Buffer.concat(messages));
    while (this.codec.next()) {
      const step = this.login.receive(this.codec.frame, this);
      this.steps.push(step);
      if (step.kind === 'identify') this.steps.push(this.login.identified(fakeCredentials(this.#good), this));
      if (step.kind !== 'more' && step.kind !== 'identify') break;
    }
    return this.steps.at(-1)!;
  }

  client(bytes: Buffer): void {
    this.#sent.push(bytes);
  }

  taken(): Buffer {
    const bytes = Buffer.concat(this.#sent);
    this.#sent = [];
    return bytes;
  }

  admit(): Buffer {
    const principal = { kind: 'human', name: 'ana', groups: [], claims: {} } as const;
    this.state.parameterStatus.set('server_version', '18.0');
    this.login.admit({ principal, cancelKey: { id: 77, secret: Buffer.alloc(32, 9) } }, this);
    return this.taken();
  }
}

const tls = { serverEndPoint: Buffer.alloc(32, 5), alpn: null, serverName: null };

describe('a login with SCRAM', () => {
  it('is proved, and ends with what the upstream said of itself and a key of four bytes', () => {
    const door = new Door();
    door.send(startup({ user: 'ana', database: 'shop', application_name: 'psql' }));
    expect(door.steps[0]).toEqual({
      kind: 'identify',
      claim: { user: 'ana', database: 'shop', application: 'psql' },
    });
    expect(door.taken().toString('latin1')).toBe('R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0');
    door.send(saslInitial('SCRAM-SHA-256', 'n,,n=,r=x'));
    expect(door.taken().toString('latin1')).toContain('\0\0\0\x0br=nonce');
    expect(door.send(saslResponse('c=biws,r=x,p=y'))).toEqual({
      kind: 'proved',
      tokenId: 't1',
      method: 'SCRAM-SHA-256',
    });
    expect(door.taken()).toHaveLength(0);
    const welcome = door.admit().toString('latin1');
    const begin = 'R\0\0\0\x13\0\0\0\x0cv=signatureR\0\0\0\x08\0\0\0\0S';
    expect(welcome.slice(0, begin.length)).toBe(begin);
    expect(welcome).toContain('K\0\0\0\x0c\0\0\0\x4d\x09\x09\x09\x09Z');
  });

  it('gives protocol 3.2 a key of 32 bytes', () => {
    const door = new Door();
    door.send(startup({ user: 'ana' }, 0x0003_0002), saslInitial('SCRAM-SHA-256', 'n,,'), saslResponse('x'));
    door.taken();
    expect(door.admit().toString('latin1')).toContain(`K\0\0\0\x28\0\0\0\x4d${'\x09'.repeat(32)}Z`);
  });

  it('fails with a wrong proof', () => {
    const door = new Door({}, false);
    expect(
      door.send(startup({ user: 'ana' }), saslInitial('SCRAM-SHA-256', 'n,,'), saslResponse('x')).kind,
    ).toBe('failed');
  });

  it('offers channel binding inside TLS only', () => {
    const door = new Door({ tlsAvailable: true });
    door.login.secured(tls);
    door.send(startup({ user: 'ana' }));
    expect(door.taken().toString('latin1')).toContain('SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0');
    const plain = new Door();
    plain.send(startup({ user: 'ana' }));
    expect(() => plain.send(saslInitial('SCRAM-SHA-256-PLUS', 'p=tls-server-end-point,,'))).toThrow(
      WireError,
    );
  });
});

describe('a login in clear text', () => {
  const options = { auth: 'cleartext' };

  it('takes a secret of 6000 bytes inside TLS', () => {
    const door = new Door({ options, tlsAvailable: true });
    door.login.secured(tls);
    door.send(startup({ user: 'ana' }));
    expect(door.taken().toString('latin1')).toBe('R\0\0\0\x08\0\0\0\x03');
    expect(door.send(password('t'.repeat(6000))).kind).toBe('failed');
    const good = new Door({ options, tlsAvailable: true });
    good.login.secured(tls);
    expect(good.send(startup({ user: 'ana' }), password('token'))).toMatchObject({
      kind: 'proved',
      method: 'password',
    });
  });

  it('is refused without TLS before anything is asked for', () => {
    const door = new Door({ options });
    expect(door.send(startup({ user: 'ana' }))).toEqual({ kind: 'close' });
    expect(door.taken().toString('latin1')).toContain('FATAL');
  });
});

describe('TLS', () => {
  it('is offered on request, with early bytes refused, and declined where there is none', () => {
    expect(new Door({ tlsAvailable: true }).send(SSL)).toEqual({
      kind: 'start-tls',
      reply: Buffer.from('S'),
      early: 'refuse',
      alpn: ['postgresql'],
    });
    const door = new Door();
    expect(door.send(SSL).kind).toBe('more');
    expect(door.taken().toString()).toBe('N');
    expect(door.send(startup({ user: 'ana' })).kind).toBe('more');
  });

  it('starts at once for a TLS record, with ALPN required and every byte given back', () => {
    const door = new Door({ tlsAvailable: true });
    const hello = Buffer.from([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]);
    expect(door.send(hello)).toMatchObject({
      kind: 'start-tls',
      early: 'keep',
      requireAlpn: true,
      alpn: ['postgresql'],
    });
    expect(door.codec.drain().equals(hello)).toBe(true);
    expect(new Door().send(hello)).toMatchObject({ kind: 'violation', code: 'tls-not-available' });
  });

  it('is asked for behind a GSSENCRequest', () => {
    const door = new Door({ tlsAvailable: true });
    expect(door.send(GSS).kind).toBe('more');
    expect(door.taken().toString()).toBe('N');
    expect(door.send(SSL).kind).toBe('start-tls');
  });

  it('is not asked for inside TLS, and not done without where it is required', () => {
    const inside = new Door({ tlsAvailable: true });
    inside.login.secured(tls);
    expect(inside.send(SSL)).toMatchObject({ kind: 'violation' });
    const required = new Door({ tlsAvailable: true, tlsRequired: true });
    expect(required.send(startup({ user: 'ana' }))).toEqual({ kind: 'close' });
  });
});

describe('the protocol version', () => {
  it.each([
    ['3.0', 0x0003_0000, {}, null],
    ['3.2', 0x0003_0002, {}, null],
    [
      '3.9999 with a grease option',
      0x0003_270f,
      { '_pq_.grease': '1' },
      'v\0\0\0\x18\0\x03\0\x02\0\0\0\x01_pq_.grease\0',
    ],
    ['3.0 with an unknown option', 0x0003_0000, { '_pq_.x': '1' }, 'v\0\0\0\x13\0\x03\0\0\0\0\0\x01_pq_.x\0'],
  ])('is settled before the login: %s', (_name, version, extra, expected) => {
    const door = new Door();
    door.send(startup({ user: 'ana', ...extra }, version));
    const said = door.taken().toString('latin1');
    expect(said.startsWith('v') ? said.slice(0, said.indexOf('R\0')) : null).toBe(expected);
    expect(door.state.minor).toBeLessThanOrEqual(2);
  });

  it.each([0x0002_0000, 0x0004_0000])('is refused with an error when it is not 3: %i', (version) => {
    const door = new Door();
    expect(door.send(startup({ user: 'ana' }, version))).toEqual({ kind: 'close' });
    expect(door.taken().toString('latin1')).toContain('C0A000');
  });
});

describe('before the login', () => {
  it('a cancel request is handed on with keys of every length', () => {
    for (const length of [4, 32, 256]) {
      const key = Buffer.concat([Buffer.from([0, 0, 0, 7]), Buffer.alloc(length, 1)]);
      expect(new Door().send(startupRequest(80877102, key))).toEqual({
        kind: 'cancel',
        id: 7,
        secret: Buffer.alloc(length, 1),
      });
    }
  });

  it('nothing but a password is taken, and never a large one', () => {
    const door = new Door();
    door.send(startup({ user: 'ana' }));
    expect(door.send(query('select 1'))).toMatchObject({ kind: 'violation', code: 'unexpected-message' });
    const other = new Door();
    other.send(startup({ user: 'ana' }));
    expect(() => other.send(Buffer.from([0x70, 0, 1, 0, 0]))).toThrow('frame-too-large');
  });

  it.each(ERROR_KINDS)('a refusal of kind %s is worded with five characters of code', (kind) => {
    const door = new Door();
    door.login.reject(new GatewayError(kind, 'x', 'words'), door);
    const fields = door.taken().toString('latin1').split('\0');
    expect(fields).toContain('VFATAL');
    expect(fields).toContain('Mgatehouse: words');
    expect(fields.find((field) => field.startsWith('C'))).toMatch(/^C[0-9A-Z]{5}$/);
  });

  it('throws nothing but WireError, whatever comes', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 30 }).map(Buffer.from),
        fc.constantFrom(
          SSL,
          GSS,
          startup({ user: 'ana' }),
          saslInitial('SCRAM-SHA-256', 'n,,'),
          saslResponse('x'),
          password('x'),
        ),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(pieces, (list) => {
        try {
          new Door({ tlsAvailable: true }).send(...list);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
