import { createFrame, type Frame, WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowMasker } from './mask-row.ts';
import type { ColumnMasking } from './masked-value.ts';

const HIDE: ColumnMasking = { kind: 'constant', bytes: null };
const STARS: ColumnMasking = { kind: 'constant', bytes: Buffer.from('***') };
/** A mask that is three times as long as its value, and NULL for an empty one. */
const TRIPLE: ColumnMasking = {
  kind: 'computed',
  write(source, start, end, out) {
    for (let times = 0; times < 3; times++) out.copy(source, start, end);
    return end > start;
  },
};

type Value = Buffer | null;

function dataRow(values: readonly Value[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(values.length);
  const parts = values.flatMap((value) => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(value?.length ?? -1);
    return value === null ? [size] : [size, value];
  });
  const body = Buffer.concat([count, ...parts]);
  const head = Buffer.from('D0000');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function frameOf(row: Buffer): Frame {
  const bytes = Buffer.concat([Buffer.from('before'), row, Buffer.from('behind')]);
  const { length } = row;
  return { ...createFrame(), bytes, start: 6, end: 6 + length, type: 0x44, totalBytes: length };
}

const take = ({ bytes, start, end }: Frame): Buffer => bytes.subarray(start, end);

const values = fc.array(fc.option(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))), {
  maxLength: 6,
});
const maskings = fc.constantFrom(null, HIDE, STARS, TRIPLE);

function expected(value: Value, masking: ColumnMasking | null): Value {
  if (masking === null || value === null) return value;
  if (masking === STARS) return Buffer.from('***');
  return masking === HIDE || value.length === 0 ? null : Buffer.concat([value, value, value]);
}

describe('a masked row', () => {
  it('is the row with its masked values replaced, and keeps its bytes while others are written', () => {
    const rows = fc.array(values, { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(rows, fc.array(maskings, { minLength: 6, maxLength: 6 }), (list, plans) => {
        const masker = new RowMasker();
        const counter = { maskedCells: 0 };
        const given = list.map((row) =>
          take(masker.mask(frameOf(dataRow(row)), plans.slice(0, row.length), counter)),
        );
        const wanted = list.map((row) => dataRow(row.map((value, index) => expected(value, plans[index]!))));
        expect(given.map((row) => row.toString('hex'))).toEqual(wanted.map((row) => row.toString('hex')));
        const masked = list.flatMap((row) =>
          row.filter((value, index) => value !== null && plans[index] !== null),
        );
        expect(counter.maskedCells).toBe(masked.length);
      }),
      { numRuns: 100 },
    );
  });

  it('stands right behind the last one, so that both leave as one piece', () => {
    const masker = new RowMasker();
    const row = frameOf(dataRow([Buffer.from('ana')]));
    const first = { ...masker.mask(row, [STARS], { maskedCells: 0 }) };
    const second = masker.mask(row, [STARS], { maskedCells: 0 });
    expect([second.bytes === first.bytes, second.start]).toEqual([true, first.end]);
  });

  it('of megabytes is masked and then forgotten', () => {
    const masker = new RowMasker();
    const long = Buffer.alloc(5_000_000, 'x');
    const row = masker.mask(frameOf(dataRow([long, long])), [TRIPLE, null], { maskedCells: 0 });
    expect(take(row).equals(dataRow([Buffer.concat([long, long, long]), long]))).toBe(true);
    const next = masker.mask(frameOf(dataRow([Buffer.from('a')])), [STARS], { maskedCells: 0 });
    expect(next.bytes.length).toBeLessThan(100_000);
  });

  it('is not begun where one before it was left in the middle', () => {
    const masker = new RowMasker();
    const broken = dataRow([Buffer.from('secret'), Buffer.from('x')]).subarray(0, -3);
    expect(() => masker.mask(frameOf(broken), [null, STARS], { maskedCells: 0 })).toThrow(WireError);
    const row = masker.mask(frameOf(dataRow([Buffer.from('a')])), [null], { maskedCells: 0 });
    expect(take(row).equals(dataRow([Buffer.from('a')]))).toBe(true);
  });

  it.each([
    ['with another number of values', dataRow([null]), 'malformed'],
    [
      'with bytes behind its values',
      Buffer.concat([dataRow([null, null]), Buffer.from('x')]),
      'trailing-bytes',
    ],
    ['that ends in a length', dataRow([null, null]).subarray(0, -1), 'read-past-end'],
    [
      'that ends in a value',
      dataRow([Buffer.from('ana'), Buffer.from('x')]).subarray(0, -1),
      'read-past-end',
    ],
    ['without its head', Buffer.from('D\0\0\0'), 'read-past-end'],
  ])('%s ends the session', (_what, row, code) => {
    const run = () => new RowMasker().mask(frameOf(row), [STARS, STARS], { maskedCells: 0 });
    expect(run).toThrow(expect.objectContaining({ code }));
  });
});
