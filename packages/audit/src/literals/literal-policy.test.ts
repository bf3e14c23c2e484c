import { createHmac } from 'node:crypto';
import type { JsonValue } from '@gatehouse/model';
import { expect, test } from 'vitest';
import { createLiteralPolicy } from './literal-policy.ts';

const KEY = Buffer.alloc(32, 7);
const hash = createLiteralPolicy('hash', KEY)!;

test('keeps values as they are, or none', () => {
  expect(createLiteralPolicy('keep', KEY)?.({ a: [1, null] })).toEqual({ a: [1, null] });
  expect(createLiteralPolicy('drop', KEY)).toBeNull();
});

test('hashes with the key', () => {
  expect(hash('ada@example.com')).toMatch(/^hmac-sha256:[0-9a-f]{32}$/);
  expect(hash('ada@example.com')).toBe(createLiteralPolicy('hash', Buffer.alloc(32, 7))?.('ada@example.com'));
  expect(hash('ada@example.com')).not.toBe(
    createLiteralPolicy('hash', Buffer.alloc(32, 8))?.('ada@example.com'),
  );
});

test('hashes as HMAC-SHA-256 does, whatever the length of key and value', () => {
  for (const keyBytes of [16, 63, 64, 65, 200]) {
    const key = Buffer.alloc(keyBytes, 'k');
    const policy = createLiteralPolicy('hash', key)!;
    for (const value of ['', 'ä€😀', 'x'.repeat(1000)]) {
      const expected = createHmac('sha256', key).update(JSON.stringify(value)).digest('hex').slice(0, 32);
      expect(policy(value)).toBe(`hmac-sha256:${expected}`);
    }
  }
});

test('gives every value a hash of its own, whatever its type', () => {
  const values: JsonValue[] = [
    null,
    'null',
    0,
    '0',
    '',
    false,
    'false',
    [],
    {},
    [[]],
    ['a,b'],
    ['a', 'b'],
    { a: 1 },
  ];
  expect(new Set(values.map(hash)).size).toBe(values.length);
});

test('gives equal objects equal hashes, whatever the order and the names of their keys', () => {
  expect(hash({ a: 1, b: { c: 2, d: 3 } })).toBe(hash({ b: { d: 3, c: 2 }, a: 1 }));
  const hostile = JSON.parse('{"__proto__":{"a":1}}') as JsonValue;
  expect(hash(hostile)).not.toBe(hash({}));
});

test('refuses to hash with a short key', () => {
  expect(() => createLiteralPolicy('hash', Buffer.alloc(8))).toThrow(
    expect.objectContaining({ kind: 'config', code: 'literal-key-short' }),
  );
  expect(createLiteralPolicy('keep', Buffer.alloc(0))).not.toBeNull();
});

test('does not follow a key that is changed later', () => {
  const key = Buffer.alloc(32, 1);
  const record = createLiteralPolicy('hash', key)!;
  const before = record(1);
  key.fill(0);
  expect(record(1)).toBe(before);
});
