#!/usr/bin/env node
/**
 * Runs the command line (`packages/cli`) from its build where that is current, else from source.
 *
 *   node tools/gatehouse.mjs ARGS...                  gatehouse ARGS...
 *   node tools/gatehouse.mjs --source FILE ARGS...    a TypeScript file of this repository, in the same way
 *
 * "Current" means: no source is younger than the last build that `tools/bootstrap.mjs build` finished.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildIsCurrent } from './build-stamp.mjs';
import { ROOT } from './workspace.mjs';

const [first, ...rest] = process.argv.slice(2);
if (!existsSync(join(ROOT, 'node_modules', 'tsx'))) {
  fail('the dependencies are not installed; `npm start` does it, or `npx -y pnpm@10.34.9 install`');
}
const current = buildIsCurrent(ROOT);
if (first === '--source') {
  const file = rest.shift();
  if (file === undefined || !existsSync(resolve(file)))
    fail(`--source needs a file that exists, got \`${file ?? ''}\``);
  runWithLoader(resolve(file), rest, current);
} else if (current) {
  const program = join(ROOT, 'packages/cli/dist/bin.js');
  process.argv.splice(1, 1, program);
  await import(pathToFileURL(program).href);
} else {
  runWithLoader(join(ROOT, 'packages/cli/src/bin.ts'), process.argv.slice(2), false);
}

/** A process of its own: the condition that leads from a package to its source can only be given at the start. */
function runWithLoader(file, args, packagesFromBuild) {
  const conditions = packagesFromBuild ? [] : ['--conditions=gatehouse-source'];
  const loader = import.meta.resolve('tsx');
  const child = spawn(process.execPath, [...conditions, '--import', loader, file, ...args], {
    stdio: 'inherit',
  });
  // Ctrl-C reaches the child by itself; what is sent to this process alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.once('error', (error) => fail(error.message));
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

function fail(message) {
  process.stderr.write(`gatehouse: ${message}\n`);
  process.exit(1);
}
