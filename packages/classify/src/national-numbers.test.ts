import { describe, expect, test } from 'vitest';
import type { Judgement, ValueDetector } from './detector.ts';
import { FRENCH_SOCIAL_SECURITY_NUMBER } from './french-social-security-number.ts';
import { GERMAN_TAX_ID } from './german-tax-id.ts';
import { ITALIAN_FISCAL_CODE } from './italian-fiscal-code.ts';
import { SPANISH_IDENTITY_NUMBER } from './spanish-identity-number.ts';
import { UK_NATIONAL_INSURANCE_NUMBER } from './uk-national-insurance-number.ts';
import { US_SOCIAL_SECURITY_NUMBER } from './us-social-security-number.ts';

const CASES: readonly (readonly [ValueDetector, readonly (readonly [string, Judgement])[]])[] = [
  [
    US_SOCIAL_SECURITY_NUMBER,
    [
      ['123-45-6789', 'match'],
      ['123 45 6789', 'match'],
      ['123456789', 'weak'],
      ['000-45-6789', 'near'],
      ['666-45-6789', 'near'],
      ['912-45-6789', 'near'],
      ['123-00-6789', 'near'],
      ['123-45-0000', 'near'],
      ['078-05-1120', 'near'],
      ['123-456-789', 'other'],
      ['123-45 6789', 'other'],
    ],
  ],
  [
    UK_NATIONAL_INSURANCE_NUMBER,
    [
      ['AB123456C', 'match'],
      ['ab 12 34 56 c', 'match'],
      ['BG123456C', 'near'],
      ['DA123456C', 'near'],
      ['AO123456C', 'near'],
      ['AB123456E', 'near'],
      ['AB12345C', 'other'],
    ],
  ],
  [
    FRENCH_SOCIAL_SECURITY_NUMBER,
    [
      ['255081416802538', 'match'],
      ['2 55 08 14 168 025 38', 'match'],
      ['255081416802539', 'near'],
      ['255131416802538', 'near'],
      ['155082A16802531', 'near'],
      ['955081416802538', 'other'],
      ['25508141680253', 'other'],
    ],
  ],
  [
    SPANISH_IDENTITY_NUMBER,
    [
      ['12345678Z', 'match'],
      ['12.345.678-z', 'match'],
      ['X1234567L', 'match'],
      ['12345678A', 'near'],
      ['X1234567A', 'near'],
      ['1234567Z', 'other'],
      ['W1234567L', 'other'],
    ],
  ],
  [
    ITALIAN_FISCAL_CODE,
    [
      ['RSSMRA85T10A562S', 'match'],
      ['rssmra85t10a562s', 'match'],
      ['RSSMRA85T10A562T', 'near'],
      ['RSSMRA85Z10A562S', 'other'],
      ['RSSMRA85T10A562', 'other'],
    ],
  ],
  [
    GERMAN_TAX_ID,
    [
      ['86095742719', 'match'],
      ['47 036 892 816', 'match'],
      ['86095742718', 'near'],
      ['12345678901', 'near'],
      ['11111111111', 'near'],
      ['06095742719', 'other'],
      ['8609574271', 'other'],
    ],
  ],
];

describe.each(CASES.map(([detector, cases]) => ({ finds: detector.finds, detector, cases })))(
  'the detector of: $finds',
  ({ detector, cases }) => {
    test.each(cases)('says of %s: %s', (value, expected) => expect(detector.judge(value)).toBe(expected));
    test.each(['', ' ', 'null', '0', '１２３-４５-６７８９', '\0'])('does not take %j for one', (value) =>
      expect(detector.judge(value)).toBe('other'),
    );
  },
);

test('knows the two departments of Corsica', () => {
  const keyOf = (body: string) => 97 - (Number(body) % 97);
  const key = String(keyOf('1550819168025')).padStart(2, '0');
  expect(FRENCH_SOCIAL_SECURITY_NUMBER.judge(`155082A168025${key}`)).toBe('match');
});
