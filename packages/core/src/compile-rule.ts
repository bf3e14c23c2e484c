/**
 * Rules as functions: conditions ordered by what they need, `unless` taken the other way round, and the
 * CEL expression asked last.
 */
import { type CelExpression, celFailureCode } from './cel-expression.ts';
import type { CelVariables } from './cel-variables.ts';
import {
  type CompiledMatch,
  compileMatch,
  type StatementCondition,
  type StatementFacts,
  type SubjectFacts,
} from './compile-match.ts';
import type { Rule } from './policy-set.ts';
import { and, not, type Ternary, ternary } from './ternary.ts';

export interface CompiledRule {
  readonly rule: Rule;
  readonly match: CompiledMatch;
  readonly unless: CompiledMatch | undefined;
}

/** `failed`: the rule's expression threw; `code` is the library's word for it. */
export type RuleOutcome = { readonly kind: Ternary } | { readonly kind: 'failed'; readonly code: string };

/** Compiles one rule. */
export function compileRule(rule: Rule): CompiledRule {
  const permits = rule.effect === 'permit';
  return {
    rule,
    match: compileMatch(rule.match, permits ? 'narrow' : 'wide', permits),
    unless: rule.unless && compileMatch([rule.unless], permits ? 'wide' : 'narrow'),
  };
}

/** A rule that who and where do not rule out, with what of its `unless` is still open. */
export interface ActiveRule {
  readonly compiled: CompiledRule;
  readonly unless: readonly StatementCondition[] | undefined;
}

/** The rule for this subject, or undefined when no statement can make it apply. */
export function activate(compiled: CompiledRule, facts: SubjectFacts): ActiveRule | undefined {
  if (!compiled.match.subject.every((condition) => condition.test(facts))) return undefined;
  const { unless } = compiled;
  if (unless === undefined || !unless.subject.every((condition) => condition.test(facts))) {
    return { compiled, unless: undefined };
  }
  return unless.statement.length === 0 ? undefined : { compiled, unless: unless.statement };
}

/** Whether the rule applies. `variables` is asked only when the structure has not answered. */
export function testRule(
  active: ActiveRule,
  facts: StatementFacts,
  variables: () => CelVariables,
): RuleOutcome {
  const structure = testStructure(active, facts);
  const { when } = active.compiled.rule;
  return structure === 'no' || when === undefined
    ? { kind: structure }
    : testWhen(when, structure, variables);
}

function testStructure({ compiled, unless }: ActiveRule, facts: StatementFacts): Ternary {
  let matched: Ternary = 'yes';
  for (const condition of relevant(compiled, facts)) {
    matched = and(matched, condition.test(facts));
    if (matched === 'no') return 'no';
  }
  if (unless === undefined) return matched;
  let exempt: Ternary = 'yes';
  for (const condition of unless) exempt = and(exempt, condition.test(facts));
  return and(matched, not(exempt));
}

/** A statement that touches nothing needs a permit of any kind, so a permit's questions about the access fall away. */
export function relevant(
  { rule, match }: CompiledRule,
  facts: StatementFacts,
): readonly StatementCondition[] {
  if (facts.access !== null || rule.effect !== 'permit') return match.statement;
  return match.statement.filter((condition) => condition.scope === 'statement');
}

/** The answer of the rule's expression, joined with what the structure said. */
export function testWhen(
  when: CelExpression,
  structure: Ternary,
  variables: () => CelVariables,
): RuleOutcome {
  try {
    return { kind: and(structure, ternary(when.evaluate(variables()))) };
  } catch (error) {
    return { kind: 'failed', code: celFailureCode(error) };
  }
}
