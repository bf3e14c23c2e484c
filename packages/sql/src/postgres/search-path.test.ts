import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSearchPath, parseSearchPath, truncateName } from './search-path.ts';

describe('parseSearchPath', () => {
  it.each([
    ['"$user", public', ['$user', 'public']],
    ['Public , "Public"', ['public', 'Public']],
    ['"a""b","c,d"', ['a"b', 'c,d']],
    ['', []],
    ['  ', []],
  ])('reads `%s`', (value, entries) => {
    expect(parseSearchPath(value)).toEqual(entries);
  });

  it.each(['a,', ',a', 'a b', '"a', '""', 'a"b"', 'a,,b'])('refuses `%s` as the server does', (value) => {
    expect(parseSearchPath(value)).toBeNull();
  });

  it('reads back what formatSearchPath wrote', () => {
    const name = fc.string({ minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (entries) => {
        expect(parseSearchPath(formatSearchPath(entries))).toEqual(entries);
      }),
    );
  });
});

describe('truncateName', () => {
  it('cuts at 63 bytes and never inside a character', () => {
    expect(truncateName('x'.repeat(70))).toBe('x'.repeat(63));
    expect(truncateName('é'.repeat(40))).toBe('é'.repeat(31));
    expect(truncateName('short')).toBe('short');
  });
});
