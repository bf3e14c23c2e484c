/**
 * One statement, one subject: what every rule says, and what masks forbid.
 *
 * Every access needs a permit of its own. What is unknown counts against the statement: for a denial as a
 * denial, for a permit as none.
 */
import {
  type Access,
  type CountedProbe,
  type Durability,
  type FieldMask,
  formatObject,
  type Limits,
  type Observation,
  type RuleRef,
  type Statement,
  unknown,
} from '@gatehouse/model';
import { accessVariables } from './cel-facts.ts';
import type { CelVariables } from './cel-variables.ts';
import { checkMaskedStatement, computesFromMasked } from './check-masked-statement.ts';
import { collectMasks } from './collect-masks.ts';
import type { StatementFacts } from './compile-match.ts';
import { type ActiveRule, type RuleOutcome, testRule } from './compile-rule.ts';
import { countedProbes } from './counted-probes.ts';
import { type Finding, finding, formatRule } from './finding.ts';
import { mergeLimits } from './merge-limits.ts';
import { isWellFormed } from './object-pattern.ts';
import type { Subject } from './subject.ts';

export interface Verdict {
  readonly denials: readonly Finding[];
  readonly approvals: readonly Finding[];
  /** A rule for each access that was permitted. */
  readonly permits: readonly RuleRef[];
  readonly masks: readonly FieldMask[];
  /** True when an object that the statement touches has anything protected. */
  readonly guarded: boolean;
  /** True when an output is computed from something protected. */
  readonly nullComputed: boolean;
  /** Guesses at protected values that are allowed as long as they are counted. */
  readonly probes: readonly CountedProbe[];
  readonly limits: Limits;
  readonly durability: Durability;
  readonly alerts: readonly RuleRef[];
  readonly observed: readonly Observation[];
}

/** Collects what speaks for and against the statement. */
export function judgeStatement(subject: Subject, statement: Statement): Verdict {
  const accesses = accessesOf(statement);
  const tally = createTally(subject);
  for (const access of accesses.length === 0 ? [null] : accesses)
    judgeAccess(subject, statement, access, tally);
  tally.denials.push(...checkMaskedStatement(statement, accesses, subject.protections));
  for (const { active, protections } of subject.observedMasks) {
    if (collectMasks(statement, accesses, protections).guarded)
      tally.observed.push({ rule: active.compiled.rule.ref, effect: 'mask' });
  }
  return {
    ...tally,
    ...collectMasks(statement, accesses, subject.protections),
    nullComputed: computesFromMasked(statement, subject.protections),
    probes: countedProbes(accesses, subject.protections),
  };
}

/** Beyond this a statement is not looked at: deciding it would hold up every other session. */
const MAX_ACCESSES = 5_000;

/** The accesses, or the one that stands for "could be anything". */
export function accessesOf(statement: Statement): readonly Access[] {
  const { accesses } = statement;
  if (accesses.known && accesses.value.length <= MAX_ACCESSES) return accesses.value;
  const nothing = unknown(accesses.known ? `more than ${MAX_ACCESSES} accesses` : accesses.reason);
  return [{ action: 'unknown', object: nothing, fields: nothing }];
}

/** Why an access is not understood, or undefined when it is. */
function unreadable({ action, object }: Access): string | undefined {
  if (!object.known) return object.reason;
  if (!isWellFormed(object.value)) return 'the path of an object is incomplete';
  return action === 'unknown' ? `what is done to \`${formatObject(object.value)}\` is not known` : undefined;
}

interface Tally {
  readonly denials: Finding[];
  readonly approvals: Finding[];
  readonly permits: RuleRef[];
  limits: Limits;
  durability: Durability;
  readonly alerts: RuleRef[];
  readonly observed: Observation[];
}

function createTally(subject: Subject): Tally {
  return {
    denials: [...subject.failures],
    approvals: [],
    permits: [],
    limits: {},
    durability: 'written',
    alerts: [],
    observed: [],
  };
}

function judgeAccess(subject: Subject, statement: Statement, access: Access | null, tally: Tally): void {
  const facts: StatementFacts = { ...subject.facts, statement, access };
  const fault = access === null ? undefined : unreadable(access);
  let cached: CelVariables | undefined;
  const variables = () => {
    cached ??= accessVariables(subject.variables(), facts);
    return cached;
  };
  let permit: RuleRef | undefined;
  for (const active of subject.rules) {
    const outcome = testRule(active, facts, variables);
    if (outcome.kind === 'no') continue;
    if (active.compiled.rule.mode === 'observe') observe(active, outcome, tally);
    else if (outcome.kind === 'failed') tally.denials.push(ruleFailed(active, outcome.code));
    else if (active.compiled.rule.effect !== 'permit') apply(active, outcome, { statement, fault }, tally);
    else if (outcome.kind === 'yes' && (fault === undefined || active.compiled.match.namesUnknown)) {
      permit ??= active.compiled.rule.ref;
      raiseDurability(active, tally);
    }
  }
  if (permit !== undefined) tally.permits.push(permit);
  else tally.denials.push(notPermitted(subject, statement, access, fault));
}

function observe({ compiled }: ActiveRule, outcome: RuleOutcome, tally: Tally): void {
  const { ref, effect } = compiled.rule;
  tally.observed.push({ rule: ref, effect: outcome.kind === 'failed' ? 'failed' : effect });
}

function ruleFailed({ compiled }: ActiveRule, code: string): Finding {
  const { ref } = compiled.rule;
  return finding('rule-failed', `rule \`${formatRule(ref)}\` failed: ${code}`, ref);
}

interface Asked {
  readonly statement: Statement;
  /** Why the access at hand is not understood, or undefined when it is. */
  readonly fault: string | undefined;
}

/** `unknown` restricts as `yes` does; only the words differ. */
function apply(active: ActiveRule, outcome: RuleOutcome, asked: Asked, tally: Tally): void {
  const { statement } = asked;
  const { rule } = active.compiled;
  if (rule.effect === 'deny') tally.denials.push(denial(active, outcome, asked));
  if (rule.effect === 'approve') {
    const text =
      rule.message ?? `\`${statement.verb}\` needs an approval by rule \`${formatRule(rule.ref)}\``;
    tally.approvals.push(finding('needs-approval', text, rule.ref, rule.hint));
  }
  if (rule.effect === 'limit') {
    tally.limits = mergeLimits(tally.limits, rule.limits ?? {});
    raiseDurability(active, tally);
  }
  if (rule.effect === 'alert') tally.alerts.push(rule.ref);
}

function denial({ compiled }: ActiveRule, outcome: RuleOutcome, { statement, fault }: Asked): Finding {
  const { ref, message, hint } = compiled.rule;
  if (outcome.kind === 'yes') {
    return finding(
      'denied-by-rule',
      message ?? `\`${statement.verb}\` is denied by rule \`${formatRule(ref)}\``,
      ref,
      hint,
    );
  }
  if (fault !== undefined) return finding('not-understood', `the statement is not understood: ${fault}`, ref);
  const text = `the statement is not understood well enough for rule \`${formatRule(ref)}\``;
  return finding('not-understood', text, ref, hint);
}

function raiseDurability({ compiled }: ActiveRule, tally: Tally): void {
  if (compiled.rule.durability === 'synced') tally.durability = 'synced';
}

function notPermitted(
  subject: Subject,
  statement: Statement,
  access: Access | null,
  fault: string | undefined,
): Finding {
  if (fault !== undefined) return finding('not-understood', `the statement is not understood: ${fault}`);
  const what =
    access?.object.known === true
      ? `\`${access.action}\` on \`${formatObject(access.object.value)}\``
      : `\`${statement.verb}\``;
  const who = `${subject.facts.principal.kind} \`${subject.facts.principal.name}\``;
  return subject.represented
    ? finding('agent-exceeds-person', `no rule permits ${what} to ${who}, for whom the agent acts`)
    : finding('no-permit', `no rule permits ${what} to ${who}`);
}
