/**
 * The one way in: from a claimed name to a proved principal, the same for every dialect.
 *
 * ```text
 * lookup(name, address) -> throttled | attempt      attempt.credentials checks the proofs
 * accept(attempt, tokenId) -> accepted | refused    once for each attempt; re-reads everything
 * fail(attempt)                                     the proof was wrong
 * ```
 *
 * Known and unknown names take the same steps and get the same answers until the proof has failed.
 * SECURITY: `accept` takes only a token that this very attempt has proved, so that no wording of a
 * login can skip the proof (invariant I8; authenticator.test.ts).
 */
import { GatewayError, type Principal } from '@gatehouse/model';
import type { Clock } from './clock.ts';
import type { LoginGuard } from './login-guard.ts';
import { MAX_PRINCIPAL_NAME, type PrincipalDirectory } from './principal-directory.ts';
import { createScramServer, type ScramServerExchange, type ScramServerOptions } from './scram-server.ts';
import {
  type Proof,
  type SecretVerifiers,
  verifySecret,
  verifySha1Scramble,
  verifySha256Scramble,
} from './secret-verifiers.ts';
import { scramSaltOf, type TokenRecord, type TokenStore, tokenStateAt } from './token-store.ts';
import { VERIFIER_SLOTS } from './verifier-slots.ts';

/** What a handshake may check, without holding anything itself. */
export interface Credentials {
  scram(options: ScramServerOptions): ScramServerExchange;
  /** Only over TLS. */
  secret(secret: string): Proof;
  sha256Scramble(scramble: Buffer, nonce: Buffer): Proof;
  /** Always refused unless the configuration enabled it. */
  sha1Scramble(scramble: Buffer, nonce: Buffer): Proof;
}

/** One login of one client; good for one `accept` or `fail`. */
export interface LoginAttempt {
  readonly claimedName: string;
  readonly address: string;
  readonly credentials: Credentials;
}

export type Lookup =
  | { readonly kind: 'attempt'; readonly attempt: LoginAttempt }
  | { readonly kind: 'throttled'; readonly retryAfterMs: number };

/** Why a proved token does not open the door; for the audit, the client is told only that the login failed. */
export type RefusalReason =
  | 'not-proved'
  | 'token-unknown'
  | 'token-expired'
  | 'token-revoked'
  | 'principal-unknown'
  | 'principal-disabled';

export type Acceptance =
  | {
      readonly kind: 'accepted';
      readonly principal: Principal;
      readonly tokenId: string;
      /** The session must not outlive it. Milliseconds since 1970. */
      readonly expiresAt: number;
    }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly tokenId?: string };

export interface Authenticator {
  /** Throws GatewayError when the store cannot be read; the login is then refused. */
  lookup(claimedName: string, address: string, signal?: AbortSignal): Promise<Lookup>;
  accept(attempt: LoginAttempt, tokenId: string, signal?: AbortSignal): Promise<Acceptance>;
  /** Counts a wrong proof; a second call for the same attempt does nothing. */
  fail(attempt: LoginAttempt): void;
  /** Asks again, in a running session, whether its token and principal are still good. */
  recheck(tokenId: string, signal?: AbortSignal): Promise<Acceptance>;
}

export interface AuthenticatorOptions {
  /** The directory in force; asked at every step, so that a reload counts at once. */
  readonly principals: () => PrincipalDirectory;
  readonly tokens: TokenStore;
  readonly guard: LoginGuard;
  readonly clock: Clock;
  /** Allows proofs against SHA1(SHA1(secret)). */
  readonly sha1?: boolean;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { principals, tokens, guard, clock, sha1 = false } = options;
  /** Open attempts and the tokens they have proved. */
  const open = new WeakMap<LoginAttempt, Set<string>>();

  async function readmit(
    tokenId: string,
    claimedName: string | null,
    signal?: AbortSignal,
  ): Promise<Acceptance> {
    const record = await tokens.find(tokenId, signal);
    if (record === undefined || (claimedName !== null && record.principal !== claimedName))
      return { kind: 'refused', reason: 'token-unknown' };
    return judge(record, principals(), clock());
  }

  return {
    async lookup(claimedName, address, signal) {
      const answer = guard.check(claimedName, address);
      if (!answer.allowed) return { kind: 'throttled', retryAfterMs: answer.retryAfterMs };
      const name = claimedName.length <= MAX_PRINCIPAL_NAME ? claimedName : '';
      const [parameters, records] = [
        await tokens.scramParameters(signal),
        await tokens.tokensOf(name, signal),
      ];
      const salt = scramSaltOf(parameters, claimedName);
      const proved = new Set<string>();
      const credentials = createCredentials({
        salt,
        iterations: parameters.iterations,
        verifiers: chooseVerifiers(records, clock()),
        sha1,
        proved,
      });
      const attempt: LoginAttempt = { claimedName, address, credentials };
      open.set(attempt, proved);
      return { kind: 'attempt', attempt };
    },
    async accept(attempt, tokenId, signal) {
      const proved = open.get(attempt);
      open.delete(attempt);
      if (proved?.has(tokenId) !== true) {
        guard.failed(attempt.claimedName, attempt.address);
        return { kind: 'refused', reason: 'not-proved' };
      }
      const acceptance = await readmit(tokenId, attempt.claimedName, signal);
      if (acceptance.kind === 'accepted') guard.succeeded(attempt.claimedName, attempt.address);
      else guard.failed(attempt.claimedName, attempt.address);
      return acceptance;
    },
    fail(attempt) {
      if (open.delete(attempt)) guard.failed(attempt.claimedName, attempt.address);
    },
    recheck: (tokenId, signal) => readmit(tokenId, null, signal),
  };
}

/** The fault that a client is told for every wrong proof and every refusal, so that it cannot tell which. */
export function loginRefused(): GatewayError {
  return new GatewayError('authentication', 'login-failed', 'the login failed');
}

function judge(record: TokenRecord, directory: PrincipalDirectory, now: number): Acceptance {
  const refuse = (reason: RefusalReason): Acceptance => ({ kind: 'refused', reason, tokenId: record.id });
  const state = tokenStateAt(record, now);
  if (state === 'revoked') return refuse('token-revoked');
  if (state === 'expired') return refuse('token-expired');
  const entry = directory.find(record.principal);
  if (entry === undefined) return refuse('principal-unknown');
  if (entry.disabled) return refuse('principal-disabled');
  const { task, purpose } = record;
  const principal: Principal = {
    ...entry.principal,
    ...(task === undefined ? {} : { task }),
    ...(purpose === undefined ? {} : { purpose }),
  };
  return { kind: 'accepted', principal, tokenId: record.id, expiresAt: record.expiresAt };
}

/** Live tokens first; ended ones behind them, so that the audit can say whose old token was used. */
function chooseVerifiers(records: readonly TokenRecord[], now: number): readonly SecretVerifiers[] {
  const isLive = (record: TokenRecord): boolean => tokenStateAt(record, now) === 'live';
  return [...records.filter(isLive), ...records.filter((record) => !isLive(record))]
    .slice(0, VERIFIER_SLOTS)
    .map((record) => record.verifiers);
}

interface CredentialSecrets {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly verifiers: readonly SecretVerifiers[];
  readonly sha1: boolean;
  readonly proved: Set<string>;
}

function createCredentials(secrets: CredentialSecrets): Credentials {
  const { salt, iterations, verifiers, sha1, proved } = secrets;
  function note<T extends Proof>(proof: T): T {
    if (proof.ok) proved.add(proof.tokenId);
    return proof;
  }
  return {
    scram(options) {
      const exchange = createScramServer(options, { salt, iterations, verifiers });
      return {
        first: (clientFirst) => exchange.first(clientFirst),
        final: (clientFinal) => note(exchange.final(clientFinal)),
      };
    },
    secret: (secret) => note(verifySecret(secret, verifiers)),
    sha256Scramble: (scramble, nonce) => note(verifySha256Scramble(scramble, nonce, verifiers)),
    sha1Scramble(scramble, nonce) {
      const proof = verifySha1Scramble(scramble, nonce, verifiers);
      return sha1 ? note(proof) : { ok: false };
    },
  };
}
