/** Policies and requests in a few lines of YAML, for tests. */
import type { AccessRequest, Decision } from '@gatehouse/model';
import { createEngine, type Engine, type Grants } from '../src/engine.ts';
import { loadPolicies } from '../src/load-policies.ts';
import type { PolicySet } from '../src/policy-set.ts';
import { formatProblem, type Problem } from '../src/problem.ts';
import { readCases } from '../src/read-cases.ts';

/** The set of one text, or an error that shows every problem. */
export function loadSet(text: string): PolicySet {
  const result = loadPolicies([{ file: 'policy.yaml', text }]);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.set;
}

/** The problems of one text, or none. */
export function problemsOf(text: string): readonly Problem[] {
  const result = loadPolicies([{ file: 'policy.yaml', text }]);
  return result.ok ? [] : result.problems;
}

/** An engine over one text. */
export function engineOf(text: string, grants?: Grants): Engine {
  return createEngine(loadSet(text), grants === undefined ? { revision: 'r1' } : { revision: 'r1', grants });
}

const CAST = `
principals:
  ana: { kind: human, groups: [analysts], claims: { team: data, level: 3, tags: [a, b] } }
  boss: { kind: human, groups: [officers] }
  job: { kind: service, groups: [deployers] }
  bot: { kind: agent, groups: [agents], actingFor: ana }
  bossbot: { kind: agent, groups: [agents], actingFor: boss }
  lone: { kind: agent, groups: [agents] }
databases:
  shop: { dialect: postgres, labels: { env: production, team: data } }
  billing: { dialect: mysql, labels: { env: staging } }
  support: { dialect: mongodb, labels: { env: production } }
cases:
`;

export interface RequestOptions {
  readonly principal?: string;
  readonly database?: string;
  readonly purpose?: string;
  readonly tls?: boolean;
  readonly application?: string;
}

/** A request of ana on shop, unless said otherwise; `statements` are flow maps in the form of case files. */
export function requestOf(
  statements: string | readonly string[],
  options: RequestOptions = {},
): AccessRequest {
  const { principal = 'ana', database = 'shop', ...rest } = options;
  const list = typeof statements === 'string' ? [statements] : statements;
  const settings = Object.entries(rest).map(([key, value]) => `, ${key}: ${JSON.stringify(value)}`);
  const text = `${CAST}  - { name: case, principal: ${principal}, database: ${database}, statements: [${list.join(', ')}], expect: { effect: deny }${settings.join('')} }\n`;
  const result = readCases({ file: 'cases.yaml', text });
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.cases[0]!.request;
}

/** Decides one request with one text. */
export function decide(
  policy: string,
  statements: string | readonly string[],
  options?: RequestOptions,
): Decision {
  return engineOf(policy).decide(requestOf(statements, options));
}

/** A policy document with these rules in flow form; classifications may follow as further documents. */
export function policyOf(rules: readonly string[], ...documents: readonly string[]): string {
  const policy = `kind: policy\nname: p\nrules:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`;
  return [policy, ...documents].join('---\n');
}

export const ALLOW_ALL = "{ name: all, effect: permit, match: { actions: ['*', call, unknown] } }";

export const LABELS = `kind: classification
name: c
objects:
  public.customers: { email: pii.email, phone: pii.phone }
  support.tickets: { customer.email: pii.email, address: pii.address }
`;
