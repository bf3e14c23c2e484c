/**
 * The server's side of one SCRAM-SHA-256 or SCRAM-SHA-256-PLUS exchange (RFC 5802, RFC 7677).
 *
 * ```text
 * waiting --first--> challenged --final--> done        anything wrong: done, and every answer is a refusal
 * ```
 *
 * A principal has several live tokens, and the salt is sent before it is known which of them the
 * client holds; so all of them share one salt, and the proof is tried against each. The same number
 * of comparisons is made for every name, known or not. No I/O; it does not know who is logging in.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hmacSha256, sha256, xor } from './scram-keys.ts';
import { type ClientFirst, parseClientFinal, parseClientFirst } from './scram-message.ts';
import { padSlots } from './verifier-slots.ts';

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';

/** What is stored of one token for SCRAM; both keys are 32 bytes. */
export interface ScramVerifier {
  readonly tokenId: string;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export interface ScramServerOptions {
  /** The mechanism that the client chose. */
  readonly mechanism: ScramMechanism;
  /** True when -PLUS was offered: a client that could bind but believes we cannot was lied to. */
  readonly plusOffered: boolean;
  /** tls-server-end-point data (RFC 5929) of the certificate that was shown. */
  readonly channelBinding?: Buffer;
}

export interface ScramServerSecrets {
  readonly salt: Buffer;
  readonly iterations: number;
  /** Empty for a name without tokens; the exchange then fails at its end. */
  readonly verifiers: readonly ScramVerifier[];
  /** The server's part of the nonce; for test vectors only. */
  readonly nonce?: () => string;
}

export type ScramServerResult =
  | { readonly ok: true; readonly tokenId: string; readonly serverFinal: string }
  | { readonly ok: false };

export interface ScramServerExchange {
  /** client-first-message in, server-first-message out; null refuses. */
  first(clientFirst: string): string | null;
  /** client-final-message in; nothing tells why it failed. */
  final(clientFinal: string): ScramServerResult;
}

interface Challenge {
  readonly bare: string;
  readonly nonce: string;
  readonly channelBinding: string;
  readonly serverFirst: string;
}

const REFUSED: ScramServerResult = { ok: false };

/** Starts an exchange; it is good for one login attempt. */
export function createScramServer(
  options: ScramServerOptions,
  secrets: ScramServerSecrets,
): ScramServerExchange {
  let state: 'waiting' | 'done' | Challenge = 'waiting';
  return {
    first(text) {
      const message = state === 'waiting' ? parseClientFirst(text) : null;
      state = 'done';
      if (message === null || !isBindingAcceptable(message, options)) return null;
      const challenge = createChallenge(message, options, secrets);
      state = challenge;
      return challenge.serverFirst;
    },
    final(text) {
      const challenge = state;
      state = 'done';
      return typeof challenge === 'string' ? REFUSED : verifyFinal(text, challenge, secrets.verifiers);
    },
  };
}

/** SECURITY: 'y' while -PLUS was offered means that somebody took it out of our list (RFC 5802 section 6). */
function isBindingAcceptable(message: ClientFirst, options: ScramServerOptions): boolean {
  if (options.mechanism === 'SCRAM-SHA-256-PLUS')
    return message.bindingName === 'tls-server-end-point' && options.channelBinding !== undefined;
  return message.flag === 'n' || (message.flag === 'y' && !options.plusOffered);
}

function createChallenge(
  message: ClientFirst,
  options: ScramServerOptions,
  secrets: ScramServerSecrets,
): Challenge {
  const nonce = message.nonce + (secrets.nonce?.() ?? randomBytes(18).toString('base64'));
  const bound = message.flag === 'p' ? options.channelBinding! : Buffer.alloc(0);
  return {
    bare: message.bare,
    nonce,
    channelBinding: Buffer.concat([Buffer.from(message.gs2Header), bound]).toString('base64'),
    serverFirst: `r=${nonce},s=${secrets.salt.toString('base64')},i=${secrets.iterations}`,
  };
}

function verifyFinal(
  text: string,
  challenge: Challenge,
  verifiers: readonly ScramVerifier[],
): ScramServerResult {
  const message = parseClientFinal(text);
  if (message === null) return REFUSED;
  if (message.channelBinding !== challenge.channelBinding || message.nonce !== challenge.nonce)
    return REFUSED;
  const authMessage = `${challenge.bare},${challenge.serverFirst},${message.withoutProof}`;
  const matched = findVerifier(message.proof, authMessage, verifiers);
  if (matched === null) return REFUSED;
  const signature = hmacSha256(matched.serverKey, authMessage).toString('base64');
  return { ok: true, tokenId: matched.tokenId, serverFinal: `v=${signature}` };
}

function findVerifier(
  proof: Buffer,
  authMessage: string,
  verifiers: readonly ScramVerifier[],
): ScramVerifier | null {
  let found: ScramVerifier | null = null;
  for (const { verifier, bytes } of padSlots(verifiers, (each) => each.storedKey, 32)) {
    const clientKey = xor(proof, hmacSha256(bytes, authMessage));
    if (timingSafeEqual(sha256(clientKey), bytes) && verifier !== null) found = verifier;
  }
  return found;
}
