/**
 * Patterns over objects: `public.customers`, `shop.*`, `*.customers`, `*`.
 *
 * The text before the first dot is the namespace, everything behind it the name, so collections like
 * `support.fs.files` need no quoting. Objects whose path has one part (roles, files, settings,
 * namespaces) are matched by patterns without a dot. `*` alone is every object.
 */
import type { ObjectKind, ObjectRef } from '@gatehouse/model';
import { compileGlob, type Glob, type GlobOptions } from './glob.ts';

export interface ObjectPattern {
  readonly source: string;
  matches(object: ObjectRef): boolean;
  /** True when the namespace may hold an object that the pattern names. */
  reachesInto(namespace: string): boolean;
}

const KINDS_WITH_NAMESPACE: ReadonlySet<ObjectKind> = new Set(['relation', 'routine', 'type', 'index']);
const CONTAINERS: ReadonlySet<ObjectKind> = new Set(['namespace', 'database', 'server']);

/** Compiles one pattern. */
export function compileObjectPattern(source: string, options: GlobOptions = {}): ObjectPattern {
  if (source === '*') return { source, matches: () => true, reachesInto: () => true };
  const dot = source.indexOf('.');
  if (dot < 0) return singlePattern(source, compileGlob(source, options));
  const namespace = compileGlob(source.slice(0, dot), options);
  const name = compileGlob(source.slice(dot + 1), options);
  return {
    source,
    matches: ({ path }) => path.length > 1 && namespace.matches(path[0]!) && name.matches(nameOf(path)),
    reachesInto: (candidate) => namespace.matches(candidate),
  };
}

function singlePattern(source: string, glob: Glob): ObjectPattern {
  return {
    source,
    matches: ({ path }) => path.length === 1 && glob.matches(path[0]!),
    reachesInto: () => false,
  };
}

/** The name behind the namespace; the whole path for objects without one. */
export function nameOf(path: readonly string[]): string {
  return path.length > 1 ? path.slice(1).join('.') : (path[0] ?? '');
}

/** True for objects that hold others, so that acting on one acts on what is inside. */
export function isContainer(object: ObjectRef): boolean {
  return CONTAINERS.has(object.kind);
}

/** True when the path has as many parts as its kind needs, and none is empty. An object for which this is false was not understood. */
export function isWellFormed(object: ObjectRef): boolean {
  const { kind, path } = object;
  if (path.some((part) => typeof part !== 'string' || part === '')) return false;
  return KINDS_WITH_NAMESPACE.has(kind) ? path.length === 2 : path.length >= 1;
}

/** A key that two objects share only when they are the same. */
export function objectKey(object: ObjectRef): string {
  return JSON.stringify([object.kind, ...object.path]);
}
