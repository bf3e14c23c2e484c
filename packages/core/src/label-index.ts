/** Which labels the columns of one database carry, from every classification that speaks of it. */
import type { ObjectRef } from '@gatehouse/model';
import { compileFieldPattern, type FieldPattern } from './field-path.ts';
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

/** Creates an index over entries that already belong to the database. Case is ignored, so that a mask does not depend on spelling. */
export function createLabelIndex(entries: readonly ClassificationEntry[]): LabelIndex {
  const compiled = entries.map((entry) => ({
    object: compileObjectPattern(entry.object, { ignoreCase: true }),
    field: { pattern: compileFieldPattern(entry.field), labels: entry.labels },
  }));
  const cache = new Map<string, readonly LabelledField[]>();
  const find = (object: ObjectRef) =>
    compiled.filter((entry) => entry.object.matches(object)).map((entry) => entry.field);
  return {
    fieldsOf(object) {
      if (compiled.length === 0 || !isWellFormed(object)) return [];
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
      return new Set(reached.flatMap(({ field }) => field.labels));
    },
  };
}

function reaches(pattern: ObjectPattern, namespace: string | undefined): boolean {
  return namespace === undefined || pattern.reachesInto(namespace);
}
