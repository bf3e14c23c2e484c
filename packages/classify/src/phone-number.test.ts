import { describe, expect, test } from 'vitest';
import { PHONE_NUMBER } from './phone-number.ts';

describe('the detector of telephone numbers', () => {
  test.each(['+1 202 555 0143', '+44 20 7946 0018', '+49 (30) 23125-101', '+33199001234'])(
    'takes %s for one',
    (value) => expect(PHONE_NUMBER.judge(value)).toBe('match'),
  );

  test.each(['+999 123 456 789', '+1 202 555 01', '+000000000000'])('counts %s against a column', (value) =>
    expect(PHONE_NUMBER.judge(value)).toBe('near'),
  );

  test.each(['020 7946 0018', '(202) 555-0143', '2025550143', '4711081599'])(
    'needs the name of the column for %s',
    (value) => expect(PHONE_NUMBER.judge(value)).toBe('weak'),
  );

  test.each(['', '+', 'call me', '12', '+49 call', '2026-11-23 16:00', '1.5e10'])(
    'does not take %j for one',
    (value) => expect(PHONE_NUMBER.judge(value)).toBe('other'),
  );

  test('finds one inside a sentence', () => {
    expect(PHONE_NUMBER.isWithin?.('call back on +49 30 23125 101 before delivery')).toBe(true);
    expect(PHONE_NUMBER.isWithin?.('order 4711081599 + 3 more')).toBe(false);
  });
});
