/**
 * Column names and document paths, and patterns over them.
 *
 * A path protects everything below it and is touched by everything above it: `address` and
 * `address.city` overlap in both directions. A wildcard may stand only in the last part of a pattern,
 * so that a pattern never reaches below columns that nobody named. Case is ignored, because two of the
 * dialects ignore it in column names and a mask must not depend on how a name was typed.
 */
import { compileGlob, type Glob, hasWildcard } from './glob.ts';

export interface FieldPattern {
  readonly source: string;
  /** Parts in front of the last one, in lower case. */
  readonly parents: readonly string[];
  readonly last: Glob;
  /** True for `*`: every field of the object. */
  readonly every: boolean;
}

/** The reason why a text is no field pattern, or undefined when it is one. */
export function fieldPatternFault(source: string): string | undefined {
  const parts = source.split('.');
  if (parts.some((part) => part === '')) return 'a field path has an empty part';
  if (parts.slice(0, -1).some(hasWildcard))
    return 'a wildcard may stand only in the last part of a field path';
  return undefined;
}

/** Compiles a pattern that `fieldPatternFault` has no objection to. */
export function compileFieldPattern(source: string): FieldPattern {
  const parts = source.split('.');
  const last = parts.pop() ?? '';
  return {
    source,
    parents: parts.map((part) => part.toLowerCase()),
    last: compileGlob(last, { ignoreCase: true }),
    every: source === '*',
  };
}

/** True when a value read from `field` may hold something that the pattern names, or the other way round. `*` as a field is all of them. */
export function overlaps(pattern: FieldPattern, field: string): boolean {
  if (pattern.every || field === '*') return true;
  const parts = field.toLowerCase().split('.');
  const shared = Math.min(parts.length, pattern.parents.length);
  for (let index = 0; index < shared; index++) if (parts[index] !== pattern.parents[index]) return false;
  const own = parts[pattern.parents.length];
  return own === undefined || pattern.last.matches(own);
}

/** True when the field is named by the pattern or lies below it, so that nothing outside the pattern can come out of it. */
export function covers(pattern: FieldPattern, field: string): boolean {
  if (pattern.every) return true;
  if (field === '*') return false;
  return field.split('.').length > pattern.parents.length && overlaps(pattern, field);
}

/**
 * The concrete fields that have to be masked so that nothing under the pattern leaves, given the
 * fields that the request names. `everything` says that the request may read fields it does not name.
 */
export function expandPattern(
  pattern: FieldPattern,
  named: Iterable<string>,
  everything: boolean,
): readonly string[] {
  if (pattern.every) return ['*'];
  const fields = new Set<string>();
  if (pattern.last.literal) fields.add(pattern.source);
  else if (everything) fields.add(parentOf(pattern));
  const depth = pattern.parents.length + 1;
  for (const field of named) {
    if (field === '*' || !overlaps(pattern, field)) continue;
    const parts = field.split('.');
    if (parts.length >= depth) fields.add(parts.slice(0, depth).join('.'));
    else if (!pattern.last.literal) fields.add(field);
    else fields.add([...parts, ...pattern.source.split('.').slice(parts.length)].join('.'));
  }
  return [...fields];
}

function parentOf(pattern: FieldPattern): string {
  return pattern.parents.length === 0 ? '*' : pattern.source.slice(0, pattern.source.lastIndexOf('.'));
}
