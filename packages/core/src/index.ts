export type { Engine, EngineOptions, Grants } from './engine.ts';
export { createEngine } from './engine.ts';
export type { LoadResult, PolicySource } from './load-policies.ts';
export { loadPolicies } from './load-policies.ts';
export type { Policy, PolicySet, Rule, RuleEffect, RuleMode } from './policy-set.ts';
export type { Problem } from './problem.ts';
export { formatProblem } from './problem.ts';
