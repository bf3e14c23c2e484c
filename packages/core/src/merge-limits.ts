import type { Limits } from '@gatehouse/model';

/** The smaller of each bound; an absent bound is none. */
export function mergeLimits(first: Limits, second: Limits): Limits {
  const merged: { -readonly [K in keyof Limits]: number } = { ...first };
  for (const key of ['rows', 'affectedRows', 'bytes', 'seconds'] as const) {
    const bound = second[key];
    if (bound !== undefined) merged[key] = Math.min(bound, merged[key] ?? bound);
  }
  return merged;
}
