import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMaskToken } from './mask-token.ts';
import type { MaskColumn } from './mask-type.ts';
import { createMasker } from './masker.ts';

const key = Buffer.alloc(32, 7);
const otherKey = Buffer.alloc(32, 8);
const masker = createMasker({ kind: 'token' }, { key });

function token(column: MaskColumn, value: string): string | null {
  const mask = masker.column(column);
  return mask.kind === 'constant' ? mask.value : mask.mask(value);
}

/** The shape of a text: digits, letters by case, and everything else as it is. */
function shape(text: string): string {
  return text.replace(/[0-9]/g, '9').replace(/[a-z]/g, 'a').replace(/[A-Z]/g, 'A');
}

describe('isMaskToken', () => {
  it('knows every token of a text again, and not with another key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
        const masked = token({ type: 'text' }, value)!;
        return isMaskToken(masked, key) && masked !== value;
      }),
    );
    expect(isMaskToken(token({ type: 'text' }, 'Annalena Schmidt')!, otherKey)).toBe(false);
  });

  it.each([
    ['integer', { type: 'integer', bits: 32 }, '42'],
    ['integer', { type: 'integer', bits: 64 }, '-9223372036854775808'],
    ['decimal', { type: 'decimal' }, '19.99'],
    ['decimal', { type: 'decimal', precision: 12, scale: 2 }, '19.99'],
    ['float', { type: 'float' }, '0.5'],
    ['uuid', { type: 'uuid' }, '3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
    ['bytes', { type: 'bytes' }, 'ff'],
    ['json', { type: 'json' }, '{"a":1}'],
  ] as const)('knows the token of %s %j again', (type, column, value) => {
    const masked = token(column, value)!;
    expect(isMaskToken(masked, key, type)).toBe(true);
    expect(isMaskToken(masked, otherKey, type)).toBe(false);
    if (type === 'decimal') expect(isMaskToken(`${masked}.00`, key, type)).toBe(true);
  });

  it('does not take ordinary values for tokens', () => {
    const plain = [
      '',
      'a',
      'mask_',
      'mask_aaaaaaaaaaaaaaaaaaaa',
      '4111 1111 1111 1111',
      'ana@example.com',
      '***',
    ];
    for (const value of plain) expect(isMaskToken(value, key), value).toBe(false);
    let accidents = 0;
    for (let value = 1; value <= 20_000; value++) if (isMaskToken(String(value), key, 'integer')) accidents++;
    expect(accidents).toBeLessThan(5);
    expect(isMaskToken('9'.repeat(1 << 20), key)).toBe(false);
    for (const type of ['boolean', 'date', 'time', 'timestamp', 'other'] as const)
      expect(isMaskToken('x', key, type)).toBe(false);
  });

  it('notices every changed character', () => {
    const masked = token({ type: 'text' }, '4111-1111-1111-1111')!;
    for (let at = 0; at < masked.length; at++) {
      const changed = masked[at] === '1' ? '2' : '1';
      expect(isMaskToken(masked.slice(0, at) + changed + masked.slice(at + 1), key)).toBe(false);
    }
  });
});

describe('token', () => {
  it.each([
    '4111-1111-1111-1111',
    '+1 (555) 123-4567',
    'ana@example.com',
    'Annalena Schmidt',
    'DE89 3704 0044 0532 0130 00',
  ])('keeps the format of %s', (value) => {
    const masked = token({ type: 'text' }, value)!;
    expect(shape(masked)).toBe(shape(value));
    expect(masked).not.toBe(value);
  });

  it('gives a form of its own to texts that are too short to carry a check, and NULL where it does not fit', () => {
    expect(token({ type: 'text' }, 'Ana')).toMatch(/^mask_[a-z2-7]{20}$/);
    expect(token({ type: 'text', maxLength: 20 }, 'Ana')).toMatch(/^mask_[a-z2-7]{15}$/);
    expect(token({ type: 'text', maxLength: 14 }, 'Ana')).toBeNull();
    expect(token({ type: 'text' }, '...---...')).toMatch(/^mask_/);
    expect(token({ type: 'text' }, 'x'.repeat(257))).toMatch(/^mask_/);
    expect(token({ type: 'text' }, '')).toBe('');
  });

  it('replaces letters and digits of every script', () => {
    expect(token({ type: 'text' }, 'Ångström 東京都 Жуков ٣٤٥')).toMatch(
      /^[A-Z][a-z]{7} [a-z]{3} [A-Z][a-z]{4} [0-9]{3}$/,
    );
  });

  it('gives NULL where a number has no room for a check', () => {
    expect(token({ type: 'integer', bits: 16 }, '42')).toBeNull();
    expect(token({ type: 'decimal', precision: 9, scale: 2 }, '42')).toBeNull();
    expect(token({ type: 'float', bits: 32 }, '42')).toBeNull();
    expect(token({ type: 'bytes', maxLength: 16 }, 'ff')).toBeNull();
  });

  it('gives a different token to almost every value', () => {
    const tokens = new Set<string | null>();
    for (let value = 0; value < 2000; value++)
      tokens.add(token({ type: 'text' }, `4111 1111 1111 ${String(value).padStart(4, '0')}`));
    expect(tokens.size).toBeGreaterThan(1998);
  });
});
