import { WireError } from '@gatehouse/wire';
import {
  BSONRegExp,
  Code,
  Double,
  deserialize,
  Int32,
  Long,
  MaxKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFields } from './value.ts';
import { assertWellFormed, BSON, elements } from './walk.ts';

const ALL_TYPES = Buffer.from(
  serialize({
    double: new Double(1.5),
    string: 'text',
    document: { a: { b: 1 } },
    array: [1, [2, { c: 3 }]],
    binary: Buffer.from('abc'),
    objectId: new ObjectId(),
    boolean: true,
    date: new Date(0),
    null: null,
    regex: new BSONRegExp('a', 'i'),
    code: new Code('f()'),
    scope: new Code('f()', { x: 1 }),
    int: new Int32(1),
    timestamp: new Timestamp(1n),
    long: new Long(1),
    max: new MaxKey(),
  }),
);

/** Reads everything that a classifier would. */
function readAll(bytes: Buffer): void {
  assertWellFormed(bytes, 0, bytes.length);
  decodeFields(bytes, 0, bytes.length);
}

function outcome(bytes: Buffer): 'read' | 'refused' {
  try {
    readAll(bytes);
    return 'read';
  } catch (error) {
    if (error instanceof WireError) return 'refused';
    throw error;
  }
}

describe('the BSON walker', () => {
  it('reads every type and finds the keys in order', () => {
    expect([...elements(ALL_TYPES, 0, ALL_TYPES.length)].map(({ key }) => key)).toEqual(
      Object.keys(deserialize(ALL_TYPES)),
    );
    expect(outcome(ALL_TYPES)).toBe('read');
  });

  it('throws nothing but WireError for a document with any bytes changed', () => {
    const change = fc.record({ at: fc.nat(ALL_TYPES.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Buffer.from(ALL_TYPES);
        for (const { at, to } of changes) bytes[at] = to;
        outcome(bytes);
      }),
      { numRuns: 3_000 },
    );
  });

  it('throws nothing but WireError for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (body) => {
        const bytes = Buffer.concat([Buffer.alloc(4), body, Buffer.alloc(1)]);
        bytes.writeInt32LE(bytes.length, 0);
        outcome(bytes);
      }),
      { numRuns: 3_000 },
    );
  });

  it('refuses every truncation', () => {
    for (let length = 0; length < ALL_TYPES.length; length++) {
      const bytes = Buffer.from(ALL_TYPES.subarray(0, length));
      expect(outcome(bytes)).toBe('refused');
      if (length < 4) continue;
      bytes.writeInt32LE(length, 0);
      expect(outcome(bytes)).toBe('refused');
    }
  });

  it('reads what the reference library wrote, as the reference library reads it', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('map')),
      list: fc.array(tie('any'), { maxLength: 4 }),
      map: fc.dictionary(
        fc.string({ maxLength: 6 }).filter((key) => !key.includes('\0')),
        tie('any'),
        { maxKeys: 4 },
      ),
    })).map;
    fc.assert(
      fc.property(value, (document) => {
        const bytes = Buffer.from(serialize(document as object));
        expect(outcome(bytes)).toBe('read');
        expect([...decodeFields(bytes, 0, bytes.length).keys()]).toEqual(Object.keys(deserialize(bytes)));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a key that stands twice at one level, at any depth', () => {
    const twice = Buffer.from(serialize({ aa: 1, ab: 2 }));
    twice[twice.indexOf('ab') + 1] = 'a'.charCodeAt(0);
    expect(outcome(twice)).toBe('refused');
    const inner = Buffer.from(serialize({ x: [{ aa: 1, ab: 2 }] }));
    inner[inner.indexOf('ab') + 1] = 'a'.charCodeAt(0);
    expect(outcome(inner)).toBe('refused');
  });

  it('keeps every item of an array whose keys are the same', () => {
    const bytes = Buffer.from(serialize({ list: ['first', 'second'] }));
    bytes[bytes.lastIndexOf(Buffer.from('1\0'))] = '0'.charCodeAt(0);
    const list = decodeFields(bytes, 0, bytes.length).get('list');
    expect(list).toEqual({
      kind: 'array',
      items: [
        { kind: 'string', value: 'first' },
        { kind: 'string', value: 'second' },
      ],
    });
  });

  it('refuses a key that is not UTF-8', () => {
    const bytes = Buffer.from(serialize({ abc: 1 }));
    bytes[bytes.indexOf('abc') + 1] = 0xff;
    expect(outcome(bytes)).toBe('refused');
  });

  it('refuses code whose three lengths disagree', () => {
    const bytes = Buffer.from(serialize({ c: new Code('f()', { x: 1 }) }));
    expect(outcome(bytes)).toBe('read');
    const at = 4 + 1 + 2;
    expect(bytes[4]).toBe(BSON.codeWithScope);
    bytes.writeInt32LE(bytes.readInt32LE(at + 4) - 1, at + 4);
    expect(outcome(bytes)).toBe('refused');
  });

  it('refuses what is nested too deeply, and does not mind names that mean something to JavaScript', () => {
    let deep: object = {};
    for (let i = 0; i < 190; i++) deep = { a: deep };
    expect(outcome(Buffer.from(serialize(deep)))).toBe('refused');
    const bytes = Buffer.from(serialize(new Map([['__proto__', 1]])));
    expect(decodeFields(bytes, 0, bytes.length).get('__proto__')).toEqual({ kind: 'number', value: 1 });
  });
});
