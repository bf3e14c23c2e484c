/** Why a statement does not run, before all findings become one reason. */
import type { Reason, ReasonCode, RuleRef } from '@gatehouse/model';

export type Finding = Reason;

/**
 * The order in which findings are told: what somebody wrote first, then what was not understood, then
 * what is missing, then what a mask forbids.
 */
const ORDER: readonly ReasonCode[] = [
  'denied-by-rule',
  'not-understood',
  'rule-failed',
  'no-permit',
  'agent-exceeds-person',
  'masked-copy',
  'masked-use',
  'masked-origin-unknown',
  'obligation-unsupported',
  'needs-approval',
  'permitted',
];

const MAX_TEXT = 500;

/** Creates a finding; absent words stay absent. SECURITY: names in it come from clients, so it is kept to one line of bounded length. */
export function finding(code: ReasonCode, words: string, rule?: RuleRef, hint?: string): Finding {
  const text = words.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, MAX_TEXT);
  return { code, text, ...(rule === undefined ? {} : { rule }), ...(hint === undefined ? {} : { hint }) };
}

/** The finding to tell first; among equals one that is about no rule in particular, then the earlier one. */
export function leading(findings: readonly Finding[]): Finding | undefined {
  let best: Finding | undefined;
  for (const candidate of findings) {
    if (best === undefined || weight(candidate) < weight(best)) best = candidate;
  }
  return best;
}

function weight({ code, rule }: Finding): number {
  return 2 * ORDER.indexOf(code) + (rule === undefined ? 0 : 1);
}

/** `policy/rule`, as people name it. */
export function formatRule(rule: RuleRef): string {
  return `${rule.policy}/${rule.rule}`;
}
