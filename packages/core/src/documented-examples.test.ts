import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPolicies } from './load-policies.ts';
import { readPolicySources } from './policy-folder.ts';
import { formatProblem } from './problem.ts';
import { readCases } from './read-cases.ts';
import { formatCaseResult, testPolicies } from './test-policies.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PAGE = readFileSync(join(ROOT, 'docs/policies.md'), 'utf8');

interface Block {
  readonly info: string;
  readonly text: string;
  readonly line: number;
}

function blocks(page: string): readonly Block[] {
  const fence = /^```(\S.*)\n([\s\S]*?)^```$/gm;
  return [...page.matchAll(fence)].map((match) => ({
    info: match[1]!,
    text: match[2]!,
    line: page.slice(0, match.index).split('\n').length,
  }));
}

describe('docs/policies.md', () => {
  const documents = blocks(PAGE).filter(({ info }) => info === 'yaml');
  const cases = blocks(PAGE).filter(({ info }) => info === 'yaml cases');

  it('has examples', () => {
    expect(documents.length).toBeGreaterThanOrEqual(6);
    expect(cases).toHaveLength(1);
  });
  it.each(documents.map(({ line, text }) => [line, text] as const))(
    'loads the example at line %i',
    (_, text) => {
      const result = loadPolicies([{ file: 'docs/policies.md', text }]);
      expect(result.ok ? [] : result.problems.map(formatProblem)).toEqual([]);
    },
  );
  it('decides its cases with the policies of this repository', () => {
    const loaded = loadPolicies(readPolicySources(join(ROOT, 'policies')));
    const read = readCases({ file: 'docs/policies.md', text: cases[0]!.text });
    if (!loaded.ok || !read.ok) throw new Error('the policies or the cases do not load');
    const results = testPolicies(loaded.set, read.cases);
    expect(results.filter(({ passed }) => !passed).map(formatCaseResult)).toEqual([]);
  });
});
