import type { ValueDetector } from './detector.ts';

const QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const QUAD_FORM = /^\d{1,5}(?:\.\d{1,5}){3}$/;
const GROUPS = /^[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}$/i;

/**
 * IP addresses of hosts: IPv4 as four numbers, IPv6 as in RFC 4291. Networks (`10.0.0.0/8`) are not about a person.
 * Versions of four small numbers look the same; the name of the column may say so.
 */
export const IP_ADDRESS: ValueDetector = {
  finds: 'IP address',
  label: 'pii.ip',
  chance: 0.3,
  enough: 0.25,
  judge(value) {
    const host = value.replace(/\/(?:32|128)$/, '');
    if (QUAD.test(host)) return isNobody(host) ? 'weak' : 'match';
    if (QUAD_FORM.test(host)) return 'near';
    return isIpv6(host) ? 'match' : 'other';
  },
};

function isNobody(host: string): boolean {
  return host === '0.0.0.0' || host.startsWith('127.') || host === '255.255.255.255';
}

function isIpv6(host: string): boolean {
  const quad = /^(.*:)([\d.]+)$/.exec(host);
  if (quad !== null && quad[2]!.includes('.')) return QUAD.test(quad[2]!) && isIpv6(`${quad[1]}0:0`);
  if (!GROUPS.test(host) || !/[0-9a-f]/i.test(host)) return false;
  const halves = host.split('::');
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (groups.flat().some((group) => group === '')) return false;
  const count = groups.flat().length;
  return halves.length === 2 ? count <= 7 : count === 8;
}
