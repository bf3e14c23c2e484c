import type { ValueDetector } from './detector.ts';

const FORM = /^[XYZ\d]\d{7}[A-Z]$/;
const LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE';

/** Spanish identity numbers of citizens (DNI) and residents (NIE), by their control letter (Ministerio del Interior, Real Decreto 1553/2005). */
export const SPANISH_IDENTITY_NUMBER: ValueDetector = {
  finds: 'Spanish identity number',
  label: 'pii.national-id',
  chance: 0.044,
  enough: 0.25,
  judge(value) {
    const text = value.replace(/[ .-]/g, '').toUpperCase();
    if (!FORM.test(text)) return 'other';
    const number = Number(text.slice(0, 8).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter))));
    return LETTERS[number % 23] === text[8] ? 'match' : 'near';
  },
};
