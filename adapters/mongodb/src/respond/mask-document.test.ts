import type { FieldMask, MaskerSpec } from '@gatehouse/model';
import { ByteWriter } from '@gatehouse/wire';
import { Decimal128, type Document, Double, deserialize, Int32, Long, ObjectId, serialize } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeMasked } from './mask-document.ts';
import { createMaskerCache, createMaskTree } from './mask-tree.ts';

const maskerOf = createMaskerCache(Buffer.alloc(32, 7));

function maskOf(field: string, masker: MaskerSpec): FieldMask {
  return {
    object: { kind: 'relation', path: ['d', 'c'] },
    field,
    masker,
    rule: { policy: 'p', rule: 'r' },
  };
}

function masked(document: Document, ...masks: readonly (readonly [string, MaskerSpec])[]) {
  const bytes = Buffer.from(serialize(document));
  const out = new ByteWriter();
  const counter = { maskedCells: 0 };
  const node = createMaskTree(
    masks.map(([field, masker]) => maskOf(field, masker)),
    maskerOf,
  )!;
  writeMasked(bytes, 0, bytes.length, node, out, counter);
  const result = out.take();
  return { bytes, result, document: deserialize(result), cells: counter.maskedCells };
}

const NULL: MaskerSpec = { kind: 'null' };
const REDACT: MaskerSpec = { kind: 'redact' };
const EVERY: readonly MaskerSpec[] = [
  NULL,
  REDACT,
  { kind: 'partial', keepFirst: 0, keepLast: 0 },
  { kind: 'hash' },
  { kind: 'token' },
  { kind: 'round', step: 10 },
  { kind: 'year' },
  { kind: 'zero' },
];

describe('masks in documents', () => {
  it('masks a path through documents and arrays, and nothing else', () => {
    const { document, cells } = masked(
      {
        a: 's',
        messages: [
          { body: 's1', at: 1 },
          { body: 's2', at: 2 },
        ],
        body: 'stays',
      },
      ['messages.body', REDACT],
    );
    expect(document).toEqual({
      a: 's',
      messages: [
        { body: '***', at: 1 },
        { body: '***', at: 2 },
      ],
      body: 'stays',
    });
    expect(cells).toBe(2);
  });

  it('goes through arrays of arrays', () => {
    expect(masked({ a: [[{ b: 's' }]] }, ['a.b', NULL]).document).toEqual({ a: [[{ b: null }]] });
  });

  it('masks everything below a masked path, and the path as a dotted key', () => {
    expect(masked({ a: { b: { c: 's' }, d: [1] } }, ['a', REDACT]).document).toEqual({
      a: { b: { c: '***' }, d: [0] },
    });
    expect(masked({ 'a.b': 's', x: { 'b.c': 's' } }, ['a.b', NULL], ['x.b.c', NULL]).document).toEqual({
      'a.b': null,
      x: { 'b.c': null },
    });
  });

  it('leaves no keys of a document that is masked with null', () => {
    expect(masked({ a: { 'ana@example.org': true }, b: ['s'] }, ['a', NULL], ['b', NULL]).document).toEqual({
      a: null,
      b: null,
    });
  });

  it('masks whatever the case of the name', () => {
    expect(masked({ Customer: { EMAIL: 's' } }, ['customer.email', NULL]).document).toEqual({
      Customer: { EMAIL: null },
    });
  });

  it('masks by position and by name at once', () => {
    const { document } = masked(
      {
        m: [
          { id: 1, body: 's' },
          { id: 2, body: 's' },
        ],
      },
      ['m.0.id', NULL],
      ['m.body', NULL],
    );
    expect(document).toEqual({
      m: [
        { id: null, body: null },
        { id: 2, body: null },
      ],
    });
  });

  it('masks every field for `*`, and takes the stronger of two masks', () => {
    expect(masked({ a: 1, b: { c: 's' } }, ['*', NULL]).document).toEqual({ a: null, b: null });
    expect(masked({ a: 's' }, ['a', { kind: 'hash' }], ['a', NULL]).document).toEqual({ a: null });
  });

  it('gives each type a value of its type, or null', () => {
    const values = {
      string: 'secret',
      int: new Int32(123_457),
      long: new Long(123_457_890_123),
      double: new Double(1234.5),
      decimal: Decimal128.fromString('1234.50'),
      date: new Date('2001-02-03T04:05:06.789Z'),
      boolean: true,
      objectId: new ObjectId(),
      binary: Buffer.from('secret'),
      regex: /secret/,
    };
    for (const masker of EVERY) {
      const { result } = masked(values, ['*', masker]);
      const kinds = deserialize(result, { promoteValues: false });
      const given = deserialize(serialize(values), { promoteValues: false });
      for (const [key, value] of Object.entries(kinds)) {
        if (value === null) continue;
        expect(typeName(value)).toBe(typeName(given[key]));
      }
      expect(result.includes('secret')).toBe(false);
    }
  });

  it('keeps unmasked fields byte for byte and lets no masked text out', () => {
    const text = fc.string({ minLength: 1, maxLength: 8 }).map((value) => `<<${value}>>`);
    const plain = fc.dictionary(
      fc
        .string({ minLength: 1, maxLength: 5 })
        .filter((key) => !key.includes('\0') && !key.includes('.'))
        .map((key) => `p${key}`),
      fc.oneof(fc.string(), fc.integer(), fc.array(fc.integer(), { maxLength: 3 })),
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(plain, text, fc.constantFrom(...EVERY), (others, secret, masker) => {
        const { result } = masked(
          { ...others, secret, list: [{ secret }] },
          ['secret', masker],
          ['list.secret', masker],
        );
        const { secret: _s, list: _l, ...left } = deserialize(result, { promoteValues: false });
        expect(Buffer.from(serialize(left)).equals(Buffer.from(serialize(others)))).toBe(true);
        expect(result.includes(secret)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });
});

function typeName(value: unknown): string {
  if (value instanceof Date) return 'Date';
  const tagged = value as { readonly _bsontype?: string };
  return tagged._bsontype ?? typeof value;
}
