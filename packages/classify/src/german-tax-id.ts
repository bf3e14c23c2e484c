import { passesMod1110 } from './check-digits.ts';
import type { ValueDetector } from './detector.ts';

/**
 * German tax identification numbers of persons: one of the first ten digits stands there two or three times, no
 * other more than once, and the last is a check digit (Bundeszentralamt für Steuern, § 139b AO; ISO/IEC 7064 MOD 11,10).
 */
export const GERMAN_TAX_ID: ValueDetector = {
  finds: 'German tax id',
  label: 'pii.tax-id',
  chance: 0.004,
  enough: 0.25,
  judge(value) {
    const text = value.replace(/[ /]/g, '');
    if (!/^[1-9]\d{10}$/.test(text)) return 'other';
    return hasOneRepeated(text.slice(0, 10)) && passesMod1110(text) ? 'match' : 'near';
  },
};

function hasOneRepeated(digits: string): boolean {
  const counts = new Map<string, number>();
  for (const digit of digits) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  const repeated = [...counts].filter(([, count]) => count > 1);
  const [only] = repeated;
  if (only === undefined || repeated.length > 1 || only[1] > 3) return false;
  return !digits.includes(only[0].repeat(3));
}
