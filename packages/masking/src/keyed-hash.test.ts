import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedHash } from './keyed-hash.ts';

const keys = fc.uint8Array({ minLength: 0, maxLength: 200 }).map((bytes) => Buffer.from(bytes));

function expected(key: Buffer, ...parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest('hex');
}

describe('KeyedHash', () => {
  it('gives what createHmac gives, for texts', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 300 }));
    const purposes = fc.stringMatching(/^[a-zé:-]{0,20}$/);
    fc.assert(
      fc.property(keys, purposes, texts, (key, purpose, text) => {
        expect(new KeyedHash(key).digest(purpose, text).toString('hex')).toBe(
          expected(key, `${purpose}\0`, text),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('gives what createHmac gives, for every length around the borders of blocks', () => {
    const key = Buffer.alloc(32, 9);
    const hash = new KeyedHash(key);
    const value = Buffer.from(Array.from({ length: 600 }, (_, at) => (at * 37) & 0xff));
    for (let length = 0; length <= value.length; length++) {
      const part = value.subarray(0, length);
      expect(hash.digestBytes(part.subarray(0, 3), part.subarray(3)).toString('hex')).toBe(
        expected(key, part),
      );
    }
  });

  it('leaves no trace of one message in the next', () => {
    const hash = new KeyedHash(Buffer.alloc(32, 1));
    const first = hash.digest('hash:text', 'ana').toString('hex');
    hash.digest('hash:text', 'a'.repeat(70));
    expect(hash.digest('hash:text', 'ana').toString('hex')).toBe(first);
  });

  it('gives words of a part of a buffer', () => {
    const key = Buffer.alloc(16, 3);
    const hash = new KeyedHash(key);
    const source = Buffer.from('xx' + 'value' + 'yy');
    const words = hash.words(Buffer.from('p'), source, 2, 7);
    const hex = [...words].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
    expect(hex).toBe(expected(key, 'pvalue'));
  });
});
