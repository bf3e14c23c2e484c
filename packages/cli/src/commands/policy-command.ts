import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createEngine,
  explain,
  formatCaseResult,
  formatExplanation,
  formatProblem,
  isAccessRequest,
  loadPolicies,
  type PolicySet,
  policyRevision,
  readCases,
  readPolicySources,
  testPolicies,
} from '@gatehouse/core';
import { GatewayError } from '@gatehouse/model';
import type { Command } from 'commander';
import { CommandFailed } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  readonly json?: boolean;
}

/** `gatehouse policy check | test | explain`. */
export function addPolicyCommand(program: Command, terminal: Terminal): void {
  const policy = program.command('policy').description('check, test and explain policies');
  policy
    .command('check')
    .description('check all documents of a folder as one set')
    .argument('[folder]', 'policy folder', 'policies')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ gatehouse policy check policies\n')
    .action((folder: string, options: Options) => check(folder, options, terminal));
  policy
    .command('test')
    .description('run every cases.yaml of a folder against its policies')
    .argument('[folder]', 'policy folder', 'policies')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ gatehouse policy test policies\n')
    .action((folder: string, options: Options) => test(folder, options, terminal));
  policy
    .command('explain')
    .description('say which rule decides a request, why, and what would change the answer')
    .argument('<request>', 'file with a request or an intent event as JSON, or - for standard input')
    .option('--policies <folder>', 'policy folder', 'policies')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ gatehouse audit show gw-1-4f2a-7 --json | gatehouse policy explain -\n',
    )
    .action((request: string, options: Options & { policies: string }) =>
      explainRequest(request, options, terminal),
    );
}

function check(folder: string, options: Options, terminal: Terminal): void {
  const sources = readPolicySources(folder);
  const result = loadPolicies(sources);
  if (options.json === true)
    terminal.json(
      result.ok ? { ok: true, revision: policyRevision(sources), documents: sources.length } : result,
    );
  else if (result.ok)
    terminal.line(`${sources.length} documents are good, revision ${policyRevision(sources)}`);
  else for (const problem of result.problems) terminal.line(formatProblem(problem));
  if (!result.ok) throw new CommandFailed();
}

/** The set of a folder; writes its problems and fails when it is not good. */
function openPolicies(folder: string, terminal: Terminal): PolicySet {
  const result = loadPolicies(readPolicySources(folder));
  if (result.ok) return result.set;
  for (const problem of result.problems) terminal.note(formatProblem(problem));
  throw new CommandFailed(2);
}

function test(folder: string, options: Options, terminal: Terminal): void {
  const set = openPolicies(folder, terminal);
  const files = caseFiles(folder);
  if (files.length === 0) throw new GatewayError('config', 'no-cases', `no cases.yaml below \`${folder}\``);
  const results = files.flatMap((file) => {
    const cases = readCases({ file, text: readFileSync(join(folder, file), 'utf8') });
    if (cases.ok) return testPolicies(set, cases.cases);
    for (const problem of cases.problems) terminal.note(formatProblem(problem));
    throw new CommandFailed(2);
  });
  const failed = results.filter(({ passed }) => !passed);
  if (options.json === true) {
    terminal.json({
      passed: results.length - failed.length,
      failed: failed.map(({ policyCase, mismatches }) => ({
        name: policyCase.name,
        at: policyCase.at,
        mismatches,
      })),
    });
  } else {
    for (const result of results) terminal.line(formatCaseResult(result));
    terminal.line(`${results.length - failed.length} passed, ${failed.length} failed`);
  }
  if (failed.length > 0 || results.length === 0) throw new CommandFailed();
}

function caseFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(^|[/\\])cases\.ya?ml$/.test(file))
    .sort();
}

function explainRequest(file: string, options: Options & { policies: string }, terminal: Terminal): void {
  const set = openPolicies(options.policies, terminal);
  const request = requestOf(JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8')));
  const engine = createEngine(set, { revision: policyRevision(readPolicySources(options.policies)) });
  const explanation = explain(engine, request);
  if (options.json === true) terminal.json(explanation);
  else terminal.line(formatExplanation(explanation));
}

/** A request as such, or the one inside an intent event or a list of a statement's events. */
function requestOf(value: unknown) {
  for (const candidate of candidates(value)) if (isAccessRequest(candidate)) return candidate;
  throw new GatewayError(
    'config',
    'not-a-request',
    'expected a request (`principal`, `session`, `statements`) or an intent event as JSON',
  );
}

function candidates(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(candidates);
  if (typeof value !== 'object' || value === null) return [];
  const nested = ['body', 'events'].flatMap((key) =>
    Object.hasOwn(value, key) ? candidates((value as Record<string, unknown>)[key]) : [],
  );
  return [value, ...nested];
}
