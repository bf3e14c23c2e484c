import type { ValueDetector } from './detector.ts';

const LOCAL = "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\\u0080-\\u{10ffff}-]{1,64}";
const NAME = '[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?';
const WHOLE = new RegExp(`^${LOCAL}@(?:${NAME}\\.)+\\p{L}{2,63}$`, 'u');
/** No look to the left of the local part: what stands before it does not make it less of an address. */
const WITHIN = /[A-Za-z0-9._%+-]@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])/;
const MAX_BYTES = 254;

/** E-mail addresses as people have them: RFC 5321 without quoted local parts and address literals, RFC 6531 letters allowed. */
export const EMAIL_ADDRESS: ValueDetector = {
  finds: 'e-mail address',
  label: 'pii.email',
  chance: 0,
  enough: 0.25,
  judge: (value) => (value.length <= MAX_BYTES && WHOLE.test(value) ? 'match' : 'other'),
  isWithin: (text) => WITHIN.test(text),
};
