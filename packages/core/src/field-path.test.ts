import { describe, expect, it } from 'vitest';
import { compileFieldPattern, covers, expandPattern, fieldPatternFault, overlaps } from './field-path.ts';

describe('overlaps', () => {
  it.each([
    ['address', 'address.city', true],
    ['address.city', 'address', true],
    ['address.city', 'address.zip', false],
    ['address', 'addresses', false],
    ['email', 'EMAIL', true],
    ['email', '*', true],
    ['*', 'anything', true],
    ['*_email', 'work_email', true],
    ['customer.e*', 'customer', true],
    ['customer.e*', 'customer.email.domain', true],
    ['customer.e*', 'customer.name', false],
  ])('`%s` and `%s`: %s', (pattern, field, expected) => {
    expect(overlaps(compileFieldPattern(pattern), field)).toBe(expected);
  });
});

describe('covers', () => {
  it.each([
    ['address', 'address.city', true],
    ['address.city', 'address', false],
    ['id', '*', false],
    ['*', '*', true],
  ])('`%s` covers `%s`: %s', (pattern, field, expected) => {
    expect(covers(compileFieldPattern(pattern), field)).toBe(expected);
  });
});

describe('expandPattern', () => {
  const expand = (pattern: string, named: readonly string[], everything = false) =>
    [...expandPattern(compileFieldPattern(pattern), named, everything)].sort();

  it('names an exact field even when the request does not', () => {
    expect(expand('email', ['id'])).toEqual(['email']);
  });
  it('adds the spelling of the request, because masks are carried out by name', () => {
    expect(expand('email', ['Email'])).toEqual(['Email', 'email']);
  });
  it('turns wildcards into the fields that are named', () => {
    expect(expand('*_email', ['id', 'work_email', 'home_email'])).toEqual(['home_email', 'work_email']);
  });
  it('masks everything above a wildcard when more may be read than is named', () => {
    expect(expand('*_email', ['id'], true)).toEqual(['*']);
    expect(expand('customer.e*', [], true)).toEqual(['customer']);
  });
  it('masks a parent that is read when what lies below it is a wildcard', () => {
    expect(expand('customer.e*', ['customer'])).toEqual(['customer']);
  });
  it('cuts deeper paths to what is protected', () => {
    expect(expand('Customer', ['customer.email'])).toEqual(['Customer', 'customer']);
  });
});

it.each([['*.email'], ['a..b'], ['.a'], ['a.*.b']])('refuses the pattern `%s`', (pattern) => {
  expect(fieldPatternFault(pattern)).toBeDefined();
});
