/**
 * Facts as variables for `when:` expressions, built only when an expression reads them.
 *
 * What is unknown is left out, so that reading it throws and the rule denies. Lists and texts beyond the limits
 * are left out too: an expression never runs over something that a client can make arbitrarily large.
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
} from './cel-variables.ts';
import type { StatementFacts, SubjectFacts } from './compile-match.ts';
import { nameOf } from './object-pattern.ts';

/** Variables that stay the same for every statement of a subject. */
export function subjectVariables(facts: SubjectFacts): CelVariables {
  return new SubjectVariables(facts);
}

/** Variables for one access of one statement. */
export function accessVariables(subject: CelVariables, facts: StatementFacts): CelVariables {
  return new AccessVariables(subject, facts);
}

class SubjectVariables implements CelVariables {
  readonly #facts: SubjectFacts;
  #principal: CelPrincipal | undefined;
  #database: CelDatabase | undefined;
  #session: CelSession | undefined;

  constructor(facts: SubjectFacts) {
    this.#facts = facts;
  }
  get principal(): CelPrincipal {
    this.#principal ??= principalVariable(this.#facts);
    return this.#principal;
  }
  get database(): CelDatabase {
    const { database, dialect } = this.#facts.session;
    this.#database ??= new CelDatabase(fitting({ name: database.name, dialect, labels: database.labels }));
    return this.#database;
  }
  get session(): CelSession {
    const { clientAddress, tls, application } = this.#facts.session;
    this.#session ??= new CelSession(fitting({ clientAddress, tls, application }));
    return this.#session;
  }
}

class AccessVariables implements CelVariables {
  readonly #subject: CelVariables;
  readonly #facts: StatementFacts;
  #statement: CelStatement | undefined;
  #access: CelAccess | undefined;

  constructor(subject: CelVariables, facts: StatementFacts) {
    this.#subject = subject;
    this.#facts = facts;
  }
  get principal(): CelPrincipal {
    return this.#subject.principal;
  }
  get database(): CelDatabase {
    return this.#subject.database;
  }
  get session(): CelSession {
    return this.#subject.session;
  }
  get statement(): CelStatement {
    this.#statement ??= statementVariable(this.#facts.statement);
    return this.#statement;
  }
  get access(): CelAccess {
    this.#access ??= accessVariable(this.#facts);
    return this.#access;
  }
}

function principalVariable({ principal, purpose }: SubjectFacts): CelPrincipal {
  const { kind, name, groups, claims, task, actingFor } = principal;
  return new CelPrincipal(fitting({ kind, name, groups, claims, purpose, task, actingFor: actingFor?.name }));
}

function statementVariable({
  verb,
  irreversible,
  bounded,
  limit,
  functions,
  accesses,
}: Statement): CelStatement {
  return new CelStatement(
    fitting({
      verb,
      irreversible,
      bounded: bounded.known ? bounded.value : undefined,
      limit: limit.known && limit.value !== null ? BigInt(limit.value) : undefined,
      functions: functions.known ? functions.value : undefined,
      accesses: accesses.known ? BigInt(accesses.value.length) : undefined,
    }),
  );
}

function accessVariable({ access, labels }: StatementFacts): CelAccess {
  if (access === null) return new CelAccess({ action: 'none', fields: [], uses: [], labels: [] });
  const { action, object, fields } = access;
  const labelled = object.known ? labels.fieldsOf(object.value) : undefined;
  return new CelAccess(
    fitting({
      action,
      ...objectFacts(object),
      fields: fields.known ? distinct(fields.value.map(({ field }) => field)) : undefined,
      uses: fields.known ? distinct(fields.value.map(({ use }) => use)) : undefined,
      labels: labelled && distinct(labelled.flatMap((field) => field.labels)),
    }),
  );
}

function objectFacts(object: Access['object']) {
  if (!object.known) return {};
  const { kind, path } = object.value;
  return {
    kind,
    object: formatObject(object.value),
    namespace: path.length > 1 ? path[0]! : '',
    name: nameOf(path),
  };
}

function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}

/** Only the facts that are there and small enough; what expressions see of the rest is nothing. */
function fitting<T extends object>(facts: T): { readonly [K in keyof T]?: NonNullable<T[K]> } {
  const kept = Object.entries(facts).filter(([, value]) => value !== undefined && fitsCelLimits(value));
  return Object.fromEntries(kept) as { readonly [K in keyof T]?: NonNullable<T[K]> };
}
