/**
 * Which days of a store may go: the oldest ones, whole, and only so that what stays of each node's
 * chain has a beginning.
 *
 *   days, oldest first ──> no number in them follows one that stays ──> old enough, or too much
 *     ──> nothing in them that somebody still has to see ──> the most of such
 *
 * INVARIANT: the newest day stays. INVARIANT: an event stays as long as one of its node with a smaller
 * number stays, whatever its clock said.
 */
import type { DueDays, StoreLimits } from '../store/audit-store.ts';

export interface StoredDay {
  /** `2026-01-31`. */
  readonly day: string;
  readonly bytes: number;
  /** What of each node lies in it. */
  readonly parts: readonly {
    readonly node: string;
    readonly first: number;
    readonly last: number;
  }[];
}

/** The last number up to which a node's events may go, and why no further. */
export interface Barrier {
  readonly through: number;
  readonly why: string;
}

export interface DayChoice {
  /** The oldest days, as many as may go; may be none. */
  readonly days: readonly StoredDay[];
  readonly why: DueDays['why'] | null;
  /** Why some that are old or too much may not go; null when all may. */
  readonly kept: string | null;
}

const DAY_MS = 86_400_000;

/** Chooses among all days, oldest first. `now` is in milliseconds since 1970. */
export function chooseDays(
  days: readonly StoredDay[],
  limits: StoreLimits,
  barriers: ReadonlyMap<string, Barrier>,
  now: number,
): DayChoice {
  const total = days.reduce((sum, { bytes }) => sum + bytes, 0);
  let kept: string | null = null;
  let chosen: DayChoice = { days: [], why: null, kept: null };
  let left = total;
  for (let count = 1; count < days.length; count += 1) {
    const { day, bytes } = days[count - 1]!;
    const before = left;
    left -= bytes;
    const old = limits.maxAgeMs !== undefined && now - (Date.parse(day) + DAY_MS) > limits.maxAgeMs;
    const large = limits.maxBytes !== undefined && before > limits.maxBytes;
    if (!old && !large) break;
    if (!isClosed(days, count)) {
      kept = `numbers of \`${entangledNode(days, count)}\` up to ${day} follow others that are younger`;
      continue;
    }
    const reason = barrierOf(days.slice(0, count), barriers);
    if (reason !== null) {
      kept = reason;
      break;
    }
    kept = null;
    chosen = { days: days.slice(0, count), why: old ? 'store-age' : 'store-size', kept: null };
  }
  return { ...chosen, kept };
}

/** The last number of each node in some days. */
export function lastNumbers(days: readonly StoredDay[]): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const part of days.flatMap(({ parts }) => parts)) {
    last.set(part.node, Math.max(part.last, last.get(part.node) ?? 0));
  }
  return last;
}

function isClosed(days: readonly StoredDay[], count: number): boolean {
  return entangledNode(days, count) === undefined;
}

/** A node of which a smaller number stays than one that would go. */
function entangledNode(days: readonly StoredDay[], count: number): string | undefined {
  const last = lastNumbers(days.slice(0, count));
  const staying = days.slice(count).flatMap(({ parts }) => parts);
  return staying.find(({ node, first }) => first < (last.get(node) ?? 0))?.node;
}

function barrierOf(days: readonly StoredDay[], barriers: ReadonlyMap<string, Barrier>): string | null {
  for (const [node, last] of lastNumbers(days)) {
    const barrier = barriers.get(node);
    if (barrier !== undefined && last > barrier.through) return barrier.why;
  }
  return null;
}
