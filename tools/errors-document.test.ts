import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatDocument, readCatalogue } from './errors-document.ts';

const ROOT = join(import.meta.dirname, '..');

describe('docs/errors.md', () => {
  it('is what the sources say, in both directions', () => {
    expect(readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')).toBe(formatDocument(readCatalogue(ROOT)));
  });

  it('finds the faults that are known to be there', () => {
    const codes = readCatalogue(ROOT).map(({ code }) => code);
    expect(codes).toEqual(
      expect.arrayContaining(['journal-full', 'upstream-unreachable', 'login-throttled']),
    );
  });
});
