import type { ValueDetector } from './detector.ts';

/** Each service's published form of its keys; all begin with a word of their own, so nothing else looks like one. */
const KEY = [
  '(?:AKIA|ASIA)[A-Z2-7]{16}', // AWS access key ids
  'AIza[\\w-]{35}', // Google API keys
  'GOCSPX-[\\w-]{28}', // Google OAuth client secrets
  'gh[pousr]_[A-Za-z0-9]{36,251}', // GitHub tokens
  'github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}', // GitHub fine-grained tokens
  'xox[abeoprs]-[A-Za-z0-9-]{10,250}', // Slack tokens
  'xapp-\\d-[A-Z0-9]{8,20}-\\d{8,20}-[a-z0-9]{16,100}', // Slack app tokens
  '(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,247}', // Stripe keys
  'whsec_[A-Za-z0-9+/=]{24,100}', // Stripe webhook secrets
].join('|');
/** RFC 7468, and the armour of OpenPGP. */
const PRIVATE_KEY = '-----BEGIN (?:[A-Z]{2,12} )?PRIVATE KEY(?: BLOCK)?-----';

const WHOLE = new RegExp(`^(?:(?:${KEY})$|${PRIVATE_KEY})`);
const WITHIN = new RegExp(`(?<![A-Za-z0-9_])(?:(?:${KEY})(?![A-Za-z0-9_])|${PRIVATE_KEY})`);

/** Keys of cloud services (AWS, Google, GitHub, Slack, Stripe) and private keys in PEM form. */
export const SERVICE_KEY: ValueDetector = {
  finds: 'key of a cloud service or private key',
  label: 'secret',
  chance: 0,
  enough: 0.02,
  judge: (value) => (WHOLE.test(value) ? 'match' : 'other'),
  isWithin: (text) => WITHIN.test(text),
};
