import type { OutcomeBody } from '@gatehouse/model';
import { expect, test } from 'vitest';
import { createBodyEncoder } from './encode-body.ts';

const OUTCOME: OutcomeBody = {
  kind: 'outcome',
  request: 's1-"7"',
  session: 's1\n',
  result: 'error',
  rows: 3,
  affectedRows: 0,
  maskedCells: 12,
  bytes: 4711,
  durationMs: 0.125,
};

test('writes an outcome as JSON.stringify does', () => {
  const encode = createBodyEncoder();
  for (const body of [OUTCOME, { ...OUTCOME, code: '22P02 \\ "x"' }])
    expect(encode(body)).toBe(JSON.stringify(body));
  const odd = { ...OUTCOME, durationMs: Number.NaN, rows: Number.POSITIVE_INFINITY };
  expect(JSON.parse(encode(odd))).toEqual(JSON.parse(JSON.stringify(odd)));
});
