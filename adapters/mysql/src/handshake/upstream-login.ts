/**
 * The login at the upstream, with the gateway as the client, and the pins behind it.
 *
 * ```text
 * greeting -> [TLS] -> response -> auth (switch, more data) -> OK -> pins -> [repair -> pins] -> ready
 * ```
 *
 * The upstream is opened with the capabilities that the client was given, so that replies can be relayed
 * unchanged; an upstream that no longer has one of them is refused. Speaks caching_sha2_password,
 * sha256_password, mysql_native_password, and mysql_clear_password over TLS.
 */
import type { UpstreamLogin, UpstreamOutbox, UpstreamStep, UpstreamTarget } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import type { Frame } from '@gatehouse/wire';
import { encodePacket, payloadOf } from '../codec/packet.ts';
import {
  FAST_AUTH_SUCCESS,
  PERFORM_FULL_AUTHENTICATION,
  REQUEST_PUBLIC_KEY,
  REQUEST_PUBLIC_KEY_SHA256,
} from '../messages/auth-more-data.ts';
import { decodeAuthSwitchRequest } from '../messages/auth-switch-request.ts';
import {
  CAPABILITY,
  FORM_CAPABILITIES,
  hasCapability,
  RELAYED_CAPABILITIES,
} from '../messages/capability-flags.ts';
import { DEFAULT_COLLATION } from '../messages/character-set.ts';
import { decodeErrPacket } from '../messages/err-packet.ts';
import { encodeHandshakeResponse41 } from '../messages/handshake-response-41.ts';
import { decodeHandshakeV10, type HandshakeV10 } from '../messages/handshake-v10.ts';
import { decodeOkPacket } from '../messages/ok-packet.ts';
import { encodeSslRequest } from '../messages/ssl-request.ts';
import type { SessionState } from '../session-state.ts';
import { encodeOwnQuery, OwnAnswerReader } from './own-query.ts';
import { clearPassword, scrambleSha1, scrambleSha256, sealPassword } from './scramble.ts';
import { PINS_QUERY, pinsFailed, readPins, repairOf } from './session-pins.ts';

type State = 'greeting' | 'tls' | 'auth' | 'pins' | 'repair';

const MORE: UpstreamStep = { kind: 'more' };
const NO_SCRAMBLE = Buffer.alloc(0);

export function createUpstreamLogin(session: SessionState, target: UpstreamTarget): UpstreamLogin {
  return new MysqlUpstreamLogin(session, target);
}

class MysqlUpstreamLogin implements UpstreamLogin {
  readonly #session: SessionState;
  readonly #target: UpstreamTarget;
  #state: State = 'greeting';
  #sequence = 0;
  #greeting: HandshakeV10 | null = null;
  #plugin = '';
  #nonce: Buffer = NO_SCRAMBLE;
  #tls = false;
  #repaired = false;
  #answer: OwnAnswerReader;

  constructor(session: SessionState, target: UpstreamTarget) {
    this.#session = session;
    this.#target = target;
    this.#answer = new OwnAnswerReader(session.negotiated);
  }

  start(): UpstreamStep {
    return MORE;
  }

  receive(frame: Frame, out: UpstreamOutbox): UpstreamStep {
    if (this.#state === 'pins' || this.#state === 'repair') return this.#receiveAnswer(frame, out);
    if (!frame.first || !frame.last) return refused('sent a login packet that is too large');
    this.#sequence = (frame.bytes[frame.start + 3]! + 1) & 0xff;
    const payload = payloadOf(frame.bytes, frame.start, frame.end);
    if (frame.type === 0xff) return this.#refusedBy(payload);
    return this.#state === 'greeting' ? this.#receiveGreeting(payload, out) : this.#receiveAuth(payload, out);
  }

  secured(_peerEndPoint: Buffer, out: UpstreamOutbox): UpstreamStep {
    this.#tls = true;
    this.#respond(out);
    return MORE;
  }

  // ---- greeting ----

  #receiveGreeting(payload: Buffer, out: UpstreamOutbox): UpstreamStep {
    const greeting = decodeHandshakeV10(payload);
    const { flags, mariadbFlags } = this.#session.negotiated;
    const wanted = flags & FORM_CAPABILITIES;
    if (
      (greeting.capabilities & wanted) !== wanted ||
      (greeting.mariadbCapabilities & mariadbFlags) !== mariadbFlags
    )
      return refused('no longer has what was offered to the client');
    this.#greeting = greeting;
    if (this.#target.tls === 'disable') {
      this.#respond(out);
      return MORE;
    }
    if (!hasCapability(greeting.capabilities, 'ssl')) return refused('does not speak TLS');
    const { maxPacketBytes } = this.#session.negotiated;
    this.#send(out, encodeSslRequest(this.#flags(), mariadbFlags, maxPacketBytes, this.#collation()));
    this.#state = 'tls';
    return { kind: 'start-tls' };
  }

  #respond(out: UpstreamOutbox): void {
    const greeting = this.#greeting!;
    const { database, credential } = this.#target;
    this.#plugin = greeting.authPlugin;
    this.#nonce = greeting.nonce;
    this.#state = 'auth';
    this.#send(
      out,
      encodeHandshakeResponse41({
        capabilities: this.#flags(),
        mariadbCapabilities: this.#session.negotiated.mariadbFlags,
        maxPacketBytes: this.#session.negotiated.maxPacketBytes,
        collation: this.#collation(),
        user: credential.user,
        authResponse: this.#firstProof(),
        database: database === '' ? null : database,
        authPlugin: greeting.authPlugin,
      }),
    );
  }

  /** A plugin that needs another exchange first, or that is not known, gets nothing yet; the server goes on from there. */
  #firstProof(): Buffer {
    const password = this.#target.credential.password();
    if (this.#plugin === 'caching_sha2_password') return scrambleSha256(password, this.#nonce);
    if (this.#plugin === 'mysql_native_password') return scrambleSha1(password, this.#nonce);
    return NO_SCRAMBLE;
  }

  #flags(): number {
    const { flags, mariadbFlags } = this.#session.negotiated;
    const relayed = flags & RELAYED_CAPABILITIES & this.#greeting!.capabilities;
    const tls = this.#target.tls === 'disable' ? 0 : CAPABILITY.ssl;
    const database = this.#target.database === '' ? 0 : CAPABILITY.connectWithDb;
    return (
      (relayed |
        tls |
        database |
        (mariadbFlags === 0 ? CAPABILITY.longPassword : 0) |
        CAPABILITY.protocol41 |
        CAPABILITY.secureConnection |
        CAPABILITY.pluginAuth |
        CAPABILITY.pluginAuthLenenc) >>>
      0
    );
  }

  /** The client's collation; a number above one byte does not fit here and is set by the client itself later. */
  #collation(): number {
    const { collation } = this.#session.negotiated;
    return collation > 0 && collation < 256 ? collation : DEFAULT_COLLATION;
  }

  // ---- proof ----

  #receiveAuth(payload: Buffer, out: UpstreamOutbox): UpstreamStep {
    switch (payload[0]) {
      case 0x00:
        return this.#loggedIn(payload, out);
      case 0x01:
        return this.#receiveMoreData(payload.subarray(1), out);
      case 0xfe:
        return this.#receiveSwitch(payload, out);
      default:
        return refused('asked for a login step that is not supported');
    }
  }

  #receiveSwitch(payload: Buffer, out: UpstreamOutbox): UpstreamStep {
    if (payload.length === 1) return refused('asked for a login method that is not supported');
    const { plugin, nonce } = decodeAuthSwitchRequest(payload);
    this.#plugin = plugin;
    this.#nonce = nonce;
    const proof = this.#proofFor(plugin);
    if (proof === null) return refused('asked for a login method that is not supported');
    this.#send(out, proof);
    return MORE;
  }

  #proofFor(plugin: string): Buffer | null {
    const password = this.#target.credential.password();
    switch (plugin) {
      case 'caching_sha2_password':
        return scrambleSha256(password, this.#nonce);
      case 'mysql_native_password':
        return scrambleSha1(password, this.#nonce);
      case 'mysql_clear_password':
        return this.#tls ? clearPassword(password) : null;
      case 'sha256_password':
        if (password === '') return Buffer.of(0);
        return this.#tls ? clearPassword(password) : Buffer.of(REQUEST_PUBLIC_KEY_SHA256);
      default:
        return null;
    }
  }

  #receiveMoreData(data: Buffer, out: UpstreamOutbox): UpstreamStep {
    const sha2 = this.#plugin === 'caching_sha2_password';
    if (!sha2 && this.#plugin !== 'sha256_password')
      return refused('asked for a login step that is not supported');
    if (sha2 && data.length === 1 && data[0] === FAST_AUTH_SUCCESS) return MORE;
    const password = this.#target.credential.password();
    if (sha2 && data.length === 1 && data[0] === PERFORM_FULL_AUTHENTICATION) {
      this.#send(out, this.#tls ? clearPassword(password) : Buffer.of(REQUEST_PUBLIC_KEY));
      return MORE;
    }
    try {
      this.#send(out, sealPassword(password, this.#nonce, data.toString('latin1')));
    } catch {
      return refused('sent a public key that cannot be used');
    }
    return MORE;
  }

  #refusedBy(payload: Buffer): UpstreamStep {
    const { code } = decodeErrPacket(payload);
    if (code === 1040 || code === 1203 || code === 1226)
      return failed(
        new GatewayError('overloaded', 'upstream-overloaded', 'the database takes no more connections', {
          retry: 'safe',
        }),
      );
    return refused(`refused the gateway's login (error ${code})`);
  }

  // ---- pins ----

  #loggedIn(payload: Buffer, out: UpstreamOutbox): UpstreamStep {
    this.#session.status = decodeOkPacket(payload).status;
    this.#ask('pins', PINS_QUERY, out);
    return MORE;
  }

  #receiveAnswer(frame: Frame, out: UpstreamOutbox): UpstreamStep {
    const answer = this.#answer.take(frame);
    if (answer === null) return MORE;
    if (answer.kind === 'error')
      return failed(pinsFailed(`did not accept the gateway's settings (error ${answer.code})`));
    if (this.#state === 'repair') {
      this.#ask('pins', PINS_QUERY, out);
      return MORE;
    }
    if (answer.kind !== 'rows' || answer.rows.length !== 1)
      return failed(pinsFailed('did not say how it reads statements'));
    const pins = readPins(answer.rows[0]!);
    const repair = repairOf(pins, this.#session.negotiated.collation);
    if (repair !== null) {
      if (this.#repaired) return failed(pinsFailed('keeps settings that change the meaning of statements'));
      this.#repaired = true;
      this.#ask('repair', repair, out);
      return MORE;
    }
    this.#session.status = answer.status;
    this.#session.upstreamThreadId = pins.threadId;
    this.#session.database = pins.database;
    this.#session.clientCharacterSet = pins.characterSetClient;
    return { kind: 'ready' };
  }

  #ask(state: 'pins' | 'repair', sql: string, out: UpstreamOutbox): void {
    this.#state = state;
    this.#answer = new OwnAnswerReader(this.#session.negotiated);
    out.upstream(encodeOwnQuery(sql, this.#session.negotiated));
  }

  #send(out: UpstreamOutbox, payload: Buffer): void {
    out.upstream(encodePacket(this.#sequence, payload));
    this.#sequence = (this.#sequence + 1) & 0xff;
  }
}

/** What the client is told: neither the upstream's address nor its account. */
function refused(what: string): UpstreamStep {
  return failed(
    new GatewayError('unavailable', 'upstream-login-failed', `the database ${what}`, { retry: 'unknown' }),
  );
}

function failed(error: GatewayError): UpstreamStep {
  return { kind: 'failed', error };
}
