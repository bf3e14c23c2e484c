export type { ColumnComment, LabelledColumn } from './comment-labels.ts';
export { readCommentLabels } from './comment-labels.ts';
export type { Engine, EngineOptions, Grants } from './engine.ts';
export { createEngine } from './engine.ts';
export type {
  ConditionTrace,
  Explanation,
  RuleTrace,
  StatementExplanation,
  TraceOutcome,
} from './explain.ts';
export { explain } from './explain.ts';
export type { FormatOptions } from './format-explanation.ts';
export { formatExplanation } from './format-explanation.ts';
export type { LoadResult, PolicySource } from './load-policies.ts';
export { loadPolicies } from './load-policies.ts';
export type { PolicyChange, PolicyFolder, PolicyFolderOptions } from './policy-folder.ts';
export { createPolicyFolder, policyRevision, readPolicySources } from './policy-folder.ts';
export type { Policy, PolicySet, Rule, RuleEffect, RuleMode } from './policy-set.ts';
export type { Problem } from './problem.ts';
export { formatProblem } from './problem.ts';
export type { CasesResult, Expectation, PolicyCase } from './read-cases.ts';
export { readCases } from './read-cases.ts';
export type { Difference } from './replay.ts';
export { replay } from './replay.ts';
export { isAccessRequest } from './request-facts.ts';
export type { StandingLabels } from './standing-labels.ts';
export { createStandingLabels } from './standing-labels.ts';
export type { ColumnLabels } from './subject.ts';
export type { CaseResult, Mismatch } from './test-policies.ts';
export { formatCaseResult, testPolicies } from './test-policies.ts';
