/**
 * The steps from a fresh clone to a running demo or to the result of all tests.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildIsCurrent, markBuilt } from './build-stamp.mjs';
import { run } from './run.mjs';
import { provideSystemPackages } from './system-packages.mjs';
import { runTests } from './test-runner.mjs';
import { packageFolders, ROOT } from './workspace.mjs';

const INSTALLED = join(ROOT, 'node_modules/.gatehouse/installed');

/** Runs one command; gives the exit code. */
export async function bootstrap(args) {
  const [command, ...rest] = args;
  if (!['start', 'test', 'build'].includes(command)) {
    process.stderr.write(`gatehouse: expected start, test or build, got \`${command ?? ''}\`\n`);
    return 2;
  }
  // Both mostly wait for what they download.
  const packages = command === 'test' && provideSystemPackages({ asked: rest.includes('--install-system') });
  const prepared = (await install()) || (await build());
  await packages;
  if (prepared !== 0) return prepared;
  if (command === 'test') return runTests(rest.filter((arg) => arg !== '--install-system'));
  if (command === 'start') {
    process.argv.splice(2, process.argv.length, 'start', ...rest);
    await import('./gatehouse.mjs');
    return process.exitCode ?? 0;
  }
  return 0;
}

/** pnpm in exactly the version that the workspace names, through npx: nothing is installed globally. */
async function pnpm(args) {
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { code } = await run('npx', ['-y', packageManager, ...args], {
    cwd: ROOT,
    env: { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', npm_config_update_notifier: 'false' },
  });
  return code;
}

async function install() {
  const wanted = lockedState();
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === wanted) return 0;
  say('installing the dependencies (the first time takes about a minute)');
  const code = await pnpm([
    'install',
    '--frozen-lockfile',
    '--config.confirmModulesPurge=false',
    '--reporter=append-only',
  ]);
  if (code === 0) {
    mkdirSync(dirname(INSTALLED), { recursive: true });
    writeFileSync(INSTALLED, wanted);
  }
  return code;
}

/** Changes whenever an installation could have to change. */
function lockedState() {
  const hash = createHash('sha256');
  const manifests = packageFolders(ROOT).map((folder) => `${folder}/package.json`);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests]) {
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(ROOT, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

async function build() {
  if (buildIsCurrent(ROOT)) return 0;
  say('building');
  const began = Date.now();
  // Turbo runs each package's script through pnpm, which npx puts on the PATH.
  const code = await pnpm([
    'exec',
    'turbo',
    'run',
    'build',
    '--output-logs=errors-only',
    '--log-order=grouped',
  ]);
  if (code === 0) markBuilt(ROOT, began);
  return code;
}

function say(line) {
  process.stderr.write(`gatehouse: ${line}\n`);
}
