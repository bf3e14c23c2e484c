/**
 * What a handshake may do with credentials, without holding any.
 *
 * The gateway implements these with packages/identity; adapters only word them. All proofs of one
 * login go through one of these and end in the same `LoginStep` of kind `proved`.
 */
export interface Credentials {
  /** Starts a server-side SCRAM-SHA-256 exchange (RFC 5802, RFC 7677). Unknown names get an exchange that fails at the end. */
  scram(options: ScramServerOptions): ScramServerExchange;
  /** Checks a secret that came in clear text; only called over TLS. */
  secret(secret: string): Proof;
  /** Checks `SHA256(pw) XOR SHA256(SHA256(SHA256(pw)) || nonce)`. */
  sha256Scramble(scramble: Buffer, nonce: Buffer): Proof;
  /** Checks `SHA1(pw) XOR SHA1(nonce || SHA1(SHA1(pw)))`; always refused unless the configuration enabled it. */
  sha1Scramble(scramble: Buffer, nonce: Buffer): Proof;
}

/** The result of one check. `tokenId` names the token that was proved; nothing tells why a proof failed. */
export type Proof = { readonly ok: true; readonly tokenId: string } | { readonly ok: false };

export interface ScramServerOptions {
  /** The mechanism that the client chose. */
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
  /** True when -PLUS was offered: a client that says it could bind but believes we cannot is refused. */
  readonly plusOffered: boolean;
  /** tls-server-end-point data (RFC 5929) of the gateway's certificate. */
  readonly channelBinding?: Buffer;
}

export interface ScramServerExchange {
  /** client-first-message in, server-first-message out; null refuses. */
  first(clientFirst: string): string | null;
  /** client-final-message in; on success the server-final-message (`v=…`) that must reach the client before the login is complete. */
  final(
    clientFinal: string,
  ): (Proof & { readonly ok: true; readonly serverFinal: string }) | { readonly ok: false };
}

/** The gateway's own credential for one upstream; the password never leaves this object except as the protocol demands. */
export interface UpstreamCredential {
  readonly user: string;
  password(): string;
  /** Starts a client-side SCRAM exchange with the password. */
  scram(options: {
    readonly mechanism: ScramServerOptions['mechanism'];
    readonly channelBinding?: Buffer;
  }): ScramClientExchange;
}

export interface ScramClientExchange {
  first(): string;
  /** Server-first in, client-final out; throws GatewayError `upstream-login-failed` for a hostile server (nonce, iterations). */
  final(serverFirst: string): string;
  /** Verifies the server's signature; false when the server is not who it says. */
  verify(serverFinal: string): boolean;
}
