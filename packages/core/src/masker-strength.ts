/**
 * Which of two maskers reveals less.
 *
 * The order is by what can be learnt from a masked value: nothing (`null`, `redact`, `zero`), equality
 * (`hash`), equality and format (`token`), a coarse value (`year`, `round`), a part of it (`partial`).
 */
import type { MaskerSpec } from '@gatehouse/model';

const RANK: Readonly<Record<MaskerSpec['kind'], number>> = {
  null: 0,
  redact: 1,
  zero: 2,
  hash: 3,
  token: 4,
  year: 5,
  round: 6,
  partial: 7,
};

/** A masker that reveals no more than either; the first when they are equally strict. */
export function stricterMasker(first: MaskerSpec, second: MaskerSpec): MaskerSpec {
  if (first.kind === 'partial' && second.kind === 'partial') {
    const keepFirst = Math.min(first.keepFirst, second.keepFirst);
    return { kind: 'partial', keepFirst, keepLast: Math.min(first.keepLast, second.keepLast) };
  }
  if (first.kind === 'round' && second.kind === 'round') return first.step >= second.step ? first : second;
  return RANK[second.kind] < RANK[first.kind] ? second : first;
}
