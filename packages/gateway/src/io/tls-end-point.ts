import { createHash } from 'node:crypto';

/**
 * The tls-server-end-point channel binding of a certificate (RFC 5929, section 4.1): its DER bytes
 * hashed with the hash of its own signature algorithm, where MD5 and SHA-1 are replaced by SHA-256.
 *
 * An algorithm without a hash of its own (Ed25519) or one that is not known here uses SHA-256, as
 * servers do in practice.
 */
export function tlsServerEndPoint(certificateDer: Buffer): Buffer {
  return createHash(signatureHash(certificateDer)).update(certificateDer).digest();
}

function signatureHash(der: Buffer): string {
  const certificate = readDer(der, 0);
  const tbs = readDer(der, certificate.start);
  const algorithm = readDer(der, tbs.end);
  const oid = readDer(der, algorithm.start);
  return HASH_BY_OID[der.subarray(oid.start, oid.end).toString('hex')] ?? 'sha256';
}

interface DerElement {
  readonly start: number;
  readonly end: number;
}

function readDer(der: Buffer, at: number): DerElement {
  const first = der[at + 1];
  if (first === undefined) throw new RangeError('certificate ends inside an element');
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const size = first & 0x7f;
  const length = der.readUIntBE(at + 2, size);
  return { start: at + 2 + size, end: at + 2 + size + length };
}

// OIDs in DER, by the hash that the signature uses (RFC 8017, RFC 5758).
const HASH_BY_OID: Readonly<Record<string, string>> = {
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};
