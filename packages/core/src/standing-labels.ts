import type { DatabaseFacts, ObjectRef } from '@gatehouse/model';
import type { LabelledColumn } from './comment-labels.ts';
import { compileDatabases } from './compile-match.ts';
import { covers } from './field-path.ts';
import { createLabelIndex } from './label-index.ts';
import type { PolicySet } from './policy-set.ts';

/** The labels that a column has already. */
export type StandingLabels = (object: ObjectRef, field: string) => readonly string[];

/** Reads labels that the classifications of a set, and the comments of the database, give to its columns. */
export function createStandingLabels(
  set: PolicySet,
  side: { readonly dialect: string; readonly database: DatabaseFacts },
  columns: readonly LabelledColumn[],
): StandingLabels {
  const index = createLabelIndex(
    set.classifications
      .filter(({ databases }) => databases === undefined || compileDatabases(databases)(side))
      .flatMap(({ entries }) => entries),
    columns,
  );
  return (object, field) => [
    ...new Set(
      index
        .fieldsOf(object)
        .filter(({ pattern }) => covers(pattern, field))
        .flatMap(({ labels }) => labels),
    ),
  ];
}
