import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPolicies } from './load-policies.ts';
import { readPolicySources } from './policy-folder.ts';
import type { PolicySet } from './policy-set.ts';
import { formatProblem } from './problem.ts';
import { type PolicyCase, readCases } from './read-cases.ts';
import { formatCaseResult, testPolicies } from './test-policies.ts';

const FOLDER = join(import.meta.dirname, '../../../policies');
const NAMES = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

function loadAll(): PolicySet {
  const result = loadPolicies(readPolicySources(FOLDER));
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.set;
}

function casesOf(name: string): readonly PolicyCase[] {
  const file = `${name}/cases.yaml`;
  const result = readCases({ file, text: readFileSync(join(FOLDER, file), 'utf8') });
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.cases;
}

it('ships the four policies', () => {
  expect(NAMES.sort()).toEqual(expect.arrayContaining(['agents', 'guardrails', 'pii', 'production']));
});

describe.each(NAMES)('policy %s', (name) => {
  it('decides its cases as written', () => {
    const failed = testPolicies(loadAll(), casesOf(name)).filter(({ passed }) => !passed);
    expect(failed.map(formatCaseResult)).toEqual([]);
  });
  it('has cases for every dialect', () => {
    const cases = casesOf(name);
    expect(cases.length).toBeGreaterThanOrEqual(12);
    expect(new Set(cases.map(({ request }) => request.session.dialect))).toEqual(
      new Set(['postgres', 'mysql', 'mongodb']),
    );
  });
  it('loads on its own', () => {
    const own = readPolicySources(FOLDER).filter(({ file }) => file.startsWith(`${name}/`));
    const result = loadPolicies(own);
    expect(result.ok ? [] : result.problems.map(formatProblem)).toEqual([]);
  });
  it('names every enforced denial in a case or is covered by a case of another', () => {
    const rules = loadAll()
      .policies.filter((policy) => policy.name === name)
      .flatMap(({ rules }) => rules);
    const denials = rules
      .filter(({ effect, mode }) => effect === 'deny' && mode === 'enforce')
      .map(({ ref }) => `${ref.policy}/${ref.rule}`);
    const named = new Set(NAMES.flatMap(casesOf).map(({ expect: { rule } }) => rule));
    expect(denials.filter((rule) => !named.has(rule))).toEqual([]);
  });
});
