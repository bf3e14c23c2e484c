import { known, type ObjectRef, type OutputColumn, unknown } from '@gatehouse/model';
import { overlaps, pathsOf } from './field-path.ts';

/**
 * What the documents at one point of a pipeline are made of.
 *
 * INVARIANT: the value at a path of any document comes from the bases at the same path, or from a computed
 * field that overlaps the path. So as long as nothing protected is computed, masks can be carried out
 * by path on the way back; and what is computed says everything that it can reveal.
 */
export interface Documents {
  /** Collections whose own documents, at their own paths, come out. */
  readonly bases: readonly ObjectRef[];
  readonly computed: readonly Computed[];
  /** Only these paths of the bases are left; null for all. */
  readonly kept: readonly string[] | null;
}

/** A field that a stage made; `*` is the whole document. */
export interface Computed {
  readonly name: string;
  /** What it can reveal; null when that is not known. */
  readonly sources: readonly Source[] | null;
}

export interface Source {
  readonly object: ObjectRef;
  readonly field: string;
}

/** Documents that are made of nothing (constants, or none at all). */
export const NOTHING: Documents = { bases: [], computed: [], kept: null };

/** The base fields that a path can carry; null when that is not known. */
export function resolve(path: string, { bases, computed }: Documents): readonly Source[] | null {
  const sources: Source[] = [];
  for (const form of pathsOf(path)) {
    for (const field of computed) {
      if (!overlaps(form, field.name)) continue;
      if (field.sources === null) return null;
      sources.push(...field.sources);
    }
    // A computed field hides the base's own one only for documents that have it; both count.
    for (const object of bases) sources.push({ object, field: form });
  }
  return sources;
}

/** The output columns that documents stand for. */
export function outputOf({ bases, computed, kept }: Documents): readonly OutputColumn[] {
  const own = (kept ?? ['*']).flatMap((path) =>
    bases.length === 0
      ? []
      : pathsOf(path).map((field) => ({
          name: field,
          kind: 'value' as const,
          sources: known(bases.map((object) => ({ object, field }))),
        })),
  );
  const added = computed.map(({ name, sources }): OutputColumn => {
    if (sources === null)
      return { name, kind: 'derived', sources: unknown('computed from what is not known') };
    return { name, kind: sources.length === 0 ? 'none' : 'derived', sources: known(sources) };
  });
  return [...own, ...added];
}

/** Everything that the documents reveal; null when that is not known. */
export function allOf(documents: Documents): readonly Source[] | null {
  const sources: Source[] = [];
  for (const column of outputOf(documents)) {
    if (!column.sources.known) return null;
    sources.push(...column.sources.value);
  }
  return sources;
}
