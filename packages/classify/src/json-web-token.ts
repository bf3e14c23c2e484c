import type { ValueDetector } from './detector.ts';

const FORM = /^(eyJ[\w-]{5,2000})\.(eyJ[\w-]{2,20000})\.([\w-]{0,4000})$/;
const WITHIN = /(?<![\w-])eyJ[\w-]{5,2000}\.eyJ[\w-]{2,20000}\.[\w-]*/;

/** JSON web tokens in compact form (RFC 7515, 7519): three parts, the first of which names an algorithm. */
export const JSON_WEB_TOKEN: ValueDetector = {
  finds: 'JSON web token',
  label: 'secret',
  chance: 0,
  enough: 0.02,
  judge(value) {
    const head = FORM.exec(value)?.[1];
    return head !== undefined && namesAlgorithm(head) ? 'match' : 'other';
  },
  isWithin(text) {
    const found = WITHIN.exec(text)?.[0];
    return found !== undefined && JSON_WEB_TOKEN.judge(found) === 'match';
  },
};

function namesAlgorithm(part: string): boolean {
  try {
    const head: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof head === 'object' && head !== null && 'alg' in head && typeof head.alg === 'string';
  } catch {
    return false;
  }
}
