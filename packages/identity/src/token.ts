import { randomBytes } from 'node:crypto';
import { GatewayError, type Principal } from '@gatehouse/model';
import type { Clock } from './clock.ts';
import { createVerifiers } from './secret-verifiers.ts';
import { scramSaltOf, type TokenStore } from './token-store.ts';

export interface TokenRequest {
  readonly principal: Principal;
  /** Default: 8 hours for a human, 1 hour for a service or an agent; at most 90 days. */
  readonly ttlSeconds?: number;
  /** For people who look at the list; at most 200 characters. */
  readonly label?: string;
  readonly task?: string;
  readonly purpose?: string;
  /** Stores SHA1(SHA1(secret)) too; only for clients that know nothing better. */
  readonly sha1?: boolean;
}

/** The only moment at which the secret exists in clear text. */
export interface CreatedToken {
  readonly id: string;
  readonly secret: string;
  readonly expiresAt: number;
}

export const MAX_TOKEN_TTL_SECONDS = 90 * 24 * 3600;

const DEFAULT_TTL_SECONDS: Readonly<Record<Principal['kind'], number>> = {
  human: 8 * 3600,
  service: 3600,
  agent: 3600,
};

/**
 * Creates a token and stores its verifiers. The secret is `gh_` and 43 characters of base62, 256 bits:
 * it fits the password boxes of GUI tools and one block of RSA, and needs no escaping in a URI.
 * Throws GatewayError `token-invalid` for a time or a text out of bounds, and what the store throws.
 */
export async function createToken(
  request: TokenRequest,
  store: TokenStore,
  clock: Clock,
  signal?: AbortSignal,
): Promise<CreatedToken> {
  const ttlSeconds = request.ttlSeconds ?? DEFAULT_TTL_SECONDS[request.principal.kind];
  assertRequest(request, ttlSeconds);
  const id = `tok_${formatBase62(randomBytes(12), 17)}`;
  const secret = `gh_${formatBase62(randomBytes(32), 43)}`;
  const now = clock();
  const expiresAt = now + ttlSeconds * 1000;
  const parameters = await store.scramParameters(signal);
  const { principal, label, task, purpose } = request;
  const salt = scramSaltOf(parameters, principal.name);
  const verifiers = createVerifiers(id, secret, { salt, iterations: parameters.iterations }, request);
  const texts = {
    ...(label === undefined ? {} : { label }),
    ...(task === undefined ? {} : { task }),
    ...(purpose === undefined ? {} : { purpose }),
  };
  await store.add(
    { id, principal: principal.name, ...texts, createdAt: now, expiresAt, verifiers },
    now,
    signal,
  );
  return { id, secret, expiresAt };
}

function assertRequest(request: TokenRequest, ttlSeconds: number): void {
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_TOKEN_TTL_SECONDS)
    throw invalid(`expected a time of 1 to ${MAX_TOKEN_TTL_SECONDS} seconds, got ${ttlSeconds}`);
  for (const [name, text] of Object.entries({
    label: request.label,
    task: request.task,
    purpose: request.purpose,
  })) {
    if (text !== undefined && (text.length > 200 || /\p{Cc}/u.test(text)))
      throw invalid(`expected \`${name}\` of at most 200 characters without control characters`);
  }
}

function invalid(message: string): GatewayError {
  return new GatewayError('config', 'token-invalid', message);
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function formatBase62(bytes: Buffer, length: number): string {
  let value = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (; value > 0n; value /= 62n) text = BASE62[Number(value % 62n)]! + text;
  return text.padStart(length, '0');
}
