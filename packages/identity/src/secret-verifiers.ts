/**
 * What is stored of a token's secret, and how a proof of the secret is checked against it.
 *
 * Nothing here gives the secret back. The double hashes are taken without salt, which is safe only
 * because a token's secret is 32 random bytes: this is no place for passwords that people choose.
 * Every check takes the same steps for every name, and nothing tells why a proof failed.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { deriveScramKeys, sha256, xor } from './scram-keys.ts';
import { padSlots } from './verifier-slots.ts';

/** Everything stored of one token's secret. */
export interface SecretVerifiers {
  readonly tokenId: string;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  /** SHA256(SHA256(secret)). */
  readonly sha256Double: Buffer;
  /** SHA1(SHA1(secret)); only where the configuration asks for it, because a proof against it is weak. */
  readonly sha1Double?: Buffer;
}

/** The result of one check. `tokenId` names the token that was proved. */
export type Proof = { readonly ok: true; readonly tokenId: string } | { readonly ok: false };

/** The salt and the iterations that all tokens of one principal share. */
export interface ScramSalt {
  readonly salt: Buffer;
  readonly iterations: number;
}

/** The longest secret that is hashed, in UTF-16 units. */
const MAX_SECRET_LENGTH = 65_536;

/** Computes what is stored of a secret. */
export function createVerifiers(
  tokenId: string,
  secret: string,
  scram: ScramSalt,
  options: { readonly sha1?: boolean } = {},
): SecretVerifiers {
  const { storedKey, serverKey } = deriveScramKeys(secret, scram.salt, scram.iterations);
  const sha256Double = sha256(sha256(secret));
  const base = { tokenId, storedKey, serverKey, sha256Double };
  return options.sha1 === true ? { ...base, sha1Double: sha1(sha1(secret)) } : base;
}

/** Checks a secret in clear text; only for connections with TLS. */
export function verifySecret(secret: string, verifiers: readonly SecretVerifiers[]): Proof {
  const usable = secret.length <= MAX_SECRET_LENGTH;
  const double = sha256(sha256(usable ? secret : ''));
  const proof = findProof(
    verifiers,
    32,
    (each) => each.sha256Double,
    (bytes) => timingSafeEqual(bytes, double),
  );
  return usable ? proof : { ok: false };
}

/** Checks `SHA256(secret) XOR SHA256(SHA256(SHA256(secret)) || nonce)`. */
export function verifySha256Scramble(
  scramble: Buffer,
  nonce: Buffer,
  verifiers: readonly SecretVerifiers[],
): Proof {
  if (scramble.length !== 32) return { ok: false };
  return findProof(
    verifiers,
    32,
    (each) => each.sha256Double,
    (bytes) => {
      const single = xor(scramble, sha256(Buffer.concat([bytes, nonce])));
      return timingSafeEqual(sha256(single), bytes);
    },
  );
}

/** Checks `SHA1(secret) XOR SHA1(nonce || SHA1(SHA1(secret)))`; tokens without that verifier are refused. */
export function verifySha1Scramble(
  scramble: Buffer,
  nonce: Buffer,
  verifiers: readonly SecretVerifiers[],
): Proof {
  if (scramble.length !== 20) return { ok: false };
  return findProof(
    verifiers,
    20,
    (each) => each.sha1Double,
    (bytes) => {
      const single = xor(scramble, sha1(Buffer.concat([nonce, bytes])));
      return timingSafeEqual(sha1(single), bytes);
    },
  );
}

function findProof(
  verifiers: readonly SecretVerifiers[],
  size: number,
  bytesOf: (verifier: SecretVerifiers) => Buffer | undefined,
  matches: (bytes: Buffer) => boolean,
): Proof {
  let proof: Proof = { ok: false };
  for (const { verifier, bytes } of padSlots(verifiers, bytesOf, size)) {
    if (matches(bytes) && verifier !== null) proof = { ok: true, tokenId: verifier.tokenId };
  }
  return proof;
}

function sha1(data: Buffer | string): Buffer {
  return createHash('sha1').update(data).digest();
}
