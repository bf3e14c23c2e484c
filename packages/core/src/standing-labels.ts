import type { DatabaseFacts, ObjectRef } from '@gatehouse/model';
import { compileDatabases } from './compile-match.ts';
import { covers } from './field-path.ts';
import { createLabelIndex } from './label-index.ts';
import type { PolicySet } from './policy-set.ts';

/** The labels that a column has already. */
export type StandingLabels = (object: ObjectRef, field: string) => readonly string[];

/** Reads labels that the classifications of a set give to columns of one database. */
export function createStandingLabels(
  set: PolicySet,
  side: { readonly dialect: string; readonly database: DatabaseFacts },
): StandingLabels {
  const index = createLabelIndex(
    set.classifications
      .filter(({ databases }) => databases === undefined || compileDatabases(databases)(side))
      .flatMap(({ entries }) => entries),
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
