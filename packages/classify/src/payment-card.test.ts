import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PAYMENT_CARD } from './payment-card.ts';

describe('the detector of payment cards', () => {
  test.each([
    '4111111111111111',
    '4111 1111 1111 1111',
    '5555-5555-5555-4444',
    '2223003122003222',
    '378282246310005',
    '3782 822463 10005',
    '6011111111111117',
    '3530111333300000',
    '30569309025904',
  ])('takes %s for one', (value) => expect(PAYMENT_CARD.judge(value)).toBe('match'));

  test.each([
    ['4111111111111112', 'the Luhn digit is wrong'],
    ['9111111111111111', 'nobody issues the range'],
    ['0000000000000000', 'it is nothing but zeros'],
    ['490154203237518', 'it is the serial number of a telephone, with a right Luhn digit'],
  ])('counts %s against a column: %s', (value) => expect(PAYMENT_CARD.judge(value)).toBe('near'));

  test.each(['', '4111', 'visa', '2026-11-23', '4111x1111x1111x1111', '1'.repeat(40)])(
    'does not take %j for one',
    (value) => expect(PAYMENT_CARD.judge(value)).toBe('other'),
  );

  test('lets no more than one random number in ten pass, whatever range it is from', () => {
    const passed = fc
      .sample(fc.stringMatching(/^4\d{15}$/), { numRuns: 5_000, seed: 1 })
      .filter((value) => PAYMENT_CARD.judge(value) === 'match').length;
    expect(passed / 5_000).toBeLessThan(0.15);
    expect(passed).toBeGreaterThan(0);
  });

  test('finds one inside a sentence', () => {
    expect(PAYMENT_CARD.isWithin?.('charge 4111 1111 1111 1111 please')).toBe(true);
    expect(PAYMENT_CARD.isWithin?.('parcel 4111 1111 1111 1112 is late')).toBe(false);
  });
});
