import type { ValueForm } from './value-codec.ts';

/**
 * Addresses of networks and devices, as bytes for the maskers (src/backend/utils/adt/network.c, mac.c).
 *
 * A keyed address is one that nobody has: IPv6 of `fd00::/8` (RFC 4193) for both families, because 24 bits of a private
 * IPv4 network would soon give two values one address; a device's has the bit of local administration (IEEE 802).
 * No bytes at all stand for zero.
 */
export function networkForms(isCidr: boolean): { readonly text: ValueForm; readonly binary: ValueForm } {
  return {
    text: {
      decode: (bytes) => decodeAddressText(bytes.toString('latin1')),
      encode(text) {
        const address = maskedAddress(text);
        return address === null
          ? null
          : Buffer.from(formatAddress(address) + (isCidr ? `/${address.length * 8}` : ''));
      },
    },
    binary: {
      decode: decodeAddressBytes,
      encode(text) {
        const address = maskedAddress(text);
        if (address === null) return null;
        const family = address.length === 4 ? FAMILY_4 : FAMILY_6;
        return Buffer.concat([
          Buffer.from([family, address.length * 8, isCidr ? 1 : 0, address.length]),
          address,
        ]);
      },
    },
  };
}

/** Addresses of devices with 6 or 8 bytes. */
export function macForms(size: 6 | 8): { readonly text: ValueForm; readonly binary: ValueForm } {
  const encode = (text: string): Buffer | null => {
    if (text === '') return Buffer.alloc(size);
    const bytes = Buffer.from(text, 'hex');
    if (bytes.length !== size) return null;
    bytes[0] = (bytes[0]! & 0xfc) | 0x02;
    return bytes;
  };
  return {
    text: {
      decode(bytes) {
        const text = bytes.toString('latin1');
        return /^[0-9a-f]{2}(?::[0-9a-f]{2})+$/.test(text) && bytes.length === size * 3 - 1
          ? text.replaceAll(':', '')
          : null;
      },
      encode(text) {
        const bytes = encode(text);
        return bytes === null ? null : Buffer.from(bytes.toString('hex').replace(/\B(?=(?:..)+$)/g, ':'));
      },
    },
    binary: {
      decode: (bytes) => (bytes.length === size ? bytes.toString('hex') : null),
      encode,
    },
  };
}

const FAMILY_4 = 2;
const FAMILY_6 = 3;

/** Address and length of its network, in hexadecimal digits. */
function decodeAddressText(text: string): string | null {
  const [address = '', bits] = text.split('/');
  const bytes = parseQuads(address) ?? parseGroups(address);
  if (bytes === null || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return null;
  return canonical(bytes, bits === undefined ? bytes.length * 8 : Number(bits));
}

function decodeAddressBytes(bytes: Buffer): string | null {
  const size = bytes[3];
  const isWhole = bytes.length === 4 + (size ?? 0) && size === (bytes[0] === FAMILY_4 ? 4 : 16);
  return isWhole ? canonical(bytes.subarray(4), bytes[1]!) : null;
}

function canonical(address: Buffer, bits: number): string | null {
  return bits > address.length * 8 ? null : address.toString('hex') + bits.toString(16).padStart(2, '0');
}

function parseQuads(address: string): Buffer | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) return null;
  const quads = address.split('.').map(Number);
  return quads.every((quad) => quad <= 255) ? Buffer.from(quads) : null;
}

function parseGroups(address: string): Buffer | null {
  const [left = '', right, ...more] = address.split('::');
  const head = groupBytes(left);
  const tail = right === undefined ? [] : groupBytes(right);
  if (head === null || tail === null || more.length > 0) return null;
  const missing = 16 - head.length - tail.length;
  // Two colons stand for one group of zeros at least.
  if (right === undefined ? missing !== 0 : missing < 2) return null;
  return Buffer.from([...head, ...Array<number>(missing).fill(0), ...tail]);
}

/** Groups of up to four digits; the last may be an IPv4 address, which counts for two. */
function groupBytes(groups: string): readonly number[] | null {
  if (groups === '') return [];
  const bytes: number[] = [];
  for (const group of groups.split(':')) {
    const quads = parseQuads(group);
    if (quads !== null) bytes.push(...quads);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return null;
  }
  return bytes;
}

/** IPv4 zero for no bytes, else an address of `fd00::/8`. */
function maskedAddress(text: string): Buffer | null {
  if (text === '') return Buffer.alloc(4);
  const bytes = Buffer.from(text, 'hex');
  if (bytes.length !== 16) return null;
  bytes[0] = 0xfd;
  return bytes;
}

function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return groups.join(':');
}
