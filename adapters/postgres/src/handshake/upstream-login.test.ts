import { createHash } from 'node:crypto';
import type { UpstreamStep, UpstreamTarget } from '@gatehouse/adapter';
import { fakeUpstreamCredential } from '@gatehouse/adapter/testkit';
import { DEFAULT_FRAME_LIMITS, WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageCodec } from '../codec/message-codec.ts';
import { encodeErrorResponse } from '../messages/error-response.ts';
import {
  encodeAuthentication,
  encodeBackendKeyData,
  encodeParameterStatus,
  encodeReadyForQuery,
  encodeSaslMechanisms,
} from '../messages/server-messages.ts';
import { createSessionState } from '../session-state.ts';
import { PostgresUpstreamLogin } from './upstream-login.ts';

/** The gateway's login, played against bytes. */
class Upstream {
  readonly state = createSessionState();
  readonly codec = new MessageCodec(DEFAULT_FRAME_LIMITS, 'typed', () => false);
  readonly login: PostgresUpstreamLogin;
  #sent: Buffer[] = [];

  constructor(tls: UpstreamTarget['tls'] = 'disable') {
    this.state.startup = new Map([['client_encoding', 'UTF8']]);
    const target = { database: 'shop', credential: fakeUpstreamCredential, tls };
    this.login = new PostgresUpstreamLogin(target, this.codec, this.state);
  }

  receive(...messages: readonly Buffer[]): UpstreamStep | null {
    this.codec.push(Buffer.concat(messages));
    let last: UpstreamStep | null = null;
    while (this.codec.next()) {
      last = this.login.receive(this.codec.frame, this);
      if (last.kind !== 'more') return last;
    }
    return last;
  }

  upstream(bytes: Buffer): void {
    this.#sent.push(Buffer.from(bytes));
  }

  taken(): string {
    const text = Buffer.concat(this.#sent).toString('latin1');
    this.#sent = [];
    return text;
  }
}

const OK = encodeAuthentication(0);
const READY = encodeReadyForQuery('I');
const SCRAM = encodeSaslMechanisms(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']);
const CONTINUE = encodeAuthentication(11, Buffer.from('server-first'));
const FINAL = encodeAuthentication(12, Buffer.from('server-final'));

function messageOf(step: UpstreamStep | null): string {
  return step?.kind === 'failed' ? step.error.message : `not failed: ${step?.kind}`;
}

describe('the login at the database', () => {
  it('speaks 3.0 with the session’s settings and remembers what the server says of itself', () => {
    const upstream = new Upstream();
    upstream.login.start(upstream);
    const said = upstream.taken();
    expect(said.slice(4, 8)).toBe('\0\x03\0\0');
    expect(said).toContain('user\0gateway\0');
    expect(said).toContain('database\0shop\0');
    const step = upstream.receive(
      OK,
      encodeParameterStatus('search_path', '"$user", public'),
      encodeBackendKeyData(42, Buffer.from([1, 2, 3, 4])),
      READY,
    );
    expect(step).toEqual({ kind: 'ready' });
    expect(upstream.state.initialSearchPath).toBe('"$user", public');
    expect(upstream.state.backendKey).toEqual({ processId: 42, secret: Buffer.from([1, 2, 3, 4]) });
  });

  it('proves itself by SCRAM and wants proof of the server', () => {
    const upstream = new Upstream();
    upstream.login.start(upstream);
    upstream.taken();
    upstream.receive(SCRAM);
    expect(upstream.taken()).toContain('SCRAM-SHA-256\0\0\0\0\x13SCRAM-SHA-256 first');
    upstream.receive(CONTINUE);
    expect(upstream.taken()).toContain('client-final');
    expect(upstream.receive(FINAL, OK, READY)).toEqual({ kind: 'ready' });
  });

  it.each([
    ['leaves its proof out', [OK]],
    ['gives a wrong one', [encodeAuthentication(12, Buffer.from('wrong'))]],
    ['goes on without an end', [READY]],
  ])('fails when the server %s', (_what, messages) => {
    const upstream = new Upstream();
    upstream.login.start(upstream);
    upstream.receive(SCRAM, CONTINUE);
    expect(messageOf(upstream.receive(...messages))).toBe('the database did not prove who it is');
  });

  it('binds SCRAM to the channel inside TLS', () => {
    const upstream = new Upstream('require');
    upstream.login.start(upstream);
    expect(upstream.taken()).toBe('\0\0\0\x08\x04\xd2\x16\x2f');
    expect(upstream.receive(Buffer.from('S'))).toEqual({ kind: 'start-tls', alpn: ['postgresql'] });
    upstream.login.secured(Buffer.alloc(32), upstream);
    upstream.taken();
    upstream.receive(SCRAM);
    expect(upstream.taken()).toContain('SCRAM-SHA-256-PLUS first');
  });

  it.each(['N', 'E'])('fails when TLS is wanted and the server says %s', (answer) => {
    const upstream = new Upstream('verify-full');
    upstream.login.start(upstream);
    expect(messageOf(upstream.receive(Buffer.from(answer)))).toBe('the database does not offer TLS');
  });

  it('answers MD5 as the manual says', () => {
    const upstream = new Upstream();
    upstream.login.start(upstream);
    upstream.taken();
    upstream.receive(encodeAuthentication(5, Buffer.from([1, 2, 3, 4])));
    const inner = createHash('md5').update('pwgateway').digest('hex');
    const outer = createHash('md5')
      .update(inner)
      .update(Buffer.from([1, 2, 3, 4]))
      .digest('hex');
    expect(upstream.taken()).toContain(`md5${outer}\0`);
  });

  it('sends a password in clear inside TLS only', () => {
    const plain = new Upstream();
    plain.login.start(plain);
    plain.taken();
    expect(messageOf(plain.receive(encodeAuthentication(3)))).toContain('without TLS');
    expect(plain.taken()).toBe('');
    const secure = new Upstream('require');
    secure.login.start(secure);
    secure.receive(Buffer.from('S'));
    secure.login.secured(Buffer.alloc(32), secure);
    secure.taken();
    secure.receive(encodeAuthentication(3));
    expect(secure.taken()).toBe('p\0\0\0\x07pw\0');
  });

  it.each([
    ['Kerberos', encodeAuthentication(7)],
    ['SASL that is not SCRAM', encodeSaslMechanisms(['OAUTHBEARER'])],
    [
      'a refusal',
      encodeErrorResponse(
        new Map([
          ['C', '28P01'],
          ['M', 'password authentication failed for "gateway"'],
        ]),
      ),
    ],
  ])('fails on %s and names no credential', (_what, message) => {
    const upstream = new Upstream();
    upstream.login.start(upstream);
    const step = upstream.receive(message);
    expect(step?.kind).toBe('failed');
    expect(messageOf(step)).not.toContain('gateway"');
  });

  it('ends when the server reads texts another way', () => {
    const upstream = new Upstream();
    upstream.login.start(upstream);
    expect(() => upstream.receive(OK, encodeParameterStatus('standard_conforming_strings', 'off'))).toThrow(
      'read differently',
    );
  });

  it('throws nothing but WireError, whatever the server says', () => {
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map(Buffer.from),
      fc.constantFrom(OK, READY, SCRAM, CONTINUE, FINAL, encodeAuthentication(5), encodeAuthentication(10)),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), (messages) => {
        const upstream = new Upstream();
        upstream.login.start(upstream);
        try {
          upstream.receive(...messages);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
