/** Which labels the columns of one database carry: from every classification that speaks of it, and from its own comments. */
import type { ObjectRef } from '@gatehouse/model';
import type { LabelledColumn } from './comment-labels.ts';
import { compileFieldPattern, type FieldPattern, fieldPatternFault } from './field-path.ts';
import { compileObjectPattern, isWellFormed, type ObjectPattern, objectKey } from './object-pattern.ts';
import type { ClassificationEntry } from './policy-set.ts';

export interface LabelledField {
  readonly pattern: FieldPattern;
  readonly labels: readonly string[];
}

export interface LabelIndex {
  /** Labelled columns of an object; empty for objects that no classification names. */
  fieldsOf(object: ObjectRef): readonly LabelledField[];
  /** Labels that some object inside the namespace carries, or any object when it is undefined. */
  labelsWithin(namespace: string | undefined): ReadonlySet<string>;
}

const MAX_CACHED_OBJECTS = 10_000;

/**
 * Creates an index over entries and columns that already belong to the database. Everything adds up; case is ignored,
 * so that a mask does not depend on spelling.
 */
export function createLabelIndex(
  entries: readonly ClassificationEntry[],
  columns: readonly LabelledColumn[] = [],
): LabelIndex {
  const compiled = entries.map((entry) => ({
    object: compileObjectPattern(entry.object, { ignoreCase: true }),
    field: { pattern: compileFieldPattern(entry.field), labels: entry.labels },
  }));
  const named = groupColumns(columns);
  const cache = new Map<string, readonly LabelledField[]>();
  const find = (object: ObjectRef) => [
    ...compiled.filter((entry) => entry.object.matches(object)).map((entry) => entry.field),
    ...(named.get(nameKey(object)) ?? []),
  ];
  return {
    fieldsOf(object) {
      if (compiled.length + named.size === 0 || !isWellFormed(object)) return [];
      const key = objectKey(object);
      let fields = cache.get(key);
      if (fields === undefined) {
        if (cache.size >= MAX_CACHED_OBJECTS) cache.clear();
        fields = find(object);
        cache.set(key, fields);
      }
      return fields;
    },
    labelsWithin(namespace) {
      const reached = compiled.filter(({ object }) => reaches(object, namespace));
      const inside = columns.filter(({ object }) => isInside(object, namespace));
      return new Set([...reached.map(({ field }) => field), ...inside].flatMap(({ labels }) => labels));
    },
  };
}

function groupColumns(columns: readonly LabelledColumn[]): ReadonlyMap<string, readonly LabelledField[]> {
  const groups = new Map<string, LabelledField[]>();
  for (const { object, field, labels } of columns) {
    const key = nameKey(object);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    // Signs of patterns in a name match more than the name, which is the safe side.
    group.push({
      pattern: compileFieldPattern(fieldPatternFault(field) === undefined ? field : '*'),
      labels,
    });
  }
  return groups;
}

function nameKey({ path }: ObjectRef): string {
  return JSON.stringify(path).toLowerCase();
}

function isInside({ path }: ObjectRef, namespace: string | undefined): boolean {
  return namespace === undefined || path[0]?.toLowerCase() === namespace.toLowerCase();
}

function reaches(pattern: ObjectPattern, namespace: string | undefined): boolean {
  return namespace === undefined || pattern.reachesInto(namespace);
}
