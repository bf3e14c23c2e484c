import { describe, expect, it } from 'vitest';
import { MaskMemo } from './mask-memo.ts';
import { MaskOutput } from './mask-output.ts';

/** Asks for a value and keeps `result` when it is not known; what was found, or `asked`. */
function ask(memo: MaskMemo, value: string, result: string | null): string | null {
  const out = new MaskOutput();
  out.begin();
  const source = Buffer.from(`(${value})`);
  const place = memo.place(source, 1, source.length - 1);
  if (place === -1) return 'not kept';
  const found = memo.find(place, source, 1, source.length - 1, out);
  if (found !== null) return found ? out.bytes.toString('utf8', 0, out.at) : null;
  if (result !== null) out.copy(Buffer.from(result), 0, Buffer.byteLength(result));
  memo.keep(place, source, 1, source.length - 1, out, result === null ? null : Buffer.byteLength(result));
  return 'asked';
}

/** Past the first values, for which there is no table yet. */
function started(): MaskMemo {
  const memo = new MaskMemo();
  while (ask(memo, 'first', '1') === 'not kept');
  return memo;
}

describe('MaskMemo', () => {
  it('knows a value that came before, and NULL for one', () => {
    const memo = started();
    expect([ask(memo, 'ana', 'x1'), ask(memo, 'ana', 'never')]).toEqual(['asked', 'x1']);
    expect([ask(memo, '', null), ask(memo, '', 'never')]).toEqual(['asked', null]);
    expect([ask(memo, 'zoë', ''), ask(memo, 'zoë', 'never')]).toEqual(['asked', '']);
  });

  it('makes no table for the few values of a short result', () => {
    const memo = new MaskMemo();
    expect(Array.from({ length: 32 }, () => ask(memo, 'ana', 'x'))).toEqual(Array(32).fill('not kept'));
    expect(ask(memo, 'ana', 'x')).toBe('asked');
  });

  it('never gives one value the result of another', () => {
    const memo = started();
    for (let round = 0; round < 3; round++)
      for (let n = 0; n < 5_000; n++) {
        const found = ask(memo, `value ${n % 400}`, `result ${n % 400}`);
        expect(['asked', 'not kept', `result ${n % 400}`]).toContain(found);
      }
  });

  it('knows a hundred values that come in turn', () => {
    const memo = started();
    const round = () => Array.from({ length: 100 }, (_, n) => ask(memo, `value ${n}`, `result ${n}`));
    round();
    expect(round()).toEqual(Array.from({ length: 100 }, (_, n) => `result ${n}`));
  });

  it('keeps neither long values nor long results', () => {
    const memo = started();
    const long = 'x'.repeat(64);
    expect([ask(memo, long, '1'), ask(memo, long, '1')]).toEqual(['not kept', 'not kept']);
    expect([ask(memo, 'ana', long), ask(memo, 'ana', '1')]).toEqual(['asked', 'asked']);
    expect([ask(memo, 'x'.repeat(63), 'y'.repeat(63)), ask(memo, 'x'.repeat(63), '1')]).toEqual([
      'asked',
      'y'.repeat(63),
    ]);
  });

  it('is given up where values seldom come again, and lasts where they do', () => {
    const seldom = started();
    const often = started();
    for (let n = 0; n < 10_000; n++) {
      ask(seldom, `value ${n}`, 'x');
      ask(often, `value ${n % 50}`, 'x');
    }
    expect([ask(seldom, 'value 9999', 'x'), ask(often, 'value 1', 'y')]).toEqual(['not kept', 'x']);
  });
});
