/**
 * Turns a `match` into conditions over facts, each answering yes, no or unknown.
 *
 * A condition is compiled for one of two readings. *Wide* is for what restricts (deny, mask, limit and
 * the `unless` of a permit): one matching column is enough, a container counts as what it holds, case is
 * ignored. *Narrow* is for what opens (permit, and the `unless` of a restriction): every column must
 * match, names are exact, and the two actions that cannot be seen through must be named.
 */
import type { Access, Known, Principal, SessionFacts, Statement } from '@gatehouse/model';
import { compileFieldPattern, covers, overlaps } from './field-path.ts';
import { compileGlobs } from './glob.ts';
import type { LabelIndex } from './label-index.ts';
import { compileObjectPattern, isContainer, isWellFormed } from './object-pattern.ts';
import type {
  ActionPattern,
  ColumnSelector,
  DatabaseSelector,
  Match,
  ObjectSelector,
  PrincipalSelector,
  StatementSelector,
} from './policy-set.ts';
import { and, or, type Ternary, ternary } from './ternary.ts';

/** Who and where; the same for every statement of a session. */
export interface SubjectFacts {
  readonly principal: Principal;
  readonly purpose: string | undefined;
  readonly session: SessionFacts;
  readonly labels: LabelIndex;
}

/** What is asked. `access` is null for a statement that touches nothing. */
export interface StatementFacts extends SubjectFacts {
  readonly statement: Statement;
  readonly access: Access | null;
}

export type Reading = 'wide' | 'narrow';

interface Described {
  /** The key of the match, for explanations. */
  readonly key: string;
  /** What it asks for, in words. */
  readonly expects: string;
}

export interface SubjectCondition extends Described {
  test(facts: SubjectFacts): boolean;
}

export interface StatementCondition extends Described {
  readonly scope: 'statement' | 'access';
  test(facts: StatementFacts): Ternary;
}

export interface CompiledMatch {
  readonly subject: readonly SubjectCondition[];
  readonly statement: readonly StatementCondition[];
  /** True when `actions` names `unknown`. */
  readonly namesUnknown: boolean;
}

/** Compiles matches that must all hold into one. A permit that names no actions is about every action that can be seen through. */
export function compileMatch(parts: readonly Match[], reading: Reading, permits = false): CompiledMatch {
  const compiled = parts.map((part) => compilePart(part, reading));
  const statement = compiled.flatMap((part) => part.statement);
  if (permits && parts.every((part) => part.actions === undefined))
    statement.push(actionCondition(['*'], reading));
  return {
    subject: compiled.flatMap((part) => part.subject),
    statement,
    namesUnknown: parts.some((part) => part.actions?.includes('unknown') === true),
  };
}

function compilePart(match: Match, reading: Reading): Omit<CompiledMatch, 'namesUnknown'> {
  const subject: SubjectCondition[] = [];
  const statement: StatementCondition[] = [];
  const { databases, principals, tls, purpose } = match;
  if (databases !== undefined) subject.push(condition('databases', databases, anyDatabase(databases)));
  if (principals !== undefined) subject.push(condition('principals', principals, anyPrincipal(principals)));
  if (tls !== undefined) subject.push(condition('tls', tls, ({ session }) => session.tls === tls));
  if (purpose !== undefined)
    subject.push(condition('purpose', purpose, (facts) => hasPurpose(facts) === purpose));
  // The cheapest question first: most rules are about other actions.
  if (match.actions !== undefined) statement.push(actionCondition(match.actions, reading));
  if (match.statement !== undefined) statement.push(...statementConditions(match.statement, reading));
  if (match.objects !== undefined) statement.push(objectCondition(match.objects, reading));
  if (match.columns !== undefined || match.uses !== undefined)
    statement.push(columnCondition(match, reading));
  if (match.verbs !== undefined) statement.push(verbCondition(match.verbs, reading));
  return { subject, statement };
}

function condition<F, R>(key: string, expected: unknown, test: (facts: F) => R) {
  return { key, expects: JSON.stringify(expected), test };
}

function hasPurpose({ purpose }: SubjectFacts): boolean {
  return purpose !== undefined && purpose.trim() !== '';
}

/** What of a session says which database it is. */
export type DatabaseSide = Pick<SessionFacts, 'dialect' | 'database'>;

/** True for databases that one of the selectors names. */
export function compileDatabases(selectors: readonly DatabaseSelector[]): (session: DatabaseSide) => boolean {
  const tests = selectors.map(({ names, labels, dialects }) => {
    const nameTest = names && compileGlobs(names);
    const dialectTest = dialects && compileGlobs(dialects, { ignoreCase: true });
    const labelTests = labels?.map(({ key, values }) => ({ key, test: compileGlobs(values) }));
    return ({ database, dialect }: DatabaseSide) =>
      (nameTest?.(database.name) ?? true) &&
      (dialectTest?.(dialect) ?? true) &&
      (labelTests?.every(
        ({ key, test }) => Object.hasOwn(database.labels, key) && test(database.labels[key]!),
      ) ??
        true);
  });
  return (session) => tests.some((test) => test(session));
}

function anyDatabase(selectors: readonly DatabaseSelector[]): (facts: SubjectFacts) => boolean {
  const test = compileDatabases(selectors);
  return ({ session }) => test(session);
}

function anyPrincipal(selectors: readonly PrincipalSelector[]): (facts: SubjectFacts) => boolean {
  const tests = selectors.map(({ kinds, names, groups }) => {
    const nameTest = names && compileGlobs(names);
    const groupTest = groups && compileGlobs(groups);
    return (principal: Principal) =>
      (kinds?.includes(principal.kind) ?? true) &&
      (nameTest?.(principal.name) ?? true) &&
      (groupTest === undefined || principal.groups.some((group) => groupTest(group)));
  });
  return ({ principal }) => tests.some((test) => test(principal));
}

/** The verb of a statement that holds something unknown says nothing about that part. */
function verbCondition(verbs: readonly string[], reading: Reading): StatementCondition {
  const test = compileGlobs(verbs, { ignoreCase: true });
  return {
    ...condition('verbs', verbs, ({ statement, access }: StatementFacts): Ternary => {
      if (test(statement.verb)) return 'yes';
      return reading === 'wide' && access?.action === 'unknown' ? 'unknown' : 'no';
    }),
    scope: 'statement',
  };
}

function statementConditions(selector: StatementSelector, reading: Reading): readonly StatementCondition[] {
  const { bounded, irreversible, limited, functions } = selector;
  const conditions: StatementCondition[] = [];
  const add = (key: string, expected: unknown, test: (facts: StatementFacts) => Ternary) =>
    conditions.push({ ...condition(key, expected, test), scope: 'statement' });
  if (bounded !== undefined)
    add('statement.bounded', bounded, ({ statement }) =>
      ask(statement.bounded, (value) => value === bounded),
    );
  if (irreversible !== undefined) {
    add('statement.irreversible', irreversible, ({ statement }) =>
      ternary(statement.irreversible === irreversible),
    );
  }
  if (limited !== undefined)
    add('statement.limited', limited, ({ statement }) =>
      ask(statement.limit, (value) => (value !== null) === limited),
    );
  if (functions !== undefined) {
    const test = compileFunctions(functions);
    add('statement.functions', functions, ({ statement }) =>
      ask(statement.functions, (called) => (reading === 'wide' ? called.some(test) : called.every(test))),
    );
  }
  return conditions;
}

function ask<T>(fact: Known<T>, test: (value: T) => boolean): Ternary {
  return fact.known ? ternary(test(fact.value)) : 'unknown';
}

/** A pattern without a dot is about the routine's own name, wherever it lives. */
function compileFunctions(patterns: readonly string[]): (name: string) => boolean {
  const full = compileGlobs(
    patterns.filter((pattern) => pattern.includes('.')),
    { ignoreCase: true },
  );
  const own = compileGlobs(
    patterns.filter((pattern) => !pattern.includes('.')),
    { ignoreCase: true },
  );
  return (name) => full(name) || own(name.slice(name.lastIndexOf('.') + 1));
}

function actionCondition(actions: readonly ActionPattern[], reading: Reading): StatementCondition {
  const named: ReadonlySet<string> = new Set(actions);
  const every = named.has('*');
  const test = ({ access }: StatementFacts): Ternary => {
    if (access === null) return 'no';
    if (named.has(access.action)) return 'yes';
    if (reading === 'narrow')
      return ternary(every && access.action !== 'unknown' && access.action !== 'call');
    if (every) return 'yes';
    return access.action === 'unknown' ? 'unknown' : 'no';
  };
  return { ...condition('actions', actions, test), scope: 'access' };
}

/** What acts on a container acts on what it holds; connecting to it or listing it does not. */
const REACHING_ACTIONS: ReadonlySet<string> = new Set([
  'read',
  'insert',
  'update',
  'delete',
  'define',
  'grant',
]);

function objectCondition(selector: ObjectSelector, reading: Reading): StatementCondition {
  const patterns = selector.names?.map((name) =>
    compileObjectPattern(name, { ignoreCase: reading === 'wide' }),
  );
  const test = ({ access }: StatementFacts): Ternary => {
    if (access === null) return 'no';
    if (selector.kinds === undefined && selector.names?.includes('*')) return 'yes';
    if (!access.object.known || !isWellFormed(access.object.value)) return 'unknown';
    const object = access.object.value;
    const kind = ternary(selector.kinds?.includes(object.kind) ?? true);
    const name = ternary(patterns?.some((pattern) => pattern.matches(object)) ?? true);
    if (reading === 'narrow' || !isContainer(object) || !REACHING_ACTIONS.has(access.action))
      return and(kind, name);
    const inside = patterns?.some(
      (pattern) => object.kind !== 'namespace' || pattern.reachesInto(object.path[0]!),
    );
    return or(and(kind, name), inside === true ? 'unknown' : 'no');
  };
  return { ...condition('objects', selector, test), scope: 'access' };
}

function columnCondition(match: Match, reading: Reading): StatementCondition {
  const { columns, uses } = match;
  const labelTest = columns?.labels && compileGlobs(columns.labels);
  const names = columns?.names?.map(compileFieldPattern);
  const touches = reading === 'wide' ? overlaps : covers;
  const test = ({ access, labels }: StatementFacts): Ternary => {
    if (access === null) return 'no';
    if (columns?.labels !== undefined && !access.object.known) return 'unknown';
    const labelled =
      labelTest && access.object.known
        ? labels.fieldsOf(access.object.value).filter((field) => field.labels.some(labelTest))
        : [];
    if (!access.fields.known)
      return columns?.labels !== undefined && names === undefined && labelled.length === 0 ? 'no' : 'unknown';
    const patterns = [...(names ?? []), ...labelled.map(({ pattern }) => pattern)];
    const fits = ({ field, use }: { readonly field: string; readonly use: string }) =>
      (uses?.some((wanted) => wanted === use) ?? true) &&
      (columns === undefined || patterns.some((pattern) => touches(pattern, field)));
    const hit = reading === 'wide' ? access.fields.value.some(fits) : access.fields.value.every(fits);
    return ternary(hit);
  };
  const key = columns === undefined ? 'uses' : 'columns';
  return { ...condition(key, describeColumns(columns, match), test), scope: 'access' };
}

function describeColumns(columns: ColumnSelector | undefined, { uses }: Match): unknown {
  return uses === undefined ? columns : { ...columns, uses };
}
