/** What the mask rules of one subject protect: which columns of which objects, with which masker. */
import { known, type MaskerSpec, type ObjectRef, type RuleRef } from '@gatehouse/model';
import type { StatementFacts, SubjectFacts } from './compile-match.ts';
import type { ActiveRule } from './compile-rule.ts';
import { compileFieldPattern, type FieldPattern } from './field-path.ts';
import { compileGlobs } from './glob.ts';
import { stricterMasker } from './masker-strength.ts';
import { objectKey } from './object-pattern.ts';
import type { AllowedUse, MaskPlan } from './policy-set.ts';
import { and, not, type Ternary } from './ternary.ts';

export interface Protection {
  readonly pattern: FieldPattern;
  readonly masker: MaskerSpec;
  readonly rule: RuleRef;
  readonly allowUses: readonly AllowedUse[];
  readonly probesPerHour: number;
}

export interface Protections {
  /** Protected columns of an object; empty when there are none. */
  of(object: ObjectRef): readonly Protection[];
  /** True when something inside the container may be protected; for undefined, when anything in the database may be. */
  within(container: ObjectRef | undefined): boolean;
}

const MAX_CACHED_OBJECTS = 4_096;
const NOTHING: readonly Protection[] = [];

/** Creates the protections of one subject. Answers are kept per object, up to a bound. */
export function createProtections(masks: readonly ActiveRule[], facts: SubjectFacts): Protections {
  const cache = new Map<string, readonly Protection[]>();
  if (masks.length === 0) return { of: () => NOTHING, within: () => false };
  const sources = masks.map((mask) => createSource(mask, facts));
  const anything = sources.some((source) => source.reaches(undefined));
  return {
    of(object) {
      const key = objectKey(object);
      let found = cache.get(key);
      if (found === undefined) {
        if (cache.size >= MAX_CACHED_OBJECTS) cache.clear();
        found = sources.flatMap((source) => source.protect(object));
        cache.set(key, found);
      }
      return found;
    },
    within: (container) =>
      container === undefined ? anything : sources.some((source) => source.reaches(container)),
  };
}

interface Source {
  protect(object: ObjectRef): readonly Protection[];
  reaches(container: ObjectRef | undefined): boolean;
}

function createSource(active: ActiveRule, facts: SubjectFacts): Source {
  const { rule } = active.compiled;
  const plan = rule.mask;
  if (plan === undefined) return { protect: () => NOTHING, reaches: () => false };
  const labelMatch = columnLabelTest(active, plan);
  const names = rule.match.flatMap((match) => match.columns?.names ?? []).map(compileFieldPattern);
  const protect = (pattern: FieldPattern, masker: MaskerSpec): Protection => ({
    pattern,
    masker,
    rule: rule.ref,
    allowUses: plan.allowUses,
    probesPerHour: plan.probesPerHour,
  });
  return {
    protect(object) {
      if (objectMatch(active, facts, object) === 'no') return NOTHING;
      const labelled = facts.labels.fieldsOf(object).flatMap(({ pattern, labels }) => {
        const maskers = labels.filter(labelMatch.test).flatMap((label) => labelMatch.masker(label) ?? []);
        return maskers.length === 0 ? [] : [protect(pattern, maskers.reduce(stricterMasker))];
      });
      const named =
        plan.otherwise === undefined ? [] : names.map((pattern) => protect(pattern, plan.otherwise!));
      return [...labelled, ...named];
    },
    reaches(container) {
      if (container !== undefined && objectMatch(active, facts, container) === 'no') return false;
      const namespace = container?.kind === 'namespace' ? container.path[0] : undefined;
      return names.length > 0 || [...facts.labels.labelsWithin(namespace)].some(labelMatch.test);
    },
  };
}

interface LabelMatch {
  test(label: string): boolean;
  masker(label: string): MaskerSpec | undefined;
}

/** Which labels a mask covers, and with what: those of `match.columns`, else those that `mask.labels` names. */
function columnLabelTest({ compiled }: ActiveRule, plan: MaskPlan): LabelMatch {
  const byLabel = plan.labels.map(({ label, masker }) => ({ test: compileGlobs([label]), masker }));
  const masker = (label: string) => byLabel.find(({ test }) => test(label))?.masker ?? plan.otherwise;
  const columns = compiled.rule.match
    .map((match) => match.columns)
    .find((selector) => selector !== undefined);
  if (columns === undefined) return { test: (label) => byLabel.some(({ test }) => test(label)), masker };
  return { test: compileGlobs(columns.labels ?? []), masker };
}

/** Asks the rule's conditions on objects, as for a read of the object. */
function objectMatch({ compiled, unless }: ActiveRule, subject: SubjectFacts, object: ObjectRef): Ternary {
  const facts: StatementFacts = {
    ...subject,
    statement: NO_STATEMENT,
    access: { action: 'read', object: known(object), fields: known([]) },
  };
  const objects = compiled.match.statement.filter(({ key }) => key === 'objects');
  const matched = objects.map((condition) => condition.test(facts)).reduce(and, 'yes');
  if (unless === undefined) return matched;
  return and(matched, not(unless.map((condition) => condition.test(facts)).reduce(and, 'yes')));
}

const NO_STATEMENT: StatementFacts['statement'] = {
  verb: '',
  accesses: known([]),
  bounded: known(true),
  limit: known(null),
  functions: known([]),
  output: known([]),
  irreversible: false,
  fingerprint: '',
};
