/**
 * Says why a request is decided as it is: every rule asked, for everybody concerned, and what would change the answer.
 *
 * It asks the same compiled conditions as the engine, without its cache, and keeps every answer.
 */
import {
  type Access,
  type AccessRequest,
  type Decision,
  formatObject,
  type ReasonCode,
  type RuleRef,
  type Statement,
} from '@gatehouse/model';
import { accessVariables } from './cel-facts.ts';
import type { StatementCondition, StatementFacts, SubjectCondition } from './compile-match.ts';
import { type CompiledRule, relevant, testWhen } from './compile-rule.ts';
import { createProfile, type Engine } from './engine.ts';
import { type Finding, formatRule } from './finding.ts';
import { accessesOf, judgeStatement } from './judge-statement.ts';
import type { RuleEffect, RuleMode } from './policy-set.ts';
import { compileProgram, type Program, type Subject } from './subject.ts';
import { and, not, type Ternary, ternary } from './ternary.ts';

export interface Explanation {
  readonly decision: Decision;
  readonly statements: readonly StatementExplanation[];
  /** What would change the answer, in words; the likeliest first. */
  readonly changes: readonly string[];
}

export interface StatementExplanation {
  readonly verb: string;
  /** Everything that speaks against the statement, not only the reason that is told. */
  readonly findings: readonly Finding[];
  readonly traces: readonly RuleTrace[];
}

/** One rule asked about one access for one principal. */
export interface RuleTrace {
  readonly rule: RuleRef;
  readonly effect: RuleEffect;
  readonly mode: RuleMode;
  readonly principal: string;
  /** `read public.customers`, or `nothing`. */
  readonly access: string;
  readonly outcome: TraceOutcome;
  readonly conditions: readonly ConditionTrace[];
}

export type TraceOutcome = Ternary | 'failed';

export interface ConditionTrace {
  /** `match.actions`, `unless.principals`, `when`. */
  readonly key: string;
  readonly expects: string;
  readonly result: TraceOutcome;
}

/** Explains one request. Never throws for a request that has the model's shape. */
export function explain(engine: Engine, request: AccessRequest): Explanation {
  const decision = engine.decide(request);
  const program = compileProgram(engine.set, engine.columnLabels);
  const { subjects } = createProfile(program, request.principal, request.session);
  const statements = request.statements.map((statement) => explainStatement(program, subjects, statement));
  return { decision, statements, changes: whatWouldChange(decision, statements) };
}

function explainStatement(
  program: Program,
  subjects: readonly Subject[],
  statement: Statement,
): StatementExplanation {
  const accesses = accessesOf(statement);
  const asked = accesses.length === 0 ? [null] : accesses;
  const traces = subjects.flatMap((subject) =>
    asked.flatMap((access) =>
      program.rules.map((rule) => traceRule(rule, subject, { ...subject.facts, statement, access })),
    ),
  );
  const findings = subjects.flatMap((subject) => {
    const verdict = judgeStatement(subject, statement);
    return [...verdict.denials, ...verdict.approvals];
  });
  return { verb: statement.verb, findings, traces };
}

function traceRule(compiled: CompiledRule, subject: Subject, facts: StatementFacts): RuleTrace {
  const { ref, effect, mode, when } = compiled.rule;
  const matched = [
    ...compiled.match.subject.map((condition) => trace('match', condition, ternary(condition.test(facts)))),
    ...relevant(compiled, facts).map((condition) => trace('match', condition, condition.test(facts))),
  ];
  const exempt = traceUnless(compiled, facts);
  const structure = and(all(matched), compiled.unless === undefined ? 'yes' : not(all(exempt)));
  const asked = structure === 'no' ? undefined : askWhen(compiled, subject, facts);
  const expression =
    asked === undefined || when === undefined ? [] : [{ key: 'when', expects: when.source, result: asked }];
  return {
    rule: ref,
    effect,
    mode,
    principal: subject.facts.principal.name,
    access: formatAccess(facts.access),
    outcome: asked === undefined ? structure : joined(structure, asked),
    conditions: [...matched, ...exempt, ...expression],
  };
}

function traceUnless({ unless }: CompiledRule, facts: StatementFacts): readonly ConditionTrace[] {
  if (unless === undefined) return [];
  return [
    ...unless.subject.map((condition) => trace('unless', condition, ternary(condition.test(facts)))),
    ...unless.statement.map((condition) => trace('unless', condition, condition.test(facts))),
  ];
}

function askWhen({ rule }: CompiledRule, subject: Subject, facts: StatementFacts): TraceOutcome | undefined {
  if (rule.when === undefined) return undefined;
  const { variables } = subject;
  return testWhen(
    rule.when,
    'yes',
    rule.effect === 'mask' ? variables : () => accessVariables(variables(), facts),
  ).kind;
}

function trace(
  part: 'match' | 'unless',
  { key, expects }: SubjectCondition | StatementCondition,
  result: Ternary,
): ConditionTrace {
  return { key: `${part}.${key}`, expects, result };
}

function all(conditions: readonly ConditionTrace[]): Ternary {
  return conditions.map(({ result }) => (result === 'failed' ? 'unknown' : result)).reduce(and, 'yes');
}

function joined(structure: Ternary, asked: TraceOutcome): TraceOutcome {
  return asked === 'failed' ? 'failed' : and(structure, asked);
}

function formatAccess(access: Access | null): string {
  if (access === null) return 'nothing';
  return `${access.action} ${access.object.known ? formatObject(access.object.value) : 'an unknown object'}`;
}

type Advice = (decision: Decision, traces: readonly RuleTrace[]) => readonly string[];

const ADVICE: Readonly<Partial<Record<ReasonCode, Advice>>> = {
  'denied-by-rule': (decision, traces) => exemptions(decision.reason.rule, traces),
  'not-understood': () => [
    'a permit that names the action `unknown`, if nothing is protected and no rule denies it',
  ],
  'rule-failed': () => ['ask for a fact with `has()` before the expression reads it'],
  'no-permit': (_, traces) => nearestPermits(traces),
  'agent-exceeds-person': (_, traces) => nearestPermits(traces),
  'masked-use': () => ['the use named in `allowUses` of the mask'],
  'masked-copy': () => ['a principal for whom the mask does not hold'],
  'masked-origin-unknown': () => ['a statement whose outputs are columns, unchanged'],
  'needs-approval': (decision) => [`an approval or a grant for rule ${quoteRule(decision.reason.rule)}`],
};

function whatWouldChange(decision: Decision, statements: readonly StatementExplanation[]): readonly string[] {
  const traces = statements.flatMap((statement) => statement.traces);
  const hint = decision.reason.hint === undefined ? [] : [decision.reason.hint];
  return [...hint, ...(ADVICE[decision.reason.code]?.(decision, traces) ?? [])];
}

function exemptions(rule: RuleRef | undefined, traces: readonly RuleTrace[]): readonly string[] {
  const found = traces.find((candidate) => candidate.rule === rule && candidate.outcome === 'yes');
  if (found === undefined) return [];
  const exempt = found.conditions.filter(({ key, result }) => key.startsWith('unless.') && result !== 'yes');
  if (exempt.length > 0) return [`rule ${quoteRule(rule)} exempts: ${formatConditions(exempt)}`];
  return [`rule ${quoteRule(rule)} applies to: ${formatConditions(found.conditions)}`];
}

const MAX_ADVICE = 3;

/** Permits that fail in the fewest conditions, for the accesses that no permit covers. */
function nearestPermits(traces: readonly RuleTrace[]): readonly string[] {
  const permits = traces.filter(({ effect, mode }) => effect === 'permit' && mode === 'enforce');
  const keyOf = ({ principal, access }: RuleTrace) => `${principal} ${access}`;
  const covered = new Set(permits.filter(({ outcome }) => outcome === 'yes').map(keyOf));
  const open = permits.filter((permit) => !covered.has(keyOf(permit)));
  const misses = open
    .map((permit) => ({ permit, missing: failing(permit) }))
    .sort((a, b) => effort(a.missing) - effort(b.missing));
  const advice = misses.map(
    ({ permit, missing }) =>
      `rule ${quoteRule(permit.rule)} would permit \`${permit.access}\` to \`${permit.principal}\` with: ${formatConditions(missing)}`,
  );
  return advice.length === 0
    ? ['a rule with effect `permit` for this principal']
    : [...new Set(advice)].slice(0, MAX_ADVICE);
}

/** Another statement is easier to come by than another principal or another database. */
function effort(missing: readonly ConditionTrace[]): number {
  return missing.reduce((sum, { key }) => sum + (HARD_TO_CHANGE.has(key) ? 3 : 1), 0);
}

const HARD_TO_CHANGE: ReadonlySet<string> = new Set(['match.principals', 'match.databases']);

function failing({ conditions }: RuleTrace): readonly ConditionTrace[] {
  return conditions.filter(({ key, result }) =>
    key.startsWith('unless.') ? result !== 'no' : result !== 'yes',
  );
}

function formatConditions(conditions: readonly ConditionTrace[]): string {
  return conditions.length === 0
    ? 'everything'
    : conditions.map(({ key, expects }) => `${key} ${expects}`).join('; ');
}

function quoteRule(rule: RuleRef | undefined): string {
  return rule === undefined ? 'unknown' : `\`${formatRule(rule)}\``;
}
