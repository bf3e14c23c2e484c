/**
 * Turns protections into masks for the objects that a statement touches.
 *
 * Masks carry plain field names: patterns are expanded over the fields that the request names, and to
 * everything above them where it may read more than it names. Where two masks meet on one field, or one
 * lies below the other, the stricter masker holds for both, so that whoever carries them out need not choose.
 */
import { type Access, type FieldMask, formatObject, type ObjectRef, type Statement } from '@gatehouse/model';
import { expandPattern } from './field-path.ts';
import { stricterMasker } from './masker-strength.ts';
import { isWellFormed, objectKey } from './object-pattern.ts';
import type { Protections } from './protection.ts';

interface Touched {
  readonly object: ObjectRef;
  readonly fields: Set<string>;
  everything: boolean;
}

export interface CollectedMasks {
  readonly masks: readonly FieldMask[];
  /** True when an object has a protection, even one whose pattern fits no field that the request names. */
  readonly guarded: boolean;
}

/** Masks for every protected field of every object that the statement touches or whose values it gives back. */
export function collectMasks(
  statement: Statement,
  accesses: readonly Access[],
  protections: Protections,
): CollectedMasks {
  const masks: FieldMask[] = [];
  let guarded = false;
  for (const { object, fields, everything } of touchedObjects(statement, accesses).values()) {
    for (const { pattern, masker, rule } of protections.of(object)) {
      guarded = true;
      for (const field of expandPattern(pattern, fields, everything))
        masks.push({ object, field, masker, rule });
    }
  }
  return { masks, guarded };
}

function touchedObjects(statement: Statement, accesses: readonly Access[]): ReadonlyMap<string, Touched> {
  const touched = new Map<string, Touched>();
  const touch = (object: ObjectRef) => {
    const key = objectKey(object);
    const found = touched.get(key) ?? {
      object,
      fields: new Set<string>(),
      everything: !statement.output.known,
    };
    touched.set(key, found);
    return found;
  };
  const add = (found: Touched, field: string) => {
    if (field === '*') found.everything = true;
    else found.fields.add(field);
  };
  for (const { object, fields } of accesses) {
    if (!object.known || !isWellFormed(object.value)) continue;
    const found = touch(object.value);
    if (fields.known) for (const { field } of fields.value) add(found, field);
    else found.everything = true;
  }
  for (const { sources } of statement.output.known ? statement.output.value : []) {
    for (const { object, field } of sources.known ? sources.value : []) add(touch(object), field);
  }
  return touched;
}

/** One mask per field, none below another, in a fixed order. */
export function mergeMasks(masks: readonly FieldMask[]): readonly FieldMask[] {
  const byObject = new Map<string, FieldMask[]>();
  for (const mask of masks) {
    const key = objectKey(mask.object);
    const group = byObject.get(key);
    if (group === undefined) byObject.set(key, [mask]);
    else group.push(mask);
  }
  return [...byObject.values()].flatMap(mergeGroup).sort(compareMasks);
}

function mergeGroup(group: readonly FieldMask[]): readonly FieldMask[] {
  const outer: FieldMask[] = [];
  for (const mask of [...group].sort((a, b) => depth(a.field) - depth(b.field))) {
    const index = outer.findIndex((candidate) => isAtOrAbove(candidate.field, mask.field));
    if (index < 0) outer.push(mask);
    else outer[index] = stricter(outer[index]!, mask);
  }
  return outer;
}

function stricter(first: FieldMask, second: FieldMask): FieldMask {
  const masker = stricterMasker(first.masker, second.masker);
  return masker === second.masker ? { ...second, field: first.field } : { ...first, masker };
}

function isAtOrAbove(upper: string, lower: string): boolean {
  return upper === '*' || upper === lower || lower.startsWith(`${upper}.`);
}

function depth(field: string): number {
  return field === '*' ? 0 : field.split('.').length;
}

function compareMasks(a: FieldMask, b: FieldMask): number {
  const left = `${formatObject(a.object)}\0${a.field}`;
  const right = `${formatObject(b.object)}\0${b.field}`;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
