import { describe, expect, test } from 'vitest';
import { EMAIL_ADDRESS } from './email-address.ts';

describe('the detector of e-mail addresses', () => {
  test.each(['ana@example.com', 'a.b+c@mail.example.co.uk', "o'neill@example.org", 'jörg@müller.de'])(
    'takes %s for one',
    (value) => expect(EMAIL_ADDRESS.judge(value)).toBe('match'),
  );

  test.each([
    '',
    '@',
    'ana@',
    '@example.com',
    'ana@localhost',
    'ana@example..com',
    'ana example.com',
    'ana@example.com, bo@example.com',
    'postgres://app@db.example.com/shop',
    'npm/@scope/name',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b.'.repeat(200)}com`,
  ])('does not take %j for one', (value) => expect(EMAIL_ADDRESS.judge(value)).toBe('other'));

  test('finds one inside a sentence', () => {
    expect(EMAIL_ADDRESS.isWithin?.('please answer to ana@example.com, thank you.')).toBe(true);
    expect(EMAIL_ADDRESS.isWithin?.('meet @ the harbour')).toBe(false);
  });

  test('answers at once for a text that is made to be slow', () => {
    expect(EMAIL_ADDRESS.isWithin?.(`${'a@'.repeat(2_000)}!`)).toBe(false);
    expect(EMAIL_ADDRESS.isWithin?.(`a@${'b.'.repeat(2_000)}`)).toBe(false);
  });
});
