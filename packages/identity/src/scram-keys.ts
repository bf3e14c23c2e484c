/**
 * The arithmetic of SCRAM-SHA-256 (RFC 5802 section 3, RFC 7677), shared by both sides.
 *
 * ```text
 * SaltedPassword = PBKDF2(SASLprep(password), salt, i)
 * ClientKey = HMAC(SaltedPassword, "Client Key")     StoredKey = H(ClientKey)
 * ServerKey = HMAC(SaltedPassword, "Server Key")
 * ClientProof = ClientKey XOR HMAC(StoredKey, AuthMessage)
 * ```
 */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { prepareSecret } from './sasl-prep.ts';

export interface ScramKeys {
  readonly clientKey: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Derives all keys of a secret. Costs `iterations` HMACs on the calling thread (about 1 ms for 4096). */
export function deriveScramKeys(secret: string, salt: Buffer, iterations: number): ScramKeys {
  const salted = pbkdf2Sync(prepareSecret(secret), salt, iterations, 32, 'sha256');
  const clientKey = hmacSha256(salted, 'Client Key');
  return { clientKey, storedKey: sha256(clientKey), serverKey: hmacSha256(salted, 'Server Key') };
}

export function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest();
}

export function hmacSha256(key: Buffer, data: Buffer | string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** XOR of two buffers of the same length. */
export function xor(left: Buffer, right: Buffer): Buffer {
  const result = Buffer.allocUnsafe(left.length);
  for (let at = 0; at < left.length; at++) result[at] = left[at]! ^ right[at]!;
  return result;
}
