/**
 * Proofs that the gateway gives to an upstream with its own password. Nothing here checks a client.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 */
import { constants, createHash, publicEncrypt } from 'node:crypto';

/** SHA256(pw) XOR SHA256(SHA256(SHA256(pw)) || nonce); empty for an empty password. */
export function scrambleSha256(password: string, nonce: Buffer): Buffer {
  if (password === '') return EMPTY;
  const once = digest('sha256', Buffer.from(password, 'utf8'));
  return xor(once, digest('sha256', digest('sha256', once), nonce));
}

/** SHA1(pw) XOR SHA1(nonce || SHA1(SHA1(pw))); empty for an empty password. */
export function scrambleSha1(password: string, nonce: Buffer): Buffer {
  if (password === '') return EMPTY;
  const once = digest('sha1', Buffer.from(password, 'utf8'));
  return xor(once, digest('sha1', nonce, digest('sha1', once)));
}

/** The password for a server's RSA key: (pw || NUL) XOR nonce, OAEP. Throws for a key that is none. */
export function sealPassword(password: string, nonce: Buffer, publicKeyPem: string): Buffer {
  const sealed = xor(clearPassword(password), nonce);
  return publicEncrypt({ key: publicKeyPem, padding: constants.RSA_PKCS1_OAEP_PADDING }, sealed);
}

export function clearPassword(password: string): Buffer {
  return Buffer.from(`${password}\0`, 'utf8');
}

function digest(algorithm: 'sha1' | 'sha256', ...parts: readonly Buffer[]): Buffer {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function xor(bytes: Buffer, key: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, i) => byte ^ key[i % key.length]!));
}

const EMPTY = Buffer.alloc(0);
