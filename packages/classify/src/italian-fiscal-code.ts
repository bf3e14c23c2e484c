import type { ValueDetector } from './detector.ts';

/** Digits may be letters where two people would have the same code. */
const DIGIT = '[0-9LMNP-V]';
const FORM = new RegExp(`^[A-Z]{6}${DIGIT}{2}[ABCDEHLMPRST]${DIGIT}{2}[A-Z]${DIGIT}{3}[A-Z]$`);
const SYMBOLS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** What a symbol counts at the first, third, … place. */
const ODD = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
  10, 22, 25, 24, 23,
] as const;

/** Italian codici fiscali of persons, by form and control letter (Decreto ministeriale 23 December 1976, n. 13813). */
export const ITALIAN_FISCAL_CODE: ValueDetector = {
  finds: 'Italian fiscal code',
  label: 'pii.national-id',
  chance: 0.039,
  enough: 0.25,
  judge(value) {
    const text = value.replace(/ /g, '').toUpperCase();
    if (!FORM.test(text)) return 'other';
    let sum = 0;
    for (let place = 0; place < 15; place++) {
      const symbol = SYMBOLS.indexOf(text[place]!);
      sum += place % 2 === 0 ? ODD[symbol]! : symbol < 10 ? symbol : symbol - 10;
    }
    return text.charCodeAt(15) - 65 === sum % 26 ? 'match' : 'near';
  },
};
