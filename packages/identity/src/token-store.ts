/**
 * What is kept of tokens, and where.
 *
 * A store keeps verifiers, never secrets. All tokens of one principal share one SCRAM salt, because a
 * server has to send the salt before it knows which token is used; it is computed from the name with
 * the store's own key, so that names without tokens have one too and nobody can tell the difference.
 */

import { hmacSha256 } from './scram-keys.ts';
import type { SecretVerifiers } from './secret-verifiers.ts';

/** One token; times are milliseconds since 1970. */
export interface TokenRecord {
  readonly id: string;
  readonly principal: string;
  readonly label?: string;
  /** Given to the principal of every session that logs in with this token. */
  readonly task?: string;
  readonly purpose?: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt?: number;
  readonly verifiers: SecretVerifiers;
}

/** The same for all tokens of a store, fixed when it is created. */
export interface ScramParameters {
  readonly saltKey: Buffer;
  readonly iterations: number;
}

/**
 * Keeps tokens.
 *
 * *Behaviour*: what one instance has written, every other instance sees in its next call. Reads fail
 * with GatewayError rather than to answer from what may be outdated. Ended tokens are kept for a time
 * so that the audit can name them, then dropped.
 */
export interface TokenStore {
  scramParameters(signal?: AbortSignal): Promise<ScramParameters>;
  /** All kept tokens of a principal, ended ones included, newest first. */
  tokensOf(principal: string, signal?: AbortSignal): Promise<readonly TokenRecord[]>;
  find(id: string, signal?: AbortSignal): Promise<TokenRecord | undefined>;
  list(signal?: AbortSignal): Promise<readonly TokenRecord[]>;
  /** Throws GatewayError `too-many-tokens` when the principal or the store has its most live ones. */
  add(record: TokenRecord, now: number, signal?: AbortSignal): Promise<void>;
  /** Ends a token; false when there is none with this id. Revoking twice keeps the first time. */
  revoke(id: string, now: number, signal?: AbortSignal): Promise<boolean>;
}

/** The SCRAM salt of a principal, or of a name that is none. */
export function scramSaltOf(parameters: ScramParameters, name: string): Buffer {
  return hmacSha256(parameters.saltKey, name).subarray(0, 16);
}

export type TokenState = 'live' | 'expired' | 'revoked';

/** The state of a token at a time; it ends in the millisecond `expiresAt`. */
export function tokenStateAt(record: TokenRecord, now: number): TokenState {
  if (record.revokedAt !== undefined) return 'revoked';
  return now < record.expiresAt ? 'live' : 'expired';
}
