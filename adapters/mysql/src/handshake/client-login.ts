/**
 * The login of a client, with the gateway as the server: the first one and every COM_CHANGE_USER.
 *
 * ```text
 * greet -> response --(SSLRequest)--> TLS -> response
 *          response -> claimed -> [switch ->] checked -> proved
 *                                             checked -> full -> proved      only over TLS
 * ```
 *
 * caching_sha2_password always; mysql_native_password only by configuration; a clear-text secret only
 * over TLS. There is no RSA exchange: it would carry tokens over a channel that nobody has verified.
 */
import type { Admission, ClientLogin, Credentials, LoginOutbox, LoginStep, Proof } from '@gatehouse/adapter';
import type { GatewayError } from '@gatehouse/model';
import type { Frame } from '@gatehouse/wire';
import { encodePacket, payloadOf } from '../codec/packet.ts';
import {
  encodeAuthMoreData,
  FAST_AUTH_SUCCESS,
  PERFORM_FULL_AUTHENTICATION,
} from '../messages/auth-more-data.ts';
import { encodeAuthSwitchRequest } from '../messages/auth-switch-request.ts';
import { hasCapability } from '../messages/capability-flags.ts';
import { characterSetOf, DEFAULT_COLLATION } from '../messages/character-set.ts';
import { decodeComChangeUser } from '../messages/com-change-user.ts';
import { applicationOf, type ConnectAttributes } from '../messages/connect-attributes.ts';
import { encodeErrPacket } from '../messages/err-packet.ts';
import { decodeHandshakeResponse41 } from '../messages/handshake-response-41.ts';
import { encodeHandshakeV10, NONCE_BYTES } from '../messages/handshake-v10.ts';
import { encodeOkPacket } from '../messages/ok-packet.ts';
import { isSslRequest } from '../messages/ssl-request.ts';
import { STATUS } from '../messages/status-flags.ts';
import { errPacketOf } from '../respond/error-code.ts';
import type { SessionState } from '../session-state.ts';
import { greetingVersion, negotiate, offeredCapabilities, offeredMariadbCapabilities } from './negotiated.ts';

const CACHING_SHA2 = 'caching_sha2_password';
const NATIVE = 'mysql_native_password';
const CLEAR = 'mysql_clear_password';

type State = 'response' | 'claimed' | 'scramble' | 'clear' | 'done';

const MORE: LoginStep = { kind: 'more' };
const SCRAMBLE_BYTES = 32;

/** The first login of a connection (`greeting`), or one that a COM_CHANGE_USER began (`change-user`). */
export function createClientLogin(state: SessionState, begin: 'greeting' | 'change-user'): ClientLogin {
  return new MysqlClientLogin(state, begin);
}

class MysqlClientLogin implements ClientLogin {
  readonly #session: SessionState;
  readonly #changeUser: boolean;
  readonly #nonce: Buffer;
  #state: State = 'response';
  /** Sequence id of the next packet to the client. */
  #sequence = 0;
  #credentials: Credentials | null = null;
  #user = '';
  #plugin: string | null = null;
  #authResponse: Buffer = Buffer.alloc(0);
  #withoutTls = false;
  #usingPassword = false;

  constructor(session: SessionState, begin: 'greeting' | 'change-user') {
    this.#session = session;
    this.#changeUser = begin === 'change-user';
    this.#nonce = printableNonce(session.services.randomBytes);
  }

  greet(out: LoginOutbox): void {
    const { services } = this.#session;
    this.#session.offered = offeredCapabilities(services.serverFacts, services.tlsAvailable);
    this.#session.offeredMariadb = offeredMariadbCapabilities(services.serverFacts);
    this.#send(
      out,
      encodeHandshakeV10({
        serverVersion: greetingVersion(services.serverFacts),
        threadId: services.sessionNumber,
        nonce: this.#nonce,
        capabilities: this.#session.offered,
        mariadbCapabilities: this.#session.offeredMariadb,
        collation: DEFAULT_COLLATION,
        status: STATUS.autocommit,
        authPlugin: CACHING_SHA2,
      }),
    );
  }

  receive(frame: Frame, out: LoginOutbox): LoginStep {
    if (!frame.first || !frame.last) return violation('frame-too-large', 'a login packet in pieces');
    const sequence = frame.bytes[frame.start + 3]!;
    if (sequence !== (this.#changeUser && this.#state === 'response' ? 0 : this.#sequence))
      return violation('packet-out-of-order', 'sequence id of a login packet');
    this.#sequence = (sequence + 1) & 0xff;
    const payload = payloadOf(frame.bytes, frame.start, frame.end);
    switch (this.#state) {
      case 'response':
        return this.#changeUser ? this.#receiveChangeUser(payload) : this.#receiveResponse(payload);
      case 'scramble':
        return this.#checkScramble(payload, out);
      case 'clear':
        return this.#checkSecret(payload);
      case 'claimed':
      case 'done':
        return violation('unexpected-packet', 'a packet before the login was answered');
    }
  }

  secured(): void {
    this.#session.tls = true;
  }

  identified(credentials: Credentials, out: LoginOutbox): LoginStep {
    this.#credentials = credentials;
    const given = this.#authResponse;
    if (this.#changeUser) return this.#switch(out);
    if (this.#plugin === CACHING_SHA2) return this.#checkScramble(given, out);
    if (this.#plugin === NATIVE && this.#session.options.nativePassword)
      return this.#finish(credentials.sha1Scramble(given, this.#nonce), NATIVE);
    if (this.#plugin === CLEAR && this.#session.tls && given.length > 0)
      return this.#checkSecret(given, CLEAR);
    return this.#switch(out);
  }

  admit(_admission: Admission, out: LoginOutbox): void {
    this.#state = 'done';
    this.#send(out, encodeOkPacket(this.#session.status));
  }

  reject(error: GatewayError, out: LoginOutbox): void {
    this.#state = 'done';
    this.#send(out, encodeErrPacket(this.#wordRejection(error)));
  }

  // ---- first packets ----

  #receiveResponse(payload: Buffer): LoginStep {
    const { services } = this.#session;
    if (payload.length < 4) return violation('malformed', 'handshake response');
    if (isSslRequest(payload)) {
      if (this.#session.tls || !services.tlsAvailable)
        return violation('tls-unavailable', 'TLS was not offered');
      return { kind: 'start-tls', reply: Buffer.alloc(0), early: 'keep' };
    }
    const response = decodeHandshakeResponse41(payload, this.#session.offered, this.#session.offeredMariadb);
    if (hasCapability(response.capabilities, 'ssl') && !this.#session.tls)
      return violation('malformed', 'TLS flag in a handshake response without TLS');
    this.#session.negotiated = negotiate(
      response.capabilities,
      response.mariadbCapabilities,
      response.maxPacketBytes,
      response.collation,
    );
    this.#user = response.user;
    this.#authResponse = response.authResponse;
    this.#usingPassword = response.authResponse.length > 0;
    this.#plugin = response.authPlugin;
    return this.#claim(response.collation, response.database, response.attributes);
  }

  #receiveChangeUser(payload: Buffer): LoginStep {
    const { negotiated } = this.#session;
    const change = decodeComChangeUser(payload, negotiated.flags);
    const collation = change.collation ?? negotiated.collation;
    this.#session.negotiated = negotiate(
      negotiated.flags,
      negotiated.mariadbFlags,
      negotiated.maxPacketBytes,
      collation,
    );
    this.#user = change.user;
    return this.#claim(collation, change.database, change.attributes);
  }

  #claim(collation: number, database: string | null, attributes: ConnectAttributes): LoginStep {
    const { services, tls } = this.#session;
    if (services.tlsRequired && !tls)
      return violation('tls-required', 'connections without TLS are refused here');
    const set = characterSetOf(collation);
    if (set === null || set === 'binary')
      return violation(
        'character-set-unsupported',
        'only the character sets utf8mb4, utf8, latin1 and ascii can be used here',
      );
    this.#state = 'claimed';
    const application = applicationOf(attributes);
    return {
      kind: 'identify',
      claim: {
        user: this.#user,
        ...(database === null || database === '' ? {} : { database }),
        ...(application === undefined ? {} : { application }),
      },
    };
  }

  // ---- proofs ----

  #switch(out: LoginOutbox): LoginStep {
    this.#state = 'scramble';
    this.#send(out, encodeAuthSwitchRequest({ plugin: CACHING_SHA2, nonce: this.#nonce }));
    return MORE;
  }

  #checkScramble(scramble: Buffer, out: LoginOutbox): LoginStep {
    this.#usingPassword = scramble.length > 0;
    if (scramble.length !== SCRAMBLE_BYTES) return failed(CACHING_SHA2);
    const proof = this.#credentials!.sha256Scramble(scramble, this.#nonce);
    if (proof.ok) {
      this.#send(out, encodeAuthMoreData(FAST_AUTH_SUCCESS));
      return this.#finish(proof, CACHING_SHA2);
    }
    if (!this.#session.tls) {
      this.#withoutTls = true;
      return failed(CACHING_SHA2);
    }
    this.#state = 'clear';
    this.#send(out, encodeAuthMoreData(PERFORM_FULL_AUTHENTICATION));
    return MORE;
  }

  /** SECURITY: the states that lead here exist only over TLS (`never asks for a secret without TLS`). */
  #checkSecret(payload: Buffer, method = `${CACHING_SHA2}/tls`): LoginStep {
    if (!this.#session.tls) return violation('tls-required', 'a secret in clear text without TLS');
    const secret = payload.at(-1) === 0 ? payload.subarray(0, -1) : payload;
    if (secret.length === 0) return failed(method);
    return this.#finish(this.#credentials!.secret(secret.toString('utf8')), method);
  }

  #finish(proof: Proof, method: string): LoginStep {
    this.#state = 'done';
    this.#authResponse = Buffer.alloc(0);
    return proof.ok ? { kind: 'proved', tokenId: proof.tokenId, method } : failed(method);
  }

  // ---- words ----

  #wordRejection(error: GatewayError): ReturnType<typeof errPacketOf> {
    if (error.kind === 'denied') return { code: 1044, sqlState: '42000', message: error.message };
    if (error.kind !== 'authentication') return errPacketOf(error);
    const using = this.#usingPassword ? 'YES' : 'NO';
    const hint = this.#withoutTls ? '; only a stored token can be proved without TLS' : '';
    return {
      ...errPacketOf(error),
      message: `Access denied for user '${printable(this.#user)}' (using password: ${using})${hint}`,
    };
  }

  #send(out: LoginOutbox, payload: Buffer): void {
    out.client(encodePacket(this.#sequence, payload));
    this.#sequence = (this.#sequence + 1) & 0xff;
  }
}

/** 20 bytes from 0x21 to 0x7E: no NUL, nothing that a client would have to quote. */
function printableNonce(randomBytes: (count: number) => Buffer): Buffer {
  return Buffer.from(randomBytes(NONCE_BYTES).map((byte) => 0x21 + (byte % 94)));
}

function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 80);
}

function failed(method: string): LoginStep {
  return { kind: 'failed', method };
}

function violation(code: string, detail: string): LoginStep {
  return { kind: 'violation', code, detail };
}
