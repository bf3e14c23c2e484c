import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maskExample } from './mask-example.ts';

test('shows what a value looks like', () => {
  expect(maskExample('ana.baker@mail.example.com')).toBe('a…@…com');
  expect(maskExample('4111111111111111')).toBe('4…1');
  expect(maskExample('secret')).toBe('…');
  expect(maskExample('')).toBe('');
});

test('prints nothing that moves a cursor or hides a character', () => {
  expect(maskExample('\u001b[2Jsomething\n')).toBe('·…·');
  expect(maskExample(`\u202e${'a'.repeat(10)}`)).toBe('·…a');
  expect(maskExample('😀 12345678 😀')).toBe('😀…😀');
});

test('never shows more than two characters and the last part of a domain', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const shown = maskExample(value);
      const characters = [...shown.replaceAll('…', '')].length;
      expect(characters).toBeLessThanOrEqual(shown.includes('@') ? 14 : 2);
      expect(shown).not.toMatch(/\p{Cc}/u);
    }),
  );
});
