import { ERROR_KINDS, GatewayError } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { errorFields, redactedFields } from './error-fields.ts';

describe('an error in the words of Postgres', () => {
  it.each([
    ['denied', '42501'],
    ['needs-approval', '42501'],
    ['authentication', '28P01'],
    ['overloaded', '53300'],
    ['shutdown', '57P01'],
    ['timeout', '57014'],
  ] as const)('of kind %s has SQLSTATE %s', (kind, code) => {
    expect(errorFields(new GatewayError(kind, 'x', 'words'), 'ERROR').get('C')).toBe(code);
  });

  it('has a code of five characters for every kind', () => {
    for (const kind of ERROR_KINDS)
      expect(errorFields(new GatewayError(kind, 'x', 'words'), 'FATAL').get('C')).toMatch(/^[0-9A-Z]{5}$/);
  });

  it.each([
    ['unknown-prepared-statement', '26000'],
    ['unknown-portal', '34000'],
    ['not-utf8', '22021'],
  ])('has the code that drivers look for: %s', (code, sqlstate) => {
    expect(errorFields(new GatewayError('protocol', code, 'words'), 'ERROR').get('C')).toBe(sqlstate);
  });

  it('says which rule, which request, and what to do instead', () => {
    const error = new GatewayError('denied', 'denied-by-rule', 'no', { context: { rule: 'p/r' } });
    const fields = errorFields(error, 'ERROR', { requestId: 'r-1', hint: 'ask' });
    expect([fields.get('D'), fields.get('H')]).toEqual(['rule p/r, request r-1', 'ask']);
  });

  it('keeps of a redacted one what went wrong and where, and no text of the server', () => {
    const fields = new Map(
      [...'SVCMDHPpqWstcdnFLR'].map(
        (letter) => [letter, letter === 'C' ? '23505' : `s3cr3t ${letter}`] as const,
      ),
    );
    const kept = redactedFields(fields);
    expect([...kept.keys()].sort().join('')).toBe('CMPSVcdnst');
    expect(kept.get('C')).toBe('23505');
    expect(kept.get('M')).not.toContain('s3cr3t');
  });
});
