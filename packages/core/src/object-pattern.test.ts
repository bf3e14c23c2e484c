import type { ObjectRef } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { compileObjectPattern, isWellFormed, objectKey } from './object-pattern.ts';

const relation = (...path: readonly string[]): ObjectRef => ({ kind: 'relation', path });

describe('compileObjectPattern', () => {
  it.each([
    ['public.customers', ['public', 'customers'], true],
    ['*.customers', ['shop', 'customers'], true],
    ['public.pay*', ['public', 'payments'], true],
    ['shop.*', ['shop', 'a.b.c'], true],
    ['support.fs.files', ['support', 'fs.files'], true],
    ['support.fs.files', ['support.fs', 'files'], false],
    ['public.customers', ['publicx', 'customers'], false],
    ['*', ['any', 'thing'], true],
    ['admin', ['admin'], true],
    ['admin', ['admin', 'x'], false],
    ['*.*', ['admin'], false],
  ])('`%s` against %j: %s', (pattern, path, expected) => {
    expect(compileObjectPattern(pattern).matches(relation(...path))).toBe(expected);
  });
});

it('takes a relation without a namespace, or without a path, for not understood', () => {
  expect(isWellFormed(relation('customers'))).toBe(false);
  expect(isWellFormed({ kind: 'role', path: [] })).toBe(false);
  expect(isWellFormed({ kind: 'role', path: ['admin'] })).toBe(true);
});

it('gives different objects different keys, whatever their names hold', () => {
  expect(objectKey(relation('a.b', 'c'))).not.toBe(objectKey(relation('a', 'b.c')));
  expect(objectKey(relation('a', 'b'))).not.toBe(objectKey(relation('a","b')));
});
