import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partialText } from './partial-text.ts';

describe('partialText', () => {
  it.each([
    ['4111111111111111', 0, 4, '************1111'],
    ['Annalena', 2, 1, 'An*****a'],
    ['ana@example.com', 1, 0, 'a**@e******.com'],
    ['a@b.co', 1, 1, '*@*.co'],
    ['a@b@c.de', 1, 0, 'a*******'],
    ['', 1, 1, ''],
    ['a', 1, 0, '*'],
    ['ab', 1, 1, '**'],
    ['abc', 1, 1, 'a*c'],
    ['abc', 0, 0, '***'],
    ['🔒🔑🗝', 1, 1, '🔒*🗝'],
    ['🔒🔑', 1, 1, '**'],
    ['a\ud800b', 1, 1, 'a*b'],
  ])('turns %j into its ends (%d, %d)', (value, keepFirst, keepLast, expected) => {
    expect(partialText(value, keepFirst, keepLast)).toBe(expected);
  });

  it('hides a value that would be shown whole', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), fc.nat(20), (value, first, last) => {
        const length = [...value].length;
        fc.pre(length <= first + last && !value.includes('@'));
        return partialText(value, first, last) === '*'.repeat(length);
      }),
    );
  });

  it('keeps the number of code points and shows no more than asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(5), fc.nat(5), (value, first, last) => {
        fc.pre(!value.includes('@'));
        const [before, after] = [[...value], [...partialText(value, first, last)]];
        const shown = after.filter((character) => character !== '*');
        return before.length === after.length && shown.length <= first + last;
      }),
    );
  });

  it('shows nothing of a local part as short as what it would keep', () => {
    expect(partialText('ana@example.com', 2, 2)).toBe('***@ex***le.com');
  });
});
