import { Decimal128, Long, ObjectId } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { partsOfDocuments, readJsonTexts } from './document-paths.ts';

const paths = (...documents: unknown[]) =>
  Object.fromEntries(partsOfDocuments(documents).map(({ path, values }) => [path.join('.'), values]));

describe('the paths of documents', () => {
  it('leave out positions in arrays and join what stands under the same path', () => {
    expect(paths({ a: { b: [1, { c: 'x' }, { c: 'y' }] } }, { a: { b: 2 } })).toEqual({
      'a.b': ['1', '2'],
      'a.b.c': ['x', 'y'],
    });
  });

  it('have the type that most values have', () => {
    const [part] = partsOfDocuments([{ a: 1 }, { a: 'x' }, { a: 'y' }]);
    expect(part).toMatchObject({ path: ['a'], type: 'text' });
  });

  it('read what the driver has classes for, and no identifiers or bytes', () => {
    const document = {
      id: new ObjectId(),
      long: Long.fromString('4111111111111111'),
      decimal: Decimal128.fromString('1.5'),
      at: new Date('2026-01-02T03:04:05Z'),
      never: new Date(Number.NaN),
      bytes: Buffer.from('ana@example.com'),
    };
    expect(paths(document)).toEqual({
      id: [],
      long: ['4111111111111111'],
      decimal: ['1.5'],
      at: ['2026-01-02T03:04:05.000Z'],
      never: [],
      bytes: [],
    });
  });

  it('put a name that no path can hold under the path above it', () => {
    expect(paths({ a: { 'b.c': 'x', '*': 'y', '': 'z' } })).toEqual({ a: ['x', 'y', 'z'] });
  });

  it('take hostile names for names', () => {
    expect(paths(JSON.parse('{"__proto__": {"email": "x"}, "constructor": "y"}'))).toEqual({
      '__proto__.email': ['x'],
      constructor: ['y'],
    });
  });

  it('are bounded in depth and number', () => {
    let deep: unknown = 'x';
    for (let depth = 0; depth < 5_000; depth++) deep = { a: deep };
    expect(partsOfDocuments([deep])).toEqual([]);
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 'x']));
    expect(partsOfDocuments([wide]).length).toBe(500);
  });
});

describe('texts that are JSON', () => {
  it('are taken apart when at least half of them are', () => {
    expect(readJsonTexts(['{"a":1}', '[2]'])).toEqual([{ a: 1 }, [2]]);
    expect(readJsonTexts(['{"a":1}', '{cut'])).toEqual([{ a: 1 }]);
    expect(readJsonTexts(['{"a":1}', 'plain', 'text'])).toBeUndefined();
    expect(readJsonTexts(['1', '"x"'])).toBeUndefined();
    expect(readJsonTexts([])).toBeUndefined();
  });
});
