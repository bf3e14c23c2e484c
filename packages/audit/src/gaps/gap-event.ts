/** What a node records of numbers that the store lacks. */
import type { JsonValue } from '@gatehouse/model';
import type { NumberRange } from '../store/audit-store.ts';

/** `what` of the event that tells a gap, and of the one that tells that it was filled. */
export const GAP = 'gap';
export const GAP_CLOSED = 'gap-closed';

/** The gap in the detail of an event, or null for something else. */
export function readGap({
  node,
  first,
  last,
}: Readonly<Record<string, JsonValue>>): (NumberRange & { readonly node: string }) | null {
  const isGap = typeof node === 'string' && typeof first === 'number' && typeof last === 'number';
  return isGap ? { node, first, last } : null;
}
