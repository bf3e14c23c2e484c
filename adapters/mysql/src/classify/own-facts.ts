/**
 * Facts about commands that have no SQL text, and about texts that were not understood.
 */
import { type Access, known, type ObjectKind, type Statement, unknown } from '@gatehouse/model';

/** Denied by every policy: nothing about it can be read. */
export function unknownStatement(verb: string, reason: string): Statement {
  return {
    verb,
    accesses: unknown(reason),
    bounded: unknown(reason),
    limit: unknown(reason),
    functions: unknown(reason),
    output: unknown(reason),
    irreversible: true,
    fingerprint: `com:${verb}`,
  };
}

/** A command whose whole effect is one access to something that is no relation. */
export function commandStatement(
  verb: string,
  action: Access['action'],
  object: { readonly kind: ObjectKind; readonly path: readonly string[] },
): Statement {
  return {
    verb,
    accesses: known([{ action, object: known(object), fields: known([]) }]),
    bounded: known(true),
    limit: known(null),
    functions: known([]),
    output: known([]),
    irreversible: false,
    fingerprint: `com:${verb}`,
  };
}

/** The same statement, but what it touches is not known any more. */
export function withUnknownAccesses(statement: Statement, reason: string): Statement {
  return { ...statement, accesses: unknown(reason), output: unknown(reason) };
}
