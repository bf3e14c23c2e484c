/**
 * Facts as variables for `when:` expressions.
 *
 * What is unknown is left out, so that reading it throws and the rule denies. Lists and texts beyond the
 * limits throw too: an expression never runs over something that a client can make arbitrarily large.
 */
import { type Access, formatObject, type Statement } from '@gatehouse/model';
import {
  CelAccess,
  CelDatabase,
  CelPrincipal,
  CelSession,
  CelStatement,
  type CelVariables,
  fitsCelLimits,
} from './cel-expression.ts';
import type { StatementFacts, SubjectFacts } from './compile-match.ts';
import { nameOf } from './object-pattern.ts';

/** Variables that stay the same for every statement of a subject. */
export function subjectVariables({ principal, purpose, session }: SubjectFacts): CelVariables {
  const { kind, name, groups, claims, task, actingFor } = principal;
  const facts = {
    kind,
    name,
    groups,
    claims,
    ...(purpose === undefined ? {} : { purpose }),
    ...(task === undefined ? {} : { task }),
    ...(actingFor === undefined ? {} : { actingFor: actingFor.name }),
  };
  const { clientAddress, application, tls, database, dialect } = session;
  assertSize([facts, application ?? '', database]);
  return {
    principal: new CelPrincipal(facts),
    database: new CelDatabase({ name: database.name, dialect, labels: database.labels }),
    session: new CelSession({ clientAddress, tls, ...(application === undefined ? {} : { application }) }),
  };
}

/** Variables for one access of one statement. */
export function accessVariables(subject: CelVariables, facts: StatementFacts): CelVariables {
  return { ...subject, statement: statementVariable(facts.statement), access: accessVariable(facts) };
}

function statementVariable(statement: Statement): CelStatement {
  const { bounded, limit, functions, accesses } = statement;
  if (functions.known) assertSize(functions.value);
  return new CelStatement({
    verb: statement.verb,
    irreversible: statement.irreversible,
    ...(bounded.known ? { bounded: bounded.value } : {}),
    ...(limit.known && limit.value !== null ? { limit: BigInt(limit.value) } : {}),
    ...(functions.known ? { functions: functions.value } : {}),
    ...(accesses.known ? { accesses: BigInt(accesses.value.length) } : {}),
  });
}

function accessVariable({ access, labels }: StatementFacts): CelAccess {
  if (access === null) return new CelAccess({ action: 'none', fields: [], uses: [], labels: [] });
  return new CelAccess({ action: access.action, ...objectFacts(access), ...fieldFacts(access, labels) });
}

function objectFacts({ object }: Access) {
  if (!object.known) return {};
  const { kind, path } = object.value;
  return {
    kind,
    object: formatObject(object.value),
    namespace: path.length > 1 ? path[0]! : '',
    name: nameOf(path),
  };
}

function fieldFacts({ object, fields }: Access, labels: StatementFacts['labels']) {
  const classified = object.known ? labels.fieldsOf(object.value).flatMap((field) => field.labels) : [];
  const known = fields.known
    ? {
        fields: [...new Set(fields.value.map(({ field }) => field))],
        uses: [...new Set(fields.value.map(({ use }) => use))],
      }
    : {};
  assertSize(known);
  return object.known ? { ...known, labels: [...new Set(classified)] } : known;
}

function assertSize(value: unknown): void {
  if (!fitsCelLimits(value))
    throw Object.assign(new RangeError('too large for an expression'), { code: 'too_large' });
}
