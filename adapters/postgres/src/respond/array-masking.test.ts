import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskArray } from './array-masking.ts';
import { MaskOutput } from './mask-output.ts';
import { type ColumnMasking, writeMasked } from './masked-value.ts';

const TEXT = 25;
const HIDE: ColumnMasking = { kind: 'constant', bytes: null };
const STARS: ColumnMasking = { kind: 'constant', bytes: Buffer.from('***') };
const REVERSE: ColumnMasking = {
  kind: 'computed',
  write(source, start, end, out) {
    if (end - start === 1) return false;
    out.copy(Buffer.from(source.subarray(start, end)).reverse(), 0, end - start);
    return true;
  },
};

function mask(element: ColumnMasking, value: string | Buffer, format = 0): string | null {
  const out = new MaskOutput();
  out.begin();
  out.copy(Buffer.from('before'), 0, 6);
  const source = Buffer.concat([Buffer.from('<<'), Buffer.from(value), Buffer.from('>>')]);
  const isValue = writeMasked(maskArray(element, TEXT, format), source, 2, source.length - 2, out);
  const written = out.bytes.subarray(6, out.at);
  if (!isValue) expect(written.length).toBe(0);
  return isValue ? written.toString(format === 0 ? 'utf8' : 'latin1') : null;
}

describe('an array in text', () => {
  it.each([
    ['{ana,bob}', '{***,***}'],
    ['{}', '{}'],
    ['{{a,b},{c,NULL}}', '{{***,***},{***,NULL}}'],
    ['[0:1]={a,b}', '[0:1]={***,***}'],
    ['[2:3][-1:0]={{a,b},{c,d}}', '[2:3][-1:0]={{***,***},{***,***}}'],
    ['{"a,b","{c}","d\\"e","f\\\\",""}', '{***,***,***,***,***}'],
    ['{"NULL",null,NULLS}', '{***,NULL,***}'],
  ])('is masked element by element: %s', (value, masked) => {
    expect(mask(STARS, value)).toBe(masked);
  });

  it.each([
    ['{"a\\"b"}', '{"b\\"a"}'],
    ['{"a\\\\b","x y"}', '{"b\\\\a","y x"}'],
    ['{"}{"}', '{"{}"}'],
    ['{LLUN}', '{"NULL"}'],
    ['{""}', '{""}'],
    ['{ab,x,cd}', '{ba,NULL,dc}'],
  ])('hands the value itself to the mask and quotes what comes back: %s', (value, masked) => {
    expect(mask(REVERSE, value)).toBe(masked);
  });

  it.each([
    '',
    'a',
    '{',
    '}',
    '{a',
    '{a}}',
    '{a}x',
    '{a,}',
    '{,a}',
    '{a b{c}',
    '{"a}',
    '{a"b"}',
    '{"a"b}',
    '{{a},b',
    '{}{}',
    '[1:2={a}',
    '=',
    '[0:0]=',
    '{a\\,b}',
    '{"a\\',
  ])('is NULL when it is none: %j', (value) => {
    expect(mask(STARS, value)).toBeNull();
  });

  it('lets nothing of an element through, whatever stands there', () => {
    const pieces = fc.constantFrom('SECRET', '{', '}', ',', '"', '\\', 'NULL', '[1:2]=', ' ', '[', '=');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        expect(mask(STARS, parts.join('')) ?? '').not.toContain('SECRET');
        expect(mask(STARS, `{${parts.join('')}}`) ?? '').not.toContain('SECRET');
      }),
      { numRuns: 3_000 },
    );
  });
});

function binary(
  dimensions: readonly (readonly [number, number])[],
  values: readonly (string | null)[],
  oid = TEXT,
): Buffer {
  const head = Buffer.alloc(12 + dimensions.length * 8);
  head.writeInt32BE(dimensions.length);
  head.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  head.writeInt32BE(oid, 8);
  for (const [at, [size, bound]] of dimensions.entries()) {
    head.writeInt32BE(size, 12 + at * 8);
    head.writeInt32BE(bound, 16 + at * 8);
  }
  const parts = values.map((value) => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
    return Buffer.concat([size, Buffer.from(value ?? '')]);
  });
  return Buffer.concat([head, ...parts]);
}

const latin1 = (bytes: Buffer): string => bytes.toString('latin1');

describe('an array in binary', () => {
  it('is masked element by element', () => {
    expect(mask(STARS, binary([[2, 1]], ['ana', null]), 1)).toBe(latin1(binary([[2, 1]], ['***', null])));
    expect(mask(STARS, binary([], []), 1)).toBe(latin1(binary([], [])));
    const bounds = [
      [2, 0],
      [1, 5],
    ] as const;
    expect(mask(REVERSE, binary(bounds, ['ab', 'cd']), 1)).toBe(latin1(binary(bounds, ['ba', 'dc'])));
  });

  it('says that there are NULLs where a mask has made one', () => {
    expect(mask(REVERSE, binary([[2, 1]], ['ab', 'x']), 1)).toBe(latin1(binary([[2, 1]], ['ba', null])));
  });

  it.each([
    ['of other elements', binary([[1, 1]], ['a'], 23)],
    ['with too few elements', binary([[2, 1]], ['a'])],
    ['with too many elements', binary([[1, 1]], ['a', 'b'])],
    ['with a size that lies', binary([[0x7fffffff, 1]], ['a'])],
    [
      'with a negative size',
      binary(
        [
          [-1, 1],
          [-1, 1],
        ],
        ['a'],
      ),
    ],
    ['with seven dimensions', binary(Array(7).fill([1, 1]), ['a'])],
    ['without its head', Buffer.alloc(11)],
    ['that ends in its bounds', binary([[1, 1]], []).subarray(0, -1)],
    ['that ends in an element', binary([[1, 1]], ['ana']).subarray(0, -1)],
  ])('is NULL %s', (_what, value) => {
    expect(mask(STARS, value, 1)).toBeNull();
  });

  it('is NULL or masked for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const masked = mask(STARS, Buffer.from(bytes), 1);
        expect(masked === null || masked.length >= 12).toBe(true);
      }),
    );
  });
});

it('is NULL where its elements would all be', () => {
  expect(maskArray(HIDE, TEXT, 0)).toEqual(HIDE);
});
