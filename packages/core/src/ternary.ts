/**
 * Kleene's three values for conditions over facts that may be unknown.
 *
 * `unknown` never becomes `yes` or `no` on the way: who asks decides what it means, and for everything
 * that restricts it means `yes`.
 */
export type Ternary = 'yes' | 'no' | 'unknown';

export function ternary(value: boolean): Ternary {
  return value ? 'yes' : 'no';
}

export function not(value: Ternary): Ternary {
  if (value === 'unknown') return 'unknown';
  return value === 'yes' ? 'no' : 'yes';
}

/** `no` as soon as one is `no`, else `unknown` when one is unknown. */
export function and(left: Ternary, right: Ternary): Ternary {
  if (left === 'no' || right === 'no') return 'no';
  return left === 'unknown' || right === 'unknown' ? 'unknown' : 'yes';
}

/** `yes` as soon as one is `yes`, else `unknown` when one is unknown. */
export function or(left: Ternary, right: Ternary): Ternary {
  if (left === 'yes' || right === 'yes') return 'yes';
  return left === 'unknown' || right === 'unknown' ? 'unknown' : 'no';
}
