import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MaskColumn } from './mask-type.ts';
import { createRounding } from './round-number.ts';

function round(column: MaskColumn, step: number, value: string): string | null {
  return createRounding(column, step)(value);
}

describe('createRounding', () => {
  it.each([
    [{ type: 'integer' }, 1000, '1499', '1000'],
    [{ type: 'integer' }, 1000, '1500', '2000'],
    [{ type: 'integer' }, 1000, '-1500', '-2000'],
    [{ type: 'integer' }, 1000, '-499', '0'],
    [{ type: 'integer', bits: 16 }, 1000, '32767', '32000'],
    [{ type: 'integer', bits: 64 }, 10, '9223372036854775807', '9223372036854775800'],
    [{ type: 'integer', bits: 64, unsigned: true }, 10, '18446744073709551615', '18446744073709551610'],
    [{ type: 'integer' }, 0.5, '7', '7'],
    [{ type: 'decimal' }, 100, '12345.67', '12300.00'],
    [{ type: 'decimal' }, 0.05, '1.07', '1.05'],
    [{ type: 'decimal' }, 0.5, '3', '3'],
    [{ type: 'decimal' }, 0.5, '1.3', '1.5'],
    [{ type: 'decimal' }, 2.5, '4', '5'],
    [{ type: 'decimal' }, 1e21, '1499999999999999999999', '1000000000000000000000'],
    [{ type: 'decimal' }, 1e-7, '0.00000014', '0.00000010'],
    [{ type: 'decimal' }, 1, '1.5E+3', '1500'],
    [{ type: 'decimal', precision: 3, scale: 0 }, 1000, '999', '0'],
    [{ type: 'decimal' }, 10, '-0.00', '0.00'],
    [{ type: 'float' }, 0.5, '1.3', '1.5'],
    [{ type: 'float' }, 10, '-4', '0'],
    [{ type: 'float' }, 1e-300, '1e+300', null],
    [{ type: 'float' }, 4, '10', '12'],
    [{ type: 'float', bits: 32 }, 0.1, '0.26', String(Math.fround(0.3))],
    [{ type: 'float' }, 1.5e308, '1.7e+308', '1.5e+308'],
  ] as const)('rounds %j by %d: %s', (column, step, value, expected) => {
    expect(round(column, step, value)).toBe(expected);
  });

  it('is never further away than half a step, for numbers of any length', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.integer({ min: 1, max: 1_000_000 }), (value, step) => {
        const rounded = BigInt(round({ type: 'decimal' }, step, value.toString())!);
        const distance = rounded > value ? rounded - value : value - rounded;
        return rounded % BigInt(step) === 0n && distance * 2n <= BigInt(step);
      }),
    );
  });
});
