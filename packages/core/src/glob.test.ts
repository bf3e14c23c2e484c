import { describe, expect, it } from 'vitest';
import { compileGlob, compileGlobs } from './glob.ts';

describe('compileGlob', () => {
  it.each([
    ['public', 'public', true],
    ['public', 'Public', false],
    ['pay*', 'payments', true],
    ['pay*', 'pay', true],
    ['*pay', 'repay', true],
    ['a*b*c', 'axxbyyc', true],
    ['a*b*c', 'axxbyy', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*', '', true],
    ['', 'a', false],
    ['a.b', 'axb', false],
    ['[a]', 'a', false],
    ['__proto__', '__proto__', true],
  ])('matches `%s` against `%s`: %s', (pattern, text, expected) => {
    expect(compileGlob(pattern).matches(text)).toBe(expected);
  });

  it('ignores case only when asked to', () => {
    expect(compileGlob('Pay*', { ignoreCase: true }).matches('PAYMENTS')).toBe(true);
    expect(compileGlob('Pay*').matches('PAYMENTS')).toBe(false);
  });

  it('stays fast on a pattern and a name made to be slow', () => {
    const start = performance.now();
    expect(compileGlob(`${'*a'.repeat(30)}b`).matches('a'.repeat(20_000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

it('compileGlobs never matches for an empty list', () => {
  expect(compileGlobs([])('anything')).toBe(false);
});
