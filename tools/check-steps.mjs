/**
 * The checks: each is a program that ends with zero when all is well. All of them run, then a table is printed.
 */
import { join } from 'node:path';
import { run } from './run.mjs';
import { ROOT } from './workspace.mjs';

const bin = (path) => join(ROOT, 'node_modules', path);
const source = (file) => [
  '--conditions=gatehouse-source',
  '--import',
  import.meta.resolve('tsx'),
  join(ROOT, file),
];

const STEPS = [
  { name: 'format and lint', command: () => [bin('.bin/biome'), 'ci', '--max-diagnostics=40', '.'] },
  { name: 'types', command: () => [bin('.bin/tsc'), '-p', 'tsconfig.json'] },
  { name: 'import rules', command: () => [process.execPath, ...source('tools/import-rules.ts')] },
  { name: 'unused exports', command: () => [bin('.bin/knip'), '--no-progress'] },
  { name: 'documents', command: () => [process.execPath, ...source('tools/documents.ts')] },
  {
    name: 'unit tests',
    command: () => [process.execPath, bin('vitest/vitest.mjs'), 'run', '--project', 'unit', '--reporter=dot'],
  },
];

/** Runs the steps one after the other, shows the output of those that fail, and gives the names of these. */
export async function runChecks({ except = [] } = {}) {
  const results = [];
  for (const { name, command } of STEPS) {
    if (except.includes(name)) continue;
    const [program, ...args] = command();
    const began = performance.now();
    const { code, output } = await run(program, args, { cwd: ROOT, quiet: true });
    if (code !== 0) process.stdout.write(`\n── ${name}\n${output}\n`);
    results.push({ name, code, seconds: (performance.now() - began) / 1000 });
  }
  process.stdout.write('\n');
  for (const { name, code, seconds } of results) {
    const verdict = code === 0 ? 'ok' : 'FAILED';
    process.stdout.write(`${name.padEnd(18)} ${verdict.padEnd(7)} ${seconds.toFixed(1).padStart(6)} s\n`);
  }
  return results.filter(({ code }) => code !== 0).map(({ name }) => name);
}
