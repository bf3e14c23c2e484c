/**
 * The Ed25519 key with which a node signs its checkpoints, made at its first start.
 *
 * SECURITY: who can read the private key and write the journal can sign what he likes from now on;
 * what other nodes and sinks have already seen of this node's checkpoints holds all the same.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { GatewayError } from '@gatehouse/model';

/** What a node signs with. */
export interface SigningKey {
  /** The public half, and how to name it. */
  readonly publicKey: PublicKey;
  /** Gives the signature as base64. */
  sign(bytes: Buffer): string;
}

/** What anybody verifies with. */
export interface PublicKey {
  /** The first 32 hex digits of the SHA-256 of the key's DER form (SubjectPublicKeyInfo). */
  readonly id: string;
  /** The DER form as base64. */
  readonly text: string;
  verify(bytes: Buffer, signature: string): boolean;
}

/** Opens the key in a file, or makes one that only its owner may read. Throws GatewayError `signing-key`, kind `config`, for a file that holds something else or that others may read. */
export function openSigningKey(path: string): SigningKey {
  const privateKey = readKey(path) ?? makeKey(path);
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return {
    publicKey: parsePublicKey(der.toString('base64'))!,
    sign: (bytes) => sign(null, bytes, privateKey).toString('base64'),
  };
}

/** Gives the key in base64 of its DER form or in PEM, or null for anything that is no public Ed25519 key. */
export function parsePublicKey(text: string): PublicKey | null {
  const base64 = text.replace(/-----[A-Z ]+-----/g, '').replace(/\s+/g, '');
  const der = Buffer.from(base64, 'base64');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: der, type: 'spki', format: 'der' });
  } catch {
    return null;
  }
  if (key.asymmetricKeyType !== 'ed25519') return null;
  return {
    id: createHash('sha256').update(der).digest('hex').slice(0, 32),
    text: der.toString('base64'),
    verify: (bytes, signature) => verify(null, bytes, key, Buffer.from(signature, 'base64')),
  };
}

/** A public key as a PEM file. */
export function formatPublicKey({ text }: PublicKey): string {
  return `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----\n`;
}

function readKey(path: string): KeyObject | null {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
    if ((statSync(path).mode & 0o077) !== 0) throw unusable(path, 'others may read it; chmod 600');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw unusable(path, 'it holds no private key', cause);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw unusable(path, `it is of type ${key.asymmetricKeyType}`);
  return key;
}

function makeKey(path: string): KeyObject {
  const { privateKey } = generateKeyPairSync('ed25519');
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeSync(fd, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return privateKey;
}

function unusable(path: string, why: string, cause?: unknown): GatewayError {
  return new GatewayError(
    'config',
    'signing-key',
    `expected a private Ed25519 key in \`${path}\`, got none: ${why}`,
    {
      context: { path },
      cause,
    },
  );
}
