/** One principal in one kind of session: the rules that can apply to it, found once and used for every statement. */
import type { Principal, SessionFacts } from '@gatehouse/model';
import { subjectVariables } from './cel-facts.ts';
import type { CelVariables } from './cel-variables.ts';
import type { LabelledColumn } from './comment-labels.ts';
import { compileDatabases, type SubjectFacts } from './compile-match.ts';
import { type ActiveRule, activate, type CompiledRule, compileRule, testWhen } from './compile-rule.ts';
import { type Finding, finding, formatRule } from './finding.ts';
import { createLabelIndex, type LabelIndex } from './label-index.ts';
import type { Classification, PolicySet } from './policy-set.ts';
import { createProtections, type Protections } from './protection.ts';

/** A policy set as functions. */
export interface Program {
  readonly rules: readonly CompiledRule[];
  /** Labels of the columns of the session's database. */
  labelsFor(session: SessionFacts): LabelIndex;
  /** True when some expression reads the client's address or application, so that decisions depend on them. */
  readonly readsClient: boolean;
}

/**
 * Labels that a database itself gives to its columns, by the name of the database. The same list as long as nothing
 * has changed, so that what was derived from it can be kept.
 */
export type ColumnLabels = (database: string) => readonly LabelledColumn[];

/** Compiles every rule of the set, once. */
export function compileProgram(set: PolicySet, columnLabels: ColumnLabels = noColumnLabels): Program {
  const rules = set.policies.flatMap((policy) => policy.rules);
  return {
    rules: rules.map(compileRule),
    labelsFor: createLabelLookup(set.classifications, columnLabels),
    readsClient: rules.some((rule) => rule.when?.readsClient === true),
  };
}

export interface Subject {
  readonly facts: SubjectFacts;
  /** True for a person whom an agent acts for; the agent itself is asked first. */
  readonly represented: boolean;
  /** Every rule but masks. */
  readonly rules: readonly ActiveRule[];
  readonly protections: Protections;
  /** Masks in `mode: observe`, and what they would have protected. */
  readonly observedMasks: readonly ObservedMask[];
  /** Mask rules that could not be decided; every statement is denied. */
  readonly failures: readonly Finding[];
  /** Throws when the principal is too large for expressions. */
  variables(): CelVariables;
}

export interface ObservedMask {
  readonly active: ActiveRule;
  readonly protections: Protections;
}

/** Prepares the rules for one principal of the chain. `purpose` is the session's. */
export function createSubject(
  program: Program,
  principal: Principal,
  session: SessionFacts,
  purpose: string | undefined,
  represented: boolean,
): Subject {
  const facts: SubjectFacts = { principal, purpose, session, labels: program.labelsFor(session) };
  const variables = lazily(() => subjectVariables(facts));
  const active = program.rules.map((rule) => activate(rule, facts)).filter((rule) => rule !== undefined);
  const failures: Finding[] = [];
  const masks = active.filter((rule) => isMask(rule) && holds(rule, variables, failures));
  const enforced = masks.filter((rule) => rule.compiled.rule.mode === 'enforce');
  const observed = masks.filter((rule) => rule.compiled.rule.mode === 'observe');
  return {
    facts,
    represented,
    rules: active.filter((rule) => !isMask(rule)),
    protections: createProtections(enforced, facts),
    observedMasks: observed.map((mask) => ({ active: mask, protections: createProtections([mask], facts) })),
    failures,
    variables,
  };
}

const MAX_DATABASES = 1_000;

const NO_COLUMN_LABELS: readonly LabelledColumn[] = [];

/** For where no database is asked. */
export function noColumnLabels(): readonly LabelledColumn[] {
  return NO_COLUMN_LABELS;
}

/** One index per database, shared by every principal that uses it, and made anew when the database's own labels change. */
function createLabelLookup(
  classifications: readonly Classification[],
  columnLabels: ColumnLabels,
): Program['labelsFor'] {
  const indexes = new Map<
    string,
    { readonly index: LabelIndex; readonly columns: readonly LabelledColumn[] }
  >();
  const tests = classifications.map(({ databases, entries }) => ({
    applies: databases === undefined ? () => true : compileDatabases(databases),
    entries,
  }));
  return (session) => {
    const key = JSON.stringify([session.dialect, session.database.name, session.database.labels]);
    const columns = columnLabels(session.database.name);
    const kept = indexes.get(key);
    if (kept?.columns === columns) return kept.index;
    if (indexes.size >= MAX_DATABASES) indexes.clear();
    const entries = tests.filter(({ applies }) => applies(session)).flatMap((test) => test.entries);
    const index = createLabelIndex(entries, columns);
    indexes.set(key, { index, columns });
    return index;
  };
}

function isMask({ compiled }: ActiveRule): boolean {
  return compiled.rule.effect === 'mask';
}

function holds({ compiled }: ActiveRule, variables: () => CelVariables, failures: Finding[]): boolean {
  const { when, ref, mode } = compiled.rule;
  if (when === undefined) return true;
  const outcome = testWhen(when, 'yes', variables);
  if (outcome.kind !== 'failed') return outcome.kind !== 'no';
  if (mode === 'enforce')
    failures.push(finding('rule-failed', `rule \`${formatRule(ref)}\` failed: ${outcome.code}`, ref));
  return true;
}

function lazily<T>(create: () => T): () => T {
  let value: { readonly it: T } | undefined;
  return () => {
    value ??= { it: create() };
    return value.it;
  };
}
