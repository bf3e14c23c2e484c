/**
 * Guesses at masked values that are counted: `where email = $1` tells whether the guess was right.
 *
 * A mask that allows `equality` but not `filter` allows one such comparison on each column of an access, and so many
 * in an hour (`probesPerHour`). What is found here is spent when the statement runs, by the gateway.
 */
import { type Access, type CountedProbe, formatObject } from '@gatehouse/model';
import { overlaps } from './field-path.ts';
import { isWellFormed } from './object-pattern.ts';
import type { Protections } from './protection.ts';

/** The comparisons with protected columns whose masks do not allow filters of any kind; one entry a column. */
export function countedProbes(
  accesses: readonly Access[],
  protections: Protections,
): readonly CountedProbe[] {
  const probes = accesses.flatMap((access) => probesOf(access, protections));
  return merge(probes, (a, b) => a + b);
}

/** What everybody concerned is asked for the same statement: the most guesses, the fewest of them in an hour. */
export function strictestProbes(probes: readonly CountedProbe[]): readonly CountedProbe[] {
  return merge(probes, Math.max);
}

function probesOf({ object, fields }: Access, protections: Protections): readonly CountedProbe[] {
  if (!fields.known || !object.known || !isWellFormed(object.value)) return [];
  const guarded = protections.of(object.value);
  if (guarded.length === 0) return [];
  return fields.value.flatMap(({ field, use, equality }) => {
    if (use !== 'filter' || equality !== true) return [];
    const counting = guarded
      .filter(({ pattern, allowUses }) => overlaps(pattern, field) && !allowUses.includes('filter'))
      .map(({ rule, probesPerHour }) => ({
        object: object.value,
        field,
        rule,
        guesses: 1,
        perHour: probesPerHour,
      }));
    return merge(counting, Math.max);
  });
}

function merge(
  probes: readonly CountedProbe[],
  guesses: (a: number, b: number) => number,
): readonly CountedProbe[] {
  if (probes.length < 2) return probes;
  const byField = new Map<string, CountedProbe>();
  for (const probe of probes) {
    const key = `${formatObject(probe.object)}\0${probe.field}`;
    const before = byField.get(key);
    if (before === undefined) byField.set(key, probe);
    else {
      const stricter = probe.perHour < before.perHour ? probe : before;
      byField.set(key, { ...stricter, guesses: guesses(before.guesses, probe.guesses) });
    }
  }
  return [...byField.values()];
}
