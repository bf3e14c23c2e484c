import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import type { ValueDetector } from './detector.ts';

const INTERNATIONAL = /^\+[\d\s().\u2010-\u2015/-]{7,25}$/;
const NATIONAL = /^\(?\d[\d\s().\u2010-\u2015/-]{5,20}\d$/;
const WITHIN = /(?<![\w+])\+\d(?:[ ().-]{0,2}\d){6,14}(?!\d)/g;

/**
 * Telephone numbers in international form (ITU-T E.164), checked against the numbering plans of
 * libphonenumber. Numbers without a country code are told from other digits by the column's name only.
 */
export const PHONE_NUMBER: ValueDetector = {
  finds: 'telephone number',
  label: 'pii.phone',
  // Random digits after a plus: about a third fit the length and first digits of some country's plan.
  chance: 0.4,
  enough: 0.25,
  judge(value) {
    if (INTERNATIONAL.test(value))
      return parsePhoneNumberFromString(value)?.isValid() === true ? 'match' : 'near';
    return NATIONAL.test(value) && isDialable(value.replace(/\D/g, '')) ? 'weak' : 'other';
  },
  isWithin(text) {
    for (const [found] of text.matchAll(WITHIN)) if (PHONE_NUMBER.judge(found) === 'match') return true;
    return false;
  },
};

function isDialable(digits: string): boolean {
  return digits.length >= 7 && digits.length <= 15;
}
