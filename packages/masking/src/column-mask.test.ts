import { describe, expect, it } from 'vitest';
import { createMasker } from './masker.ts';

const masker = createMasker({ kind: 'year' }, { key: Buffer.alloc(16) });

describe('year', () => {
  it.each([
    ['date', '1984-02-29', '1984-01-01'],
    ['date', '12026-06-01', '12026-01-01'],
    ['date', '-0043-03-15', '-0043-01-01'],
    ['timestamp', '2026-11-23 10:20:30.123456', '2026-01-01 00:00:00'],
    ['timestamp', '2026-11-23 24:00:00', '2026-01-01 00:00:00'],
    ['date', '2026-13-01', null],
    ['date', '2026-00-10', null],
    ['timestamp', '2026-11-23', null],
    ['timestamp', 'infinity', null],
    ['time', '10:20:30', null],
    ['integer', '1984', null],
  ] as const)('cuts the %s %s to %s', (type, value, expected) => {
    expect(masker.apply(type, value)).toBe(expected);
  });
});
