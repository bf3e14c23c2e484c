/**
 * The client's side of one SCRAM-SHA-256 or SCRAM-SHA-256-PLUS exchange, for logging in upstream.
 *
 * The server is not trusted before it has proved itself: it must extend our nonce, its iteration
 * count must neither invite guessing (too low) nor stop this thread (too high), and its signature is
 * verified before the login counts.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { GatewayError } from '@gatehouse/model';
import { deriveScramKeys, hmacSha256, type ScramKeys, xor } from './scram-keys.ts';
import { encodeSaslName, parseServerFinal, parseServerFirst } from './scram-message.ts';
import type { ScramMechanism } from './scram-server.ts';

/** RFC 7677 section 4. */
export const MIN_SCRAM_ITERATIONS = 4096;
/** About half a second of this thread, once per credential and salt. */
export const MAX_SCRAM_ITERATIONS = 1_000_000;

export interface ScramClientOptions {
  readonly mechanism: ScramMechanism;
  /**
   * tls-server-end-point data (RFC 5929) of the server's certificate. Needed for -PLUS; with the
   * other mechanism it tells the server that we could have bound the channel.
   */
  readonly channelBinding?: Buffer;
}

export interface ScramClientSecrets {
  readonly user: string;
  /** Gives the keys for the server's salt and iterations; see `createUpstreamCredential`, which remembers them. */
  keys(salt: Buffer, iterations: number): ScramKeys;
  /** The client's nonce; for test vectors only. */
  readonly nonce?: () => string;
  readonly minIterations?: number;
  readonly maxIterations?: number;
}

export interface ScramClientExchange {
  /** client-first-message. */
  first(): string;
  /** server-first in, client-final out; throws GatewayError `upstream-login-failed` for a hostile server. */
  final(serverFirst: string): string;
  /** Verifies the server's signature; false when the server is not who it says. */
  verify(serverFinal: string): boolean;
}

/** Starts an exchange; throws GatewayError `upstream-login-failed` when -PLUS has nothing to bind to. */
export function createScramClient(
  options: ScramClientOptions,
  secrets: ScramClientSecrets,
): ScramClientExchange {
  const gs2Header = formatGs2Header(options);
  const nonce = secrets.nonce?.() ?? randomBytes(24).toString('base64');
  const bare = `n=${encodeSaslName(secrets.user)},r=${nonce}`;
  let expected: Buffer | null = null;
  return {
    first: () => gs2Header + bare,
    final(text) {
      const message = readServerFirst(text, nonce, secrets);
      const keys = secrets.keys(message.salt, message.iterations);
      const bound = options.mechanism === 'SCRAM-SHA-256-PLUS' ? options.channelBinding! : Buffer.alloc(0);
      const binding = Buffer.concat([Buffer.from(gs2Header), bound]).toString('base64');
      const withoutProof = `c=${binding},r=${message.nonce}`;
      const authMessage = `${bare},${text},${withoutProof}`;
      expected = hmacSha256(keys.serverKey, authMessage);
      const proof = xor(keys.clientKey, hmacSha256(keys.storedKey, authMessage));
      return `${withoutProof},p=${proof.toString('base64')}`;
    },
    verify(text) {
      const signature = parseServerFinal(text);
      return signature !== null && expected !== null && timingSafeEqual(signature, expected);
    },
  };
}

/** Derives the keys from a password anew at every call. */
export function scramKeysOf(password: string): ScramClientSecrets['keys'] {
  return (salt, iterations) => deriveScramKeys(password, salt, iterations);
}

function formatGs2Header(options: ScramClientOptions): string {
  if (options.mechanism === 'SCRAM-SHA-256') return options.channelBinding === undefined ? 'n,,' : 'y,,';
  if (options.channelBinding === undefined) throw upstreamFailure('the channel binding is not known');
  return 'p=tls-server-end-point,,';
}

function readServerFirst(text: string, nonce: string, secrets: ScramClientSecrets) {
  const message = parseServerFirst(text);
  if (message === null) throw upstreamFailure('its first message is not valid');
  // SECURITY: a server that does not extend our nonce replays an older exchange.
  if (!message.nonce.startsWith(nonce) || message.nonce.length === nonce.length)
    throw upstreamFailure('it did not extend the nonce');
  const min = secrets.minIterations ?? MIN_SCRAM_ITERATIONS;
  const max = secrets.maxIterations ?? MAX_SCRAM_ITERATIONS;
  if (message.iterations < min || message.iterations > max)
    throw upstreamFailure(`expected ${min} to ${max} iterations, got ${message.iterations}`);
  return message;
}

function upstreamFailure(detail: string): GatewayError {
  return new GatewayError('unavailable', 'upstream-login-failed', `the server broke off SCRAM: ${detail}`);
}
