import type { ValueDetector } from './detector.ts';

/** Printed in advertisements and on sample cards, and never given out again. */
const WITHDRAWN: ReadonlySet<string> = new Set(['078051120', '219099999']);

/**
 * US social security numbers. They have no check digit; area, group and serial that are never given out are
 * (Social Security Administration, POMS RM 10201.035). Nine bare digits count only under a name that says so.
 */
export const US_SOCIAL_SECURITY_NUMBER: ValueDetector = {
  finds: 'US social security number',
  label: 'pii.national-id',
  chance: 0.89,
  enough: 0.25,
  judge(value) {
    const parts = /^(\d{3})([ -]?)(\d{2})\2(\d{4})$/.exec(value);
    if (parts === null) return 'other';
    const [, area = '', separator, group = '', serial = ''] = parts;
    if (!isGivenOut(area, group, serial)) return separator === '' ? 'other' : 'near';
    return separator === '' ? 'weak' : 'match';
  },
};

function isGivenOut(area: string, group: string, serial: string): boolean {
  if (area === '000' || area === '666' || area >= '900') return false;
  return group !== '00' && serial !== '0000' && !WITHDRAWN.has(area + group + serial);
}
