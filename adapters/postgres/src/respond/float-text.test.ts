import { describe, expect, it } from 'vitest';
import { formatFloat } from './float-text.ts';

describe('a number in the text of the server', () => {
  // What `select x::float8, x::float4` of a Postgres 18 prints.
  it.each([
    [0, '0', '0'],
    [-0, '-0', '-0'],
    [1.5, '1.5', '1.5'],
    [-0.001, '-0.001', '-0.001'],
    [0.1, '0.1', '0.1'],
    [100_000, '100000', '100000'],
    [999_999, '999999', '999999'],
    [1_000_000, '1000000', '1e+06'],
    [-1_234_567, '-1234567', '-1.234567e+06'],
    [0.0001, '0.0001', '0.0001'],
    [0.00001, '1e-05', '1e-05'],
    [123_456_789_012_345, '123456789012345', '1.2345679e+14'],
    [1e15, '1e+15', '1e+15'],
    [3.25e-20, '3.25e-20', '3.25e-20'],
  ])('is that of %d', (value, double, single) => {
    expect([formatFloat(value, 64), formatFloat(Math.fround(value), 32)]).toEqual([double, single]);
  });

  it('is a word where it is none', () => {
    expect([Number.NaN, Number.POSITIVE_INFINITY].map((value) => formatFloat(value, 64))).toEqual([
      'NaN',
      'Infinity',
    ]);
  });
});
