/** Decides recorded requests with two policies and keeps what differs. */
import type { AccessRequest, Decision } from '@gatehouse/model';
import type { Engine } from './engine.ts';

export interface Difference {
  /** Position among the requests, from 0. */
  readonly index: number;
  readonly request: AccessRequest;
  readonly before: Decision;
  readonly after: Decision;
  /** What differs, so that reports can be grouped. */
  readonly changed: readonly ('effect' | 'reason' | 'masks' | 'limits' | 'durability' | 'alerts')[];
}

/** Yields one difference per request that the candidate decides otherwise. Lazy, so that a recording may be longer than memory. */
export function* replay(
  requests: Iterable<AccessRequest>,
  current: Engine,
  candidate: Engine,
): Generator<Difference> {
  let index = 0;
  for (const request of requests) {
    const before = current.decide(request);
    const after = candidate.decide(request);
    const changed = compare(before, after);
    if (changed.length > 0) yield { index, request, before, after, changed };
    index++;
  }
}

function compare(before: Decision, after: Decision): Difference['changed'] {
  const parts = {
    effect: [before.effect, after.effect],
    reason: [before.reason.code, after.reason.code],
    masks: [maskKeys(before), maskKeys(after)],
    limits: [limitKeys(before), limitKeys(after)],
    durability: [before.obligations.durability, after.obligations.durability],
    alerts: [before.alerts.map(({ rule }) => rule), after.alerts.map(({ rule }) => rule)],
  } as const;
  const keys = Object.keys(parts) as (keyof typeof parts)[];
  return keys.filter((key) => JSON.stringify(parts[key][0]) !== JSON.stringify(parts[key][1]));
}

function maskKeys({ obligations }: Decision): readonly unknown[] {
  return obligations.masks.map(({ object, field, masker }) => [object, field, masker]);
}

function limitKeys({ obligations: { limits } }: Decision): readonly unknown[] {
  return [limits.rows, limits.affectedRows, limits.bytes, limits.seconds];
}
