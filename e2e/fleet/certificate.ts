/**
 * X.509 certificates for servers that live as long as one run: an authority, and identities it signs.
 *
 * Node has no writer for certificates, and the openssl program is not on every machine; the DER that
 * is needed for one fixed profile (P-256, ecdsa-with-SHA256, basicConstraints, subjectAltName) is small.
 * Not for production: there is no revocation, no path length, and serial numbers are merely random.
 * Source: RFC 5280 section 4.1, RFC 5758 section 3.2.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate with its private key, both PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** Signs identities. */
export interface Authority extends Identity {
  /** Signs a certificate whose subject is the first name; names are DNS names or IPv4 addresses. */
  issue(names: readonly [string, ...string[]]): Identity;
}

const VALID_DAYS = 30;

/** Creates a self-signed authority, valid for 30 days. */
export function createAuthority(commonName: string): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = distinguishedName(commonName);
  const extensions = [basicConstraints(true)];
  const certificate = encodeCertificate(subject, keys.publicKey, extensions, subject, keys.privateKey);
  return {
    certificate,
    key: exportKey(keys.privateKey),
    issue(names) {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const about = [basicConstraints(false), subjectAltName(names)];
      const signed = encodeCertificate(
        distinguishedName(names[0]),
        own.publicKey,
        about,
        subject,
        keys.privateKey,
      );
      return { certificate: signed, key: exportKey(own.privateKey) };
    },
  };
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function encodeCertificate(
  subject: Buffer,
  publicKey: KeyObject,
  extensions: readonly Buffer[],
  issuer: Buffer,
  issuerKey: KeyObject,
): string {
  const now = Date.now();
  const toBeSigned = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(12)),
    ECDSA_WITH_SHA256,
    issuer,
    sequence(utcTime(now - 86_400_000), utcTime(now + VALID_DAYS * 86_400_000)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  const der = sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(sign('sha256', toBeSigned, issuerKey)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
  const attribute = sequence(objectId('2.5.4.3'), tagged(0x0c, Buffer.from(commonName, 'utf8')));
  return sequence(tagged(0x31, attribute));
}

function basicConstraints(isAuthority: boolean): Buffer {
  const value = isAuthority ? sequence(tagged(0x01, Buffer.from([0xff]))) : sequence();
  return sequence(objectId('2.5.29.19'), tagged(0x01, Buffer.from([0xff])), tagged(0x04, value));
}

function subjectAltName(names: readonly string[]): Buffer {
  const entries = names.map((name) =>
    isIPv4(name)
      ? tagged(0x87, Buffer.from(name.split('.').map(Number)))
      : tagged(0x82, Buffer.from(name, 'ascii')),
  );
  return sequence(objectId('2.5.29.17'), tagged(0x04, sequence(...entries)));
}

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  if (body.length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, body.length]), body]);
  return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 0xff]), body]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

/** A positive INTEGER in the fewest bytes (X.690, 8.3.2): a leading zero stands only where it keeps the sign bit clear. */
function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const value = bytes.subarray(first < 0 ? bytes.length - 1 : first);
  return tagged(0x02, value[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), value]) : value);
}

function bitString(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.from([0]), bytes);
}

function utcTime(epochMs: number): Buffer {
  const digits = new Date(epochMs).toISOString().replace(/\D/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`, 'ascii'));
}

function objectId(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const bytes = [first! * 40 + second!];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tagged(0x06, Buffer.from(bytes));
}

const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
