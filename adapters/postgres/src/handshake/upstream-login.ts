import { createHash } from 'node:crypto';
import type {
  ScramClientExchange,
  UpstreamLogin,
  UpstreamOutbox,
  UpstreamStep,
  UpstreamTarget,
} from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import { type ByteReader, ByteWriter, type Frame, WireError } from '@gatehouse/wire';
import { serialize } from 'pg-protocol';
import { type MessageCodec, TLS_ANSWER } from '../codec/message-codec.ts';
import { decodeErrorFields } from '../messages/error-response.ts';
import { bodyOf } from '../messages/message-body.ts';
import { BACKEND } from '../messages/message-type.ts';
import {
  AUTHENTICATION,
  decodeBackendKeyData,
  decodeParameterStatus,
  decodeReadyForQuery,
} from '../messages/server-messages.ts';
import type { SessionState } from '../session-state.ts';
import { assertPinned } from './pinned-status.ts';

/**
 * The gateway's own login at a Postgres server: TLS as configured, then SCRAM-SHA-256(-PLUS), MD5 or clear text
 * as the server asks. Clear text is only sent inside TLS. Speaks protocol 3.0 upstream.
 */
export class PostgresUpstreamLogin implements UpstreamLogin {
  readonly #target: UpstreamTarget;
  readonly #codec: MessageCodec;
  readonly #state: SessionState;
  #endPoint: Buffer | null = null;
  #scram: ScramClientExchange | null = null;
  #verified = true;

  constructor(target: UpstreamTarget, codec: MessageCodec, state: SessionState) {
    this.#target = target;
    this.#codec = codec;
    this.#state = state;
    state.upstreamUser = target.credential.user;
    state.upstreamDatabase = target.database;
  }

  start(out: UpstreamOutbox): UpstreamStep {
    if (this.#target.tls === 'disable') return this.#startup(out);
    this.#codec.setMode('tls-answer');
    out.upstream(serialize.requestSsl() as Buffer);
    return MORE;
  }

  secured(peerEndPoint: Buffer, out: UpstreamOutbox): UpstreamStep {
    this.#endPoint = peerEndPoint;
    return this.#startup(out);
  }

  receive(frame: Frame, out: UpstreamOutbox): UpstreamStep {
    if (frame.type === TLS_ANSWER) {
      return frame.bytes[frame.start] === YES
        ? { kind: 'start-tls', alpn: ['postgresql'] }
        : failed('the database does not offer TLS');
    }
    switch (frame.type) {
      case BACKEND.authentication:
        return this.#authenticate(bodyOf(frame), out);
      case BACKEND.parameterStatus: {
        const { name, value } = decodeParameterStatus(frame);
        assertPinned(name, value);
        this.#state.parameterStatus.set(name, value);
        return MORE;
      }
      case BACKEND.backendKeyData:
        this.#state.backendKey = decodeBackendKeyData(frame);
        return MORE;
      case BACKEND.readyForQuery:
        if (!this.#verified) return failed('the database did not prove who it is');
        this.#state.transaction = decodeReadyForQuery(frame);
        this.#state.initialSearchPath = this.#state.parameterStatus.get('search_path') ?? null;
        return { kind: 'ready' };
      case BACKEND.errorResponse:
        return failed(`the database refused the gateway (${decodeErrorFields(frame).get('C') ?? 'no code'})`);
      case BACKEND.noticeResponse:
      case BACKEND.negotiateProtocolVersion:
        return MORE;
      default:
        throw new WireError('malformed', 'message during the login');
    }
  }

  #startup(out: UpstreamOutbox): UpstreamStep {
    this.#codec.setMode('typed');
    const { credential, database } = this.#target;
    const settings = Object.fromEntries(this.#state.startup);
    out.upstream(serialize.startup({ ...settings, user: credential.user, database }) as Buffer);
    return MORE;
  }

  #authenticate(body: ByteReader, out: UpstreamOutbox): UpstreamStep {
    const code = body.int32be();
    switch (code) {
      case AUTHENTICATION.ok:
        return this.#scram === null || this.#verified ? MORE : failed('the database did not prove who it is');
      case AUTHENTICATION.cleartext:
        if (this.#endPoint === null) return failed('the database asks for a clear-text password without TLS');
        out.upstream(serialize.password(this.#target.credential.password()) as Buffer);
        return MORE;
      case AUTHENTICATION.md5:
        out.upstream(serialize.password(md5Answer(this.#target, body.bytes(4))) as Buffer);
        return MORE;
      case AUTHENTICATION.sasl:
        return this.#saslStart(body, out);
      case AUTHENTICATION.saslContinue:
        if (this.#scram === null) throw new WireError('malformed', 'SASL');
        out.upstream(
          serialize.sendSCRAMClientFinalMessage(this.#scram.final(body.rest().toString('utf8'))) as Buffer,
        );
        return MORE;
      case AUTHENTICATION.saslFinal:
        this.#verified = this.#scram?.verify(body.rest().toString('utf8')) === true;
        return this.#verified ? MORE : failed('the database did not prove who it is');
      default:
        return failed('the database asks for a login that the gateway does not know');
    }
  }

  #saslStart(body: ByteReader, out: UpstreamOutbox): UpstreamStep {
    const offered: string[] = [];
    for (let name = body.cstring(); name !== ''; name = body.cstring()) offered.push(name);
    const binds = offered.includes('SCRAM-SHA-256-PLUS') && this.#endPoint !== null;
    if (!binds && !offered.includes('SCRAM-SHA-256')) return failed('the database offers no SCRAM-SHA-256');
    const mechanism = binds ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256';
    this.#scram = this.#target.credential.scram({
      mechanism,
      ...(binds ? { channelBinding: this.#endPoint! } : {}),
    });
    // INVARIANT: set again only by a server-final message that was verified.
    this.#verified = false;
    out.upstream(serialize.sendSASLInitialResponseMessage(mechanism, this.#scram.first()) as Buffer);
    return MORE;
  }
}

/** `md5` + MD5(MD5(password + user) + salt), manual section 54.2.1. */
function md5Answer({ credential }: UpstreamTarget, salt: Buffer): string {
  const inner = createHash('md5').update(credential.password()).update(credential.user).digest('hex');
  return `md5${createHash('md5').update(inner).update(salt).digest('hex')}`;
}

function failed(message: string): UpstreamStep {
  return { kind: 'failed', error: new GatewayError('unavailable', 'upstream-login-failed', message) };
}

/** CancelRequest for the upstream: protocol 3.0 was spoken, so its key has four bytes. */
export function encodeCancelRequest({ processId, secret }: NonNullable<SessionState['backendKey']>): Buffer {
  return new ByteWriter(16)
    .int32be(12 + secret.length)
    .int32be(80877102)
    .int32be(processId)
    .bytes(secret)
    .take();
}

const MORE: UpstreamStep = { kind: 'more' };
const YES = 0x53;
