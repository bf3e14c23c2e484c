import { describe, expect, test } from 'vitest';
import { IBAN } from './iban.ts';

describe('the detector of IBANs', () => {
  test.each([
    'GB82WEST12345698765432',
    'DE89370400440532013000',
    'de89 3704 0044 0532 0130 00',
    'NO9386011117947',
    'MT84MALT011000012345MTLCAST001S',
  ])('takes %s for one', (value) => expect(IBAN.judge(value)).toBe('match'));

  test.each([
    ['DE89370400440532013001', 'the check digits are wrong'],
    ['DE8937040044053201300', 'it is too short for its country'],
    ['QQ89370400440532013000', 'no country of the registry'],
  ])('counts %s against a column: %s', (value) => expect(IBAN.judge(value)).toBe('near'));

  test.each(['', 'DE', 'INV-2025-000123', 'DE136695976', '4711081599'])('does not take %j for one', (value) =>
    expect(IBAN.judge(value)).toBe('other'),
  );

  test('finds one inside a sentence', () => {
    expect(IBAN.isWithin?.('pay to DE89 3704 0044 0532 0130 00 today')).toBe(true);
    expect(IBAN.isWithin?.('part AB12 3456 7890 1234 is out')).toBe(false);
  });
});
