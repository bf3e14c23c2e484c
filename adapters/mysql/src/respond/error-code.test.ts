import { ERROR_KINDS, GatewayError } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { CODE_OF_KIND, encodeError, serverCodeOf } from './error-code.ts';

describe('error codes', () => {
  it('has a server code for every kind, and none that belongs to clients', () => {
    expect(Object.keys(CODE_OF_KIND).sort()).toEqual([...ERROR_KINDS].sort());
    for (const { code, sqlState } of Object.values(CODE_OF_KIND)) {
      expect(code >= 1000 && (code < 2000 || code >= 3000)).toBe(true);
      expect(sqlState).toMatch(/^[0-9A-Z]{5}$/);
    }
  });

  it('prefers the code that the server has for a particular error', () => {
    expect(serverCodeOf(new GatewayError('denied', 'unknown-statement', 'x')).code).toBe(1243);
    expect(serverCodeOf(new GatewayError('denied', 'anything', 'x'))).toEqual({
      code: 1142,
      sqlState: '42000',
    });
  });

  it('writes message and hint as one ERR packet', () => {
    const packet = encodeError(4, new GatewayError('denied', 'x', 'no'), 'ask somebody');
    expect(packet[3]).toBe(4);
    expect(packet.subarray(4).toString('latin1')).toBe('\xff\x76\x04#42000gatehouse: no; hint: ask somebody');
  });
});
