import type { GatewayError, Principal } from '@gatehouse/model';
import type { Frame } from '@gatehouse/wire';
import type { Credentials, UpstreamCredential } from './credentials.ts';

/**
 * Handshake: how a login is worded. The gateway owns the order of the checks.
 *
 * ```text
 * client                adapter                          gateway
 *  (connects)           greet ->
 *  frame ->             receive -> start-tls ->          TLS, then frames again (`secured` is called first)
 *  frame ->             receive -> identify(claim) ->    throttle, look up credentials
 *                       identified(credentials) -> more | failed
 *  frame ->             receive -> proved(tokenId) ->    re-check the token, decide `connect`, record,
 *                                                        open the upstream (UpstreamLogin below)
 *                       admit(admission)                 relay begins
 *                       reject(error)                    instead of any of these; then the connection is closed
 * ```
 *
 * *Requires*: `admit` is called at most once and only after `proved` (invariant I8).
 * *Behaviour*: writes only through the outbox it is given; never blocks; frames after `proved` and
 * before `admit` are not handed over. `receive` may throw WireError.
 */
export interface ClientLogin {
  /** Called once after the connection is there; for protocols in which the server speaks first. */
  greet(out: LoginOutbox): void;
  receive(frame: Frame, out: LoginOutbox): LoginStep;
  /** The connection is encrypted now. */
  secured(tls: TlsFacts): void;
  identified(credentials: Credentials, out: LoginOutbox): LoginStep;
  /** Words success; includes what the upstream said of itself where the protocol tells the client. */
  admit(admission: Admission, out: LoginOutbox): void;
  /** Words failure in the dialect's own codes; for every `ErrorKind`. */
  reject(error: GatewayError, out: LoginOutbox): void;
}

/** Bytes for the client while it logs in. */
export interface LoginOutbox {
  client(bytes: Buffer): void;
}

export interface TlsFacts {
  /** RFC 5929 tls-server-end-point hash of the certificate that the gateway showed. */
  readonly serverEndPoint: Buffer;
  readonly alpn: string | null;
  readonly serverName: string | null;
}

/** What a client says of itself before it has proved anything. */
export interface LoginClaim {
  /** As sent, `user~database` included; the gateway takes it apart. */
  readonly user: string;
  /** The protocol's own field for the database, if it was given. */
  readonly database?: string;
  readonly application?: string;
}

export type LoginStep =
  /** Wait for the next frame. */
  | { readonly kind: 'more' }
  /**
   * Send `reply`, then become a TLS server. `early`: what to do with bytes that were received behind
   * the request: `refuse` treats them as an attack, `keep` hands them to TLS. `alpn`: protocols to offer;
   * `requireAlpn` refuses a client that did not choose one.
   */
  | {
      readonly kind: 'start-tls';
      readonly reply: Buffer;
      readonly early: 'refuse' | 'keep';
      readonly alpn?: readonly string[];
      readonly requireAlpn?: boolean;
    }
  | { readonly kind: 'identify'; readonly claim: LoginClaim }
  | { readonly kind: 'proved'; readonly tokenId: string; readonly method: string }
  /** The proof was wrong or the client gave up; the gateway counts it and calls `reject`. */
  | { readonly kind: 'failed'; readonly method: string }
  /** This connection asks to cancel what another session runs; nothing is answered. */
  | { readonly kind: 'cancel'; readonly id: number; readonly secret: Buffer }
  | { readonly kind: 'close' }
  | { readonly kind: 'violation'; readonly code: string; readonly detail: string };

/** Proof that the gateway has done all its checks; only the gateway makes one. */
export interface Admission {
  readonly principal: Principal;
  /** Identifies this session in a cancel request: a positive 31-bit number and 32 random bytes. */
  readonly cancelKey: { readonly id: number; readonly secret: Buffer };
}

/** Where the session's own upstream is and how to log in there. */
export interface UpstreamTarget {
  readonly database: string;
  readonly credential: UpstreamCredential;
  readonly tls: 'disable' | 'require' | 'verify-ca' | 'verify-full';
}

/**
 * The login at the upstream, worded by the same adapter so that both sides agree on capabilities.
 *
 * *Behaviour*: `start` is called when the connection is there, `secured` after TLS is up. Bytes go to
 * `out.upstream`. `ready` means that relaying may begin and that every frame up to here was consumed.
 */
export interface UpstreamLogin {
  start(out: UpstreamOutbox): UpstreamStep;
  receive(frame: Frame, out: UpstreamOutbox): UpstreamStep;
  /** `peerEndPoint`: RFC 5929 hash of the server's certificate. */
  secured(peerEndPoint: Buffer, out: UpstreamOutbox): UpstreamStep;
}

export interface UpstreamOutbox {
  upstream(bytes: Buffer): void;
}

export type UpstreamStep =
  | { readonly kind: 'more' }
  | { readonly kind: 'start-tls'; readonly alpn?: readonly string[] }
  | { readonly kind: 'ready' }
  /** `error` is what the client is told: never the upstream's credential or address. */
  | { readonly kind: 'failed'; readonly error: GatewayError };
