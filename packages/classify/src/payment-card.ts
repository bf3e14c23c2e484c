import { passesLuhn } from './check-digits.ts';
import type { ValueDetector } from './detector.ts';

/** First and last prefix of a range, and the lengths that its issuer gives out. Source: the issuers' published ranges under ISO/IEC 7812-1. */
const ISSUERS: readonly (readonly [from: string, to: string, lengths: readonly number[]])[] = [
  ['4', '4', [13, 16, 19]], // Visa
  ['51', '55', [16]], // Mastercard
  ['2221', '2720', [16]], // Mastercard
  ['34', '34', [15]], // American Express
  ['37', '37', [15]], // American Express
  ['6011', '6011', [16, 17, 18, 19]], // Discover
  ['644', '659', [16, 17, 18, 19]], // Discover
  ['3528', '3589', [16, 17, 18, 19]], // JCB
  ['300', '305', [14, 16, 19]], // Diners Club
  ['36', '36', [14, 16, 19]], // Diners Club
  ['38', '39', [14, 16, 19]], // Diners Club
  ['62', '62', [16, 17, 18, 19]], // UnionPay
  ['2200', '2204', [16, 17, 18, 19]], // Mir
  ['5018', '5018', [12, 13, 14, 15, 16, 17, 18, 19]], // Maestro
  ['5020', '5020', [12, 13, 14, 15, 16, 17, 18, 19]], // Maestro
  ['5038', '5038', [12, 13, 14, 15, 16, 17, 18, 19]], // Maestro
  ['6304', '6304', [12, 13, 14, 15, 16, 17, 18, 19]], // Maestro
  ['6759', '6763', [12, 13, 14, 15, 16, 17, 18, 19]], // Maestro
];

const FORM = /^\d{4}(?:[ -]?\d{2,7}){2,4}$|^\d{12,19}$/;
const WITHIN = /(?<![\d.,-])\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?![\d-])/g;

/**
 * Payment card numbers: an issuer's range, its length, and the Luhn digit.
 *
 * One number in ten passes Luhn by chance, so a column of numbers is one of cards only when nearly all pass:
 * digits of a card's length that fail count against it, whether an issuer has the range or not.
 */
export const PAYMENT_CARD: ValueDetector = {
  finds: 'payment card number',
  label: 'pii.card',
  chance: 0.1,
  enough: 0.25,
  judge(value) {
    if (!FORM.test(value)) return 'other';
    const digits = value.replace(/[ -]/g, '');
    if (digits.length < 12 || digits.length > 19) return 'other';
    return isIssued(digits) && passesLuhn(digits) && !/^(\d)\1+$/.test(digits) ? 'match' : 'near';
  },
  isWithin(text) {
    for (const [found] of text.matchAll(WITHIN)) if (PAYMENT_CARD.judge(found) === 'match') return true;
    return false;
  },
};

function isIssued(digits: string): boolean {
  return ISSUERS.some(([from, to, lengths]) => {
    const prefix = digits.slice(0, from.length);
    return prefix >= from && prefix <= to && lengths.includes(digits.length);
  });
}
