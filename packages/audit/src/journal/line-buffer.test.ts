import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashLine } from './event-line.ts';
import { createLineBuffer } from './line-buffer.ts';

/** Every UTF-16 unit may come, halves of characters too. */
const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
);

test('holds the bytes and gives the hashes that the texts have', () => {
  const buffer = createLineBuffer();
  fc.assert(
    fc.property(fc.array(hostileText, { maxLength: 8 }), (lines) => {
      buffer.clear();
      expect(lines.map((line) => buffer.add(line))).toEqual(lines.map((line) => hashLine(line)));
      expect(buffer.bytes().equals(Buffer.from(lines.map((line) => `${line}\n`).join('')))).toBe(true);
    }),
  );
});

test('keeps the lines before one that needs more memory', () => {
  const buffer = createLineBuffer();
  const lines = ['a', '€'.repeat(100_000), 'b', '\ud800'.repeat(1_500_000), 'c'];
  for (const round of [1, 2]) {
    buffer.clear();
    const hashes = lines.map((line) => buffer.add(`${round}${line}`));
    expect(hashes).toEqual(lines.map((line) => hashLine(`${round}${line}`)));
    const expected = Buffer.from(lines.map((line) => `${round}${line}\n`).join(''));
    expect(buffer.bytes().equals(expected)).toBe(true);
  }
});
