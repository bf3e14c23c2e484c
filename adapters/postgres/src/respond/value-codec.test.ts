import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueCodec } from './value-codec.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Type OID, canonical text, and the bytes that a Postgres 18 server sends for it in binary. */
const BINARY: readonly (readonly [string, number, string, string])[] = [
  ['bool', 16, 'true', '01'],
  ['bytea', 17, 'dead', 'dead'],
  ['int2', 21, '-2', 'fffe'],
  ['int4', 23, '-7', 'fffffff9'],
  ['int8', 20, '9007199254740993', '0020000000000001'],
  ['float4', 700, '1.5', '3fc00000'],
  ['float8', 701, '-0.25', 'bfd0000000000000'],
  ['text', 25, 'grüße', '6772c3bcc39f65'],
  ['json', 114, '{"a":1}', '7b2261223a317d'],
  ['jsonb', 3802, '{"a":1}', '017b2261223a317d'],
  [
    'uuid',
    2950,
    '6b4f2a10-0000-4000-8000-000000000001',
    '6b4f2a100000400080000000000000 01'.replace(' ', ''),
  ],
  ['date', 1082, '2000-01-11', '0000000a'],
  ['date before 2000', 1082, '1999-12-31', 'ffffffff'],
  ['time', 1083, '00:00:01.5', '000000000016e360'],
  ['timestamp', 1114, '2000-01-01 00:00:01', '00000000000f4240'],
  ['timestamp before 2000', 1114, '1999-12-31 23:59:59.5', 'fffffffffff85ee0'],
  ['numeric', 1700, '12345.67', '0003000100000002000109291a2c'],
  ['negative numeric', 1700, '-0.0001', '0001ffff400000040001'],
  ['numeric zero', 1700, '0', '0000000000000000'],
  ['timetz', 1266, '00:00:01.5', '000000000016e36000000000'],
];

describe('a value in binary', () => {
  it.each(BINARY)('of %s is read and written as the server does', (_name, oid, text, hex) => {
    const codec = valueCodec(oid, -1, 1)!;
    expect(codec.decode(bytes(hex))).toBe(text);
    expect(codec.encode(text)?.toString('hex')).toBe(hex);
  });

  it.each([
    16, 17, 20, 21, 23, 25, 114, 650, 700, 701, 774, 790, 829, 869, 1082, 1083, 1114, 1184, 1266, 1700, 2950,
    3802,
  ])('of any bytes is a text or nothing (type %i)', (oid) => {
    for (const format of [0, 1]) {
      const codec = valueCodec(oid, -1, format)!;
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 20 }), (value) => {
          const text = codec.decode(Buffer.from(value));
          expect(text === null || typeof text === 'string').toBe(true);
        }),
        { numRuns: 200 },
      );
    }
  });

  it.each([
    ['an int4 out of range', 23, '99999999999'],
    ['an int2 out of range', 21, '40000'],
    ['an int8 out of range', 20, '99999999999999999999'],
    ['a numeric with an exponent', 1700, '1e5'],
  ])('is nothing for %s', (_name, oid, text) => {
    expect(valueCodec(oid, -1, 1)!.encode(text)).toBeNull();
  });

  it('is nothing for infinite dates', () => {
    expect(valueCodec(1082, -1, 1)!.decode(bytes('7fffffff'))).toBeNull();
    expect(valueCodec(1114, -1, 1)!.decode(bytes('7fffffffffffffff'))).toBeNull();
  });
});

describe('a value in text', () => {
  it.each([
    ['bool', 16, 't', 'true', 't'],
    ['bytea', 17, '\\xdead', 'dead', '\\xdead'],
    [
      'timestamptz, whose zone is taken out',
      1184,
      '2024-02-29 12:00:00.25+02',
      '2024-02-29 10:00:00.25',
      '2024-02-29 10:00:00.25+00',
    ],
    ['date', 1082, '2024-02-29', '2024-02-29', '2024-02-29'],
    ['timetz, whose zone is taken out', 1266, '23:30:00.5-02:30', '02:00:00.5', '02:00:00.5+00'],
    ['timetz before midnight', 1266, '01:00:00+05', '20:00:00', '20:00:00+00'],
    ['money', 790, '-$1,234,567.80', '-1234567.80', '-$1,234,567.80'],
  ])('of %s is read and written', (_name, oid, wire, text, back) => {
    const codec = valueCodec(oid, -1, 0)!;
    expect(codec.decode(Buffer.from(wire))).toBe(text);
    expect(codec.encode(text)?.toString()).toBe(back);
  });

  it.each([
    ['a date in another style', 1082, '29/02/2024'],
    ['bytea in escape form', 17, 'abc\\000'],
    ['infinity', 1114, 'infinity'],
    ['money in another locale', 790, '1.234,50 €'],
    ['a timetz without a zone', 1266, '10:00:00'],
  ])('is nothing for %s', (_name, oid, wire) => {
    expect(valueCodec(oid, -1, 0)!.decode(Buffer.from(wire))).toBeNull();
  });

  it('has no codec for types whose values cannot be made', () => {
    expect([1007, 1186, 3904, 600].map((oid) => valueCodec(oid, -1, 0))).toEqual([null, null, null, null]);
  });

  it('knows the length of varchar and the digits of numeric', () => {
    expect(valueCodec(1043, 14, 0)!.column).toEqual({ type: 'text', maxLength: 10 });
    expect(valueCodec(1700, ((10 << 16) | 2) + 4, 0)!.column).toEqual({
      type: 'decimal',
      precision: 10,
      scale: 2,
    });
    expect(valueCodec(1700, ((3 << 16) | 0x7fe) + 4, 0)!.column).toMatchObject({ precision: 3, scale: -2 });
  });
});
