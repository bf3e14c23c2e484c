import type { FieldAccess } from './access.ts';

/** The uses of one object's fields, by use and field. */
export type FieldUses = Map<string, FieldAccess>;

/**
 * Adds a use. A second filter on the same field is a guess more than `equality` says, so nothing of it is left.
 */
export function recordUse(uses: FieldUses, { field, use, equality }: FieldAccess): void {
  const key = `${use} ${field}`;
  uses.set(key, equality === true && !uses.has(key) ? { field, use, equality } : { field, use });
}
