/** An explanation as text for a terminal. */
import type { ConditionTrace, Explanation, RuleTrace } from './explain.ts';
import { formatRule } from './finding.ts';

export interface FormatOptions {
  /** Also the rules that do not apply, each with the first condition that fails. */
  readonly all?: boolean;
}

/** Formats an explanation: the decision, what speaks against it, the rules, what would change it. */
export function formatExplanation(explanation: Explanation, options: FormatOptions = {}): string {
  const { effect, reason, obligations } = explanation.decision;
  const lines = [`${effect}: ${reason.text} (${reason.code})`];
  if (reason.rule !== undefined)
    lines.push(
      `  rule ${formatRule(reason.rule)}${reason.rule.at === undefined ? '' : ` at ${reason.rule.at}`}`,
    );
  for (const mask of obligations.masks) {
    lines.push(
      `  masks ${mask.object.path.join('.')}.${mask.field} with ${mask.masker.kind} (${formatRule(mask.rule)})`,
    );
  }
  for (const [bound, value] of Object.entries(obligations.limits))
    lines.push(`  limits ${bound} to ${value}`);
  for (const { verb, findings, traces } of explanation.statements) {
    lines.push(`statement ${verb}`);
    for (const finding of findings) lines.push(`  against: ${finding.text} (${finding.code})`);
    const shown = traces.filter(({ outcome }) => options.all === true || outcome !== 'no');
    lines.push(...shown.map((trace) => `  ${formatTrace(trace)}`));
  }
  if (explanation.changes.length > 0) lines.push('what would change the answer');
  lines.push(...explanation.changes.map((change) => `  ${change}`));
  return lines.join('\n');
}

const WORDS = { yes: 'applies', no: 'does not apply', unknown: 'cannot be told', failed: 'failed' } as const;

function formatTrace(trace: RuleTrace): string {
  const observed = trace.mode === 'observe' ? ' (observed)' : '';
  const why = trace.outcome === 'no' ? firstFailure(trace.conditions) : '';
  return `${trace.effect} ${formatRule(trace.rule)}${observed} ${WORDS[trace.outcome]} to ${trace.access} by ${trace.principal}${why}`;
}

function firstFailure(conditions: readonly ConditionTrace[]): string {
  const failed = conditions.find(({ key, result }) => result === 'no' && !key.startsWith('unless.'));
  return failed === undefined ? ': exempt' : `: ${failed.key} wants ${failed.expects}`;
}
