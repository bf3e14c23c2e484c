import { remainder } from './check-digits.ts';
import type { ValueDetector } from './detector.ts';

const FORM = /^[1-478]\d{4}(?:\d{2}|2[AB])\d{8}$/;
/** Months are 01 to 12; the others stand for births whose month is not known. */
const MONTH = /^(?:0[1-9]|1[0-2]|20|3\d|4[0-2]|[5-9]\d)$/;

/** French registration numbers (NIR): month, department with Corsica, and the key of 97 (INSEE, decree 82-103, annex). */
export const FRENCH_SOCIAL_SECURITY_NUMBER: ValueDetector = {
  finds: 'French social security number',
  label: 'pii.national-id',
  chance: 0.011,
  enough: 0.25,
  judge(value) {
    const text = value.replace(/[ .-]/g, '').toUpperCase();
    if (!FORM.test(text)) return 'other';
    const body = text.slice(0, 13).replace('2A', '19').replace('2B', '18');
    const keyed = 97 - remainder(body, 97) === Number(text.slice(13));
    return MONTH.test(text.slice(3, 5)) && keyed ? 'match' : 'near';
  },
};
