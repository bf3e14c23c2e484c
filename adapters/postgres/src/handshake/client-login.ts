import type {
  Admission,
  ClientLogin,
  Credentials,
  LoginOutbox,
  LoginStep,
  ScramServerExchange,
  SessionServices,
  TlsFacts,
} from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import { type Frame, WireError } from '@gatehouse/wire';
import { type MessageCodec, STARTUP_PACKET, TLS_RECORD } from '../codec/message-codec.ts';
import { bodyOf } from '../messages/message-body.ts';
import { FRONTEND } from '../messages/message-type.ts';
import {
  AUTHENTICATION,
  encodeAuthentication,
  encodeBackendKeyData,
  encodeNegotiateProtocolVersion,
  encodeParameterStatus,
  encodeReadyForQuery,
  encodeSaslMechanisms,
} from '../messages/server-messages.ts';
import {
  decodeStartupPacket,
  NEWEST_MINOR,
  type StartupPacket,
  SUPPORTED_MAJOR,
} from '../messages/startup-packet.ts';
import { errorBytes } from '../respond/error-fields.ts';
import type { SessionState } from '../session-state.ts';
import { readStartup } from './startup-parameters.ts';

/**
 * The login of a Postgres client (manual, sections 54.2.1 and 54.3).
 *
 * ```text
 * TLS record | SSLRequest -> start-tls        GSSENCRequest -> 'N'        CancelRequest -> cancel
 * StartupMessage -> [NegotiateProtocolVersion] -> identify -> AuthenticationSASL | AuthenticationCleartextPassword
 * SASLInitialResponse -> SASLContinue -> SASLResponse -> proved -> SASLFinal, AuthenticationOk, ParameterStatus*, BackendKeyData, ReadyForQuery
 * ```
 * SCRAM by default; clear text when the listener says so, and only over TLS.
 */
export class PostgresClientLogin implements ClientLogin {
  readonly #services: SessionServices;
  readonly #codec: MessageCodec;
  readonly #state: SessionState;
  #tls: TlsFacts | null = null;
  #credentials: Credentials | null = null;
  #scram: ScramServerExchange | null = null;
  #serverFinal: string | null = null;

  constructor(services: SessionServices, codec: MessageCodec, state: SessionState) {
    this.#services = services;
    this.#codec = codec;
    this.#state = state;
  }

  greet(): void {}

  secured(tls: TlsFacts): void {
    this.#tls = tls;
    this.#codec.setMode('startup');
  }

  receive(frame: Frame, out: LoginOutbox): LoginStep {
    if (frame.type === TLS_RECORD) return this.#directTls();
    if (frame.type === STARTUP_PACKET) return this.#startup(decodeStartupPacket(frame), out);
    if (frame.type !== FRONTEND.password || this.#credentials === null) {
      return frame.type === FRONTEND.terminate
        ? { kind: 'close' }
        : violation('unexpected-message', 'message before the login was complete');
    }
    return this.#usesCleartext() ? this.#password(frame) : this.#sasl(frame, out);
  }

  identified(credentials: Credentials, out: LoginOutbox): LoginStep {
    this.#credentials = credentials;
    this.#codec.setMode('login');
    if (this.#usesCleartext()) out.client(encodeAuthentication(AUTHENTICATION.cleartext));
    else out.client(encodeSaslMechanisms(this.#mechanisms()));
    return MORE;
  }

  admit({ cancelKey }: Admission, out: LoginOutbox): void {
    if (this.#serverFinal !== null)
      out.client(encodeAuthentication(AUTHENTICATION.saslFinal, Buffer.from(this.#serverFinal)));
    out.client(encodeAuthentication(AUTHENTICATION.ok));
    for (const [name, value] of this.#state.parameterStatus) out.client(encodeParameterStatus(name, value));
    // Protocol 3.0 knows keys of four bytes only; libpq refuses anything else there.
    const secret = this.#state.minor >= 2 ? cancelKey.secret : cancelKey.secret.subarray(0, 4);
    out.client(encodeBackendKeyData(cancelKey.id, secret));
    out.client(encodeReadyForQuery('I'));
  }

  reject(error: GatewayError, out: LoginOutbox): void {
    out.client(errorBytes(error, 'FATAL'));
  }

  #directTls(): LoginStep {
    if (!this.#services.tlsAvailable)
      return violation('tls-not-available', 'direct TLS on a listener without a certificate');
    return { kind: 'start-tls', reply: Buffer.alloc(0), early: 'keep', alpn: ALPN, requireAlpn: true };
  }

  #startup(packet: StartupPacket, out: LoginOutbox): LoginStep {
    switch (packet.kind) {
      case 'gss-request':
        out.client(NO);
        return MORE;
      case 'ssl-request':
        return this.#sslRequest(out);
      case 'cancel-request':
        return { kind: 'cancel', id: packet.processId, secret: packet.secret };
      case 'startup':
        return this.#startSession(packet, out);
    }
  }

  #sslRequest(out: LoginOutbox): LoginStep {
    if (this.#tls !== null) return violation('second-tls-request', 'TLS was asked for inside TLS');
    if (this.#services.tlsAvailable) return { kind: 'start-tls', reply: YES, early: 'refuse', alpn: ALPN };
    out.client(NO);
    return MORE;
  }

  #startSession(packet: Extract<StartupPacket, { kind: 'startup' }>, out: LoginOutbox): LoginStep {
    if (packet.major !== SUPPORTED_MAJOR) {
      return this.#refuse(
        out,
        new GatewayError(
          'unsupported',
          'protocol-version',
          `protocol ${packet.major}.${packet.minor} is not spoken; expected 3.0 or 3.2`,
        ),
      );
    }
    if (this.#services.tlsRequired && this.#tls === null) {
      return this.#refuse(
        out,
        new GatewayError(
          'authentication',
          'tls-required',
          'this listener requires TLS; connect with sslmode=require',
        ),
      );
    }
    if (this.#usesCleartext() && this.#tls === null) {
      return this.#refuse(
        out,
        new GatewayError(
          'authentication',
          'tls-required',
          'clear-text passwords need TLS; connect with sslmode=require',
        ),
      );
    }
    const startup = readStartup(packet);
    if (startup.kind === 'refused') return this.#refuse(out, startup.error);
    if (packet.minor > NEWEST_MINOR || startup.unknownOptions.length > 0) {
      const minor = Math.min(packet.minor, NEWEST_MINOR);
      out.client(encodeNegotiateProtocolVersion((SUPPORTED_MAJOR << 16) | minor, startup.unknownOptions));
    }
    this.#state.minor = Math.min(packet.minor, NEWEST_MINOR);
    this.#state.startup = startup.parameters;
    const { user, database, application } = startup;
    return {
      kind: 'identify',
      claim: {
        user,
        ...(database === undefined ? {} : { database }),
        ...(application === undefined ? {} : { application }),
      },
    };
  }

  #password(frame: Frame): LoginStep {
    const body = bodyOf(frame);
    const secret = body.cstring();
    body.end();
    const proof = this.#credentials!.secret(secret);
    return proof.ok
      ? { kind: 'proved', tokenId: proof.tokenId, method: 'password' }
      : { kind: 'failed', method: 'password' };
  }

  #sasl(frame: Frame, out: LoginOutbox): LoginStep {
    if (this.#scram === null) return this.#saslInitial(frame, out);
    const result = this.#scram.final(bodyOf(frame).rest().toString('utf8'));
    if (!result.ok) return { kind: 'failed', method: 'SCRAM-SHA-256' };
    this.#serverFinal = result.serverFinal;
    return { kind: 'proved', tokenId: result.tokenId, method: 'SCRAM-SHA-256' };
  }

  #saslInitial(frame: Frame, out: LoginOutbox): LoginStep {
    const body = bodyOf(frame);
    const mechanism = body.cstring();
    const length = body.int32be();
    const clientFirst = length === -1 ? '' : body.bytes(length).toString('utf8');
    body.end();
    if (mechanism !== 'SCRAM-SHA-256' && mechanism !== 'SCRAM-SHA-256-PLUS')
      throw new WireError('malformed', 'mechanism');
    if (!this.#mechanisms().includes(mechanism))
      throw new WireError('malformed', 'mechanism that was not offered');
    this.#scram = this.#credentials!.scram({
      mechanism,
      plusOffered: this.#tls !== null,
      ...(this.#tls === null ? {} : { channelBinding: this.#tls.serverEndPoint }),
    });
    const serverFirst = this.#scram.first(clientFirst);
    if (serverFirst === null) return { kind: 'failed', method: mechanism };
    out.client(encodeAuthentication(AUTHENTICATION.saslContinue, Buffer.from(serverFirst)));
    return MORE;
  }

  #mechanisms(): readonly string[] {
    return this.#tls === null ? ['SCRAM-SHA-256'] : ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'];
  }

  #usesCleartext(): boolean {
    return this.#services.options['auth'] === 'cleartext';
  }

  #refuse(out: LoginOutbox, error: GatewayError): LoginStep {
    this.reject(error, out);
    return { kind: 'close' };
  }
}

function violation(code: string, detail: string): LoginStep {
  return { kind: 'violation', code, detail };
}

const MORE: LoginStep = { kind: 'more' };
const YES = Buffer.from('S');
const NO = Buffer.from('N');
const ALPN = ['postgresql'];
