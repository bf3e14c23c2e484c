import { describe, expect, it } from 'vitest';
import { createMasker } from './masker.ts';

const key = Buffer.alloc(32, 7);

describe('createMasker', () => {
  it('hides the middle of an e-mail address and keeps its shape', () => {
    const masker = createMasker({ kind: 'partial', keepFirst: 1, keepLast: 0 }, { key });
    expect(masker.apply('text', 'ana@example.com')).toBe('a**@e******.com');
  });
});
