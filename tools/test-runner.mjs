/**
 * Runs the checks and all tests and ends with the line `N passed, N failed, N skipped`.
 *
 * The numbers are vitest's. What fails without being a test (a check, a file that cannot be
 * loaded, an error outside of any test, a runner that died) is added to the failed ones, so that the line never
 * looks better than the exit code. Nothing at all having run is a failure.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks } from './check-steps.mjs';
import { run } from './run.mjs';
import { ROOT } from './workspace.mjs';

/** Runs everything; `args` go to vitest (a path, `-t NAME`). Gives the exit code. */
export async function runTests(args) {
  const filtered = args.length > 0;
  const total = { passed: 0, failed: 0, skipped: 0 };
  const servers = bringServers();
  if (!filtered) {
    const failed = await runChecks({ except: ['unit tests'] });
    total.failed += failed.length;
  }
  process.stdout.write('\nservers\n');
  process.stdout.write((await servers).output);
  add(total, await runVitest(args));
  const nothing = total.passed + total.failed === 0;
  if (nothing) process.stderr.write('gatehouse: no test ran\n');
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  return total.failed > 0 || nothing ? 1 : 0;
}

/** Downloads what the fleet lacks before the first test, and tells which servers the tests will meet. */
function bringServers() {
  const program = [join(ROOT, 'tools/gatehouse.mjs'), '--source', join(ROOT, 'e2e/fleet/main.ts')];
  return run(process.execPath, [...program, '--check'], { quiet: true });
}

async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  const report = join(folder, 'report.json');
  try {
    process.stdout.write('\ntests\n');
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    // That nothing ran at all is seen above.
    const how = [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      '--passWithNoTests',
    ];
    const { code } = await run(process.execPath, [vitest, ...how, ...args], { cwd: ROOT });
    return countResults(readReport(report), code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** Counts vitest's JSON report (null when there is none), given the exit code of the run that wrote it. */
export function countResults(report, exitCode) {
  if (report === null) return { passed: 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + unloaded;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function add(total, counts) {
  for (const key of ['passed', 'failed', 'skipped']) total[key] += counts[key];
}
