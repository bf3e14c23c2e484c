import { createMasker } from '@gatehouse/masking';
import { createFrame, type Frame } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataRow } from '../testing/scripted-postgres.ts';
import { columnMasking } from './column-masking.ts';
import type { MaskPlan } from './mask-fields.ts';
import { RowMasker } from './mask-row.ts';
import type { ValuesAhead } from './masked-value.ts';
import { RowAhead } from './row-ahead.ts';

const masker = createMasker({ kind: 'hash' }, { key: Buffer.alloc(32, 3) });
const columnOf = (typeOid: number, format = 0) => ({
  ...{ name: 'c', tableOid: 1, attnum: 1, typeOid, typeModifier: -1, format },
});
const TEXT = 25;
const INTEGER = 23;

function framesOf(chunk: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + 5 <= chunk.length; ) {
    const end = at + 1 + chunk.readUInt32BE(at + 1);
    if (end > chunk.length) break;
    frames.push({ ...createFrame(), bytes: chunk, start: at, end, type: chunk[at]!, totalBytes: end - at });
    at = end;
  }
  return frames;
}

/** Rows as they leave; what comes in a chunk of its own cannot be said beforehand. */
function masked(chunks: readonly Buffer[], plan: MaskPlan): string[] {
  const rowMasker = new RowMasker();
  const counter = { maskedCells: 0 };
  return chunks.flatMap(framesOf).map((frame) => {
    const { bytes, start, end } = rowMasker.mask(frame, plan, counter);
    return bytes.toString('latin1', start, end);
  });
}

describe('masks of rows that have arrived together', () => {
  it('are those of rows that come one by one', () => {
    const rows = Array.from({ length: 6_000 }, (_, n) =>
      dataRow([String(n * 7), `user${n}@${'x'.repeat(n % 60)}.example.com`, n % 9 === 0 ? null : `ä${n}`]),
    );
    const plan = () => [
      columnMasking(columnOf(INTEGER), masker),
      columnMasking(columnOf(TEXT), masker),
      columnMasking(columnOf(TEXT), masker),
    ];
    const oneByOne = masked(rows, plan());
    const all = Buffer.concat(rows);
    expect(masked([all], plan())).toEqual(oneByOne);
    expect(new Set(oneByOne).size).toBe(rows.length);
  });

  it('are the same for another result in the same chunk', () => {
    const first = Array.from({ length: 3_000 }, (_, n) => dataRow([`a${n}`]));
    const second = Array.from({ length: 3_000 }, (_, n) => dataRow([`b${n}`]));
    const chunk = Buffer.concat([...first, ...second]);
    const planA = [columnMasking(columnOf(TEXT), masker)];
    const planB = [columnMasking(columnOf(TEXT), masker)];
    const rowMasker = new RowMasker();
    const counter = { maskedCells: 0 };
    const together = framesOf(chunk).map((frame, n) => {
      const { bytes, start, end } = rowMasker.mask(frame, n < 3_000 ? planA : planB, counter);
      return bytes.toString('latin1', start, end);
    });
    const alone = [
      ...masked(first, [columnMasking(columnOf(TEXT), masker)]),
      ...masked(second, [columnMasking(columnOf(TEXT), masker)]),
    ];
    expect(together).toEqual(alone);
  });

  it('looks at whatever stands behind a row without a word', () => {
    const said: string[] = [];
    const ahead: ValuesAhead = {
      isUseful: true,
      clear: () => undefined,
      add: (source, start, end) => said.push(source.toString('latin1', start, end)),
      run: () => undefined,
    };
    const plan: MaskPlan = [null, { kind: 'computed', write: () => false, ahead }];
    const row = dataRow(['1', 'value']);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(row.length), (noise, kept) => {
        said.length = 0;
        const bytes = Buffer.concat([row, row, Buffer.from(noise), row.subarray(0, kept)]);
        new RowAhead().look({ ...createFrame(), bytes, start: 0, end: row.length, type: 0x44 }, plan);
        expect(said.slice(0, 2)).toEqual(['value', 'value']);
      }),
      { numRuns: 2_000 },
    );
  });
});
