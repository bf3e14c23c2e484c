import { describe, expect, it } from 'vitest';
import { unknownStatement } from '../classify/facts.ts';
import { type CursorPlan, MAX_CURSORS, OpenWork } from './open-work.ts';

const plan = (rows = 0): CursorPlan => ({
  statement: unknownStatement('find', 'test'),
  reply: 'cursor',
  namespace: 'd.c',
  rows,
});

describe('OpenWork', () => {
  it('gives a cursor to the principal that opened it, over any session, and to no other', () => {
    const work = new OpenWork();
    const opened = plan();
    work.add('ana', 7n, opened);
    expect(work.find('ana', 7n)).toBe(opened);
    expect(work.find('bob', 7n)).toBeUndefined();
    work.remove('bob', 7n);
    expect(work.find('ana', 7n)).toBe(opened);
    work.remove('ana', 7n);
    expect(work.find('ana', 7n)).toBeUndefined();
  });

  it('forgets the cursor that was used least lately when one principal has too many', () => {
    const work = new OpenWork();
    work.add('bob', 1n, plan());
    for (let id = 0n; id < BigInt(MAX_CURSORS); id++) work.add('ana', id, plan());
    work.find('ana', 0n);
    work.add('ana', 99_999n, plan());
    expect(work.find('ana', 0n)).toBeDefined();
    expect(work.find('ana', 1n)).toBeUndefined();
    expect(work.find('bob', 1n)).toBeDefined();
  });
});
