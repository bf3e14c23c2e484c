/** Runs policy cases: decides each request and says what is not as expected. */
import { type Decision, formatObject } from '@gatehouse/model';
import { createEngine } from './engine.ts';
import { formatRule } from './finding.ts';
import type { PolicySet } from './policy-set.ts';
import type { Expectation, PolicyCase } from './read-cases.ts';

export interface CaseResult {
  readonly policyCase: PolicyCase;
  readonly decision: Decision;
  readonly mismatches: readonly Mismatch[];
  /** True when there is no mismatch. */
  readonly passed: boolean;
}

export interface Mismatch {
  readonly key: keyof Expectation;
  readonly expected: string;
  readonly got: string;
}

/** Decides every case against the set. */
export function testPolicies(set: PolicySet, cases: readonly PolicyCase[]): readonly CaseResult[] {
  const engine = createEngine(set, { revision: 'test' });
  return cases.map((policyCase) => {
    const decision = engine.decide(policyCase.request);
    const mismatches = compare(policyCase.expect, decision);
    return { policyCase, decision, mismatches, passed: mismatches.length === 0 };
  });
}

const ACTUAL: Readonly<Record<keyof Expectation, (decision: Decision) => unknown>> = {
  effect: ({ effect }) => effect,
  reason: ({ reason }) => reason.code,
  rule: ({ reason }) => (reason.rule === undefined ? 'none' : formatRule(reason.rule)),
  masks: ({ obligations }) =>
    Object.fromEntries(
      obligations.masks.map(({ object, field, masker }) => [`${formatObject(object)}.${field}`, masker.kind]),
    ),
  nullComputed: ({ obligations }) => obligations.nullComputed === true,
  probes: ({ obligations }) =>
    Object.fromEntries(
      (obligations.probes ?? []).map(({ object, field, guesses }) => [
        `${formatObject(object)}.${field}`,
        guesses,
      ]),
    ),
  limits: ({ obligations }) => obligations.limits,
  durability: ({ obligations }) => obligations.durability,
  alerts: ({ alerts }) => alerts.map(formatRule),
  observed: ({ observed }) => observed.map(({ rule }) => formatRule(rule)),
};

function compare(expected: Expectation, decision: Decision): readonly Mismatch[] {
  const keys = Object.keys(expected) as (keyof Expectation)[];
  return keys.flatMap((key) => {
    const wanted = canonical(expected[key]);
    const got = canonical(ACTUAL[key](decision));
    return wanted === got ? [] : [{ key, expected: wanted, got }];
  });
}

/** JSON with keys and lists in order, since neither order means anything here. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const pairs = Object.entries(value).map(([key, item]) => `${key}: ${canonical(item)}`);
  return `{${pairs.sort().join(', ')}}`;
}

/** One line per failed expectation, and the decision's own words. */
export function formatCaseResult({ policyCase, decision, mismatches, passed }: CaseResult): string {
  if (passed) return `ok   ${policyCase.name}`;
  const lines = mismatches.map(({ key, expected, got }) => `       ${key}: expected ${expected}, got ${got}`);
  return [
    `FAIL ${policyCase.name} (${policyCase.at})`,
    ...lines,
    `       reason: ${decision.reason.text}`,
  ].join('\n');
}
