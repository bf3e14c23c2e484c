/** Verdicts of several subjects and statements as one decision: any denial denies, obligations add up, the stricter wins. */
import type {
  CountedProbe,
  Decision,
  Durability,
  FieldMask,
  Limits,
  Obligations,
  Observation,
  Reason,
  RuleRef,
} from '@gatehouse/model';
import { NO_OBLIGATIONS } from '@gatehouse/model';
import { mergeMasks } from './collect-masks.ts';
import { strictestProbes } from './counted-probes.ts';
import { type Finding, finding, formatRule, leading } from './finding.ts';
import type { Verdict } from './judge-statement.ts';
import { mergeLimits } from './merge-limits.ts';

/** The verdict of everybody concerned on one statement. */
export interface StatementVerdict {
  readonly denial: Finding | undefined;
  readonly approvals: readonly Finding[];
  readonly permit: RuleRef | undefined;
  readonly masks: readonly FieldMask[];
  readonly guarded: boolean;
  readonly nullComputed: boolean;
  readonly probes: readonly CountedProbe[];
  readonly limits: Limits;
  readonly durability: Durability;
  readonly alerts: readonly RuleRef[];
  readonly observed: readonly Observation[];
}

/** Says whether an approval or grant covers a rule for the request at hand. */
export type Approval = (rule: RuleRef) => boolean;

/** Joins the verdicts of an agent and of everybody it acts for: each must be permitted, no exemption of one helps another. */
export function combineVerdicts(verdicts: readonly Verdict[]): StatementVerdict {
  return {
    denial: leading(verdicts.flatMap(({ denials }) => denials)),
    approvals: verdicts.flatMap(({ approvals }) => approvals),
    permit: verdicts[0]?.permits[0],
    masks: mergeMasks(verdicts.flatMap(({ masks }) => masks)),
    guarded: verdicts.some(({ guarded }) => guarded),
    nullComputed: verdicts.some(({ nullComputed }) => nullComputed),
    probes: strictestProbes(verdicts.flatMap(({ probes }) => probes)),
    limits: verdicts.map(({ limits }) => limits).reduce(mergeLimits, {}),
    durability: verdicts.some(({ durability }) => durability === 'synced') ? 'synced' : 'written',
    alerts: verdicts.flatMap(({ alerts }) => alerts),
    observed: verdicts.flatMap(({ observed }) => observed),
  };
}

/** Statements of one request are decided together or not at all. */
export function decideVerdicts(
  verdicts: readonly StatementVerdict[],
  isApproved: Approval,
  policyRevision: string,
): Decision {
  const record = {
    alerts: distinct(
      verdicts.flatMap(({ alerts }) => alerts),
      formatRule,
    ),
    observed: distinct(
      verdicts.flatMap(({ observed }) => observed),
      ({ rule, effect }) => `${formatRule(rule)} ${effect}`,
    ),
    policyRevision,
  };
  const denial = leading(verdicts.flatMap((verdict) => verdict.denial ?? []));
  if (denial !== undefined) return { effect: 'deny', reason: denial, obligations: NO_OBLIGATIONS, ...record };
  const pending = verdicts
    .flatMap(({ approvals }) => approvals)
    .find(({ rule }) => rule === undefined || !isApproved(rule));
  const obligations = obligationsOf(verdicts);
  if (pending !== undefined) return { effect: 'approve', reason: pending, obligations, ...record };
  return { effect: 'permit', reason: permitted(verdicts), obligations, ...record };
}

function obligationsOf(verdicts: readonly StatementVerdict[]): Obligations {
  const masks =
    verdicts.length === 1 ? verdicts[0]!.masks : mergeMasks(verdicts.flatMap((verdict) => verdict.masks));
  return {
    masks,
    limits: verdicts.map(({ limits }) => limits).reduce(mergeLimits, {}),
    durability: verdicts.some(({ durability }) => durability === 'synced') ? 'synced' : 'written',
    redactDiagnostics: verdicts.some(({ guarded }) => guarded),
    ...(verdicts.some(({ nullComputed }) => nullComputed) ? { nullComputed: true } : {}),
    ...(verdicts.some(({ probes }) => probes.length > 0)
      ? { probes: verdicts.flatMap(({ probes }) => probes) }
      : {}),
  };
}

function permitted(verdicts: readonly StatementVerdict[]): Reason {
  const rule = verdicts.map(({ permit }) => permit).find((permit) => permit !== undefined);
  return finding(
    'permitted',
    rule === undefined ? 'permitted' : `permitted by rule \`${formatRule(rule)}\``,
    rule,
  );
}

function distinct<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  if (items.length < 2) return items;
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
