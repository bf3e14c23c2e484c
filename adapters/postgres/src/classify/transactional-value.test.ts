import { known } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { TransactionalValue } from './transactional-value.ts';

/** One step of a transaction by its first letter: `s` SET, `l` SET LOCAL, `c` commit, `r` rollback, `t` rollback to. */
function after(steps: string): string | null {
  const value = new TransactionalValue<string>(known('start'));
  for (const [i, step] of [...steps].entries()) {
    if (step === 's') value.set(known(`set ${i}`), false);
    if (step === 'l') value.set(known(`local ${i}`), true);
    if (step === 'c') value.committed();
    if (step === 'r') value.rolledBack();
    if (step === 't') value.rolledBackTo();
  }
  return value.now.known ? value.now.value : null;
}

describe('a setting that transactions take back', () => {
  it.each([
    ['', 'start'],
    ['s', 'set 0'],
    ['sc', 'set 0'],
    ['sr', 'start'],
    ['l', 'local 0'],
    ['lc', 'start'],
    ['lr', 'start'],
    ['slc', 'set 0'],
    ['lsc', 'set 1'],
    ['slr', 'start'],
    ['scsr', 'set 0'],
    ['t', 'start'],
    ['st', null],
    ['stc', null],
    ['str', 'start'],
    ['ltc', null],
    ['sct', 'set 0'],
  ])('is, after `%s`: %s', (steps, expected) => {
    expect(after(steps)).toBe(expected);
  });
});
