/**
 * Programs and drivers outside npm that the tests use, and how Debian and Ubuntu bring them.
 *
 * Installs what is missing when it may: asked by `--install-system`, in CI, or where nobody sits at a terminal; and
 * either as root or with a sudo that asks for no password. Otherwise prints the line to paste. Everything is
 * installed before the first test runs; a test whose program is missing says so itself.
 *
 *   node tools/system-packages.mjs [--install-system]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from './run.mjs';

const program = (name) => () => onPath(name);
const pythonModule = (name) => () =>
  existsSync('/usr/bin/python3') && spawnSync('/usr/bin/python3', ['-c', `import ${name}`]).status === 0;
const file = (path) => () => existsSync(path);
/** Debian's /usr/bin/pgbench is a wrapper that comes with the client; the program itself comes with the server. */
const pgbench = () => {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  return versions.length === 0
    ? onPath('pgbench') && !existsSync('/usr/share/postgresql-common')
    : versions.some((version) => existsSync(`/usr/lib/postgresql/${version}/bin/pgbench`));
};

/** What is probed for, the package that has it, and what it is for. */
const NEEDED = [
  { apt: 'mariadb-server', probe: program('mariadbd'), why: 'the server behind the MySQL adapter' },
  { apt: 'mariadb-client', probe: program('mariadb'), why: 'client tests' },
  { apt: 'redis-server', probe: program('redis-server'), why: 'the audit queue' },
  { apt: 'postgresql-client', probe: program('psql'), why: 'client tests' },
  { apt: 'postgresql', probe: pgbench, why: 'pgbench, for client tests and bench' },
  { apt: 'python3', probe: program('python3'), why: 'client tests, the MongoDB-compatible server' },
  { apt: 'python3-pip', probe: pythonModule('pip'), why: 'brings the MongoDB-compatible server' },
  { apt: 'python3-psycopg', probe: pythonModule('psycopg'), why: 'client tests' },
  { apt: 'python3-pymysql', probe: pythonModule('pymysql'), why: 'client tests' },
  { apt: 'python3-pymongo', probe: pythonModule('pymongo'), why: 'client tests' },
  { apt: 'default-jdk-headless', probe: program('javac'), why: 'JDBC client tests' },
  { apt: 'libpostgresql-jdbc-java', probe: file('/usr/share/java/postgresql.jar'), why: 'JDBC client tests' },
  {
    apt: 'libmariadb-java',
    probe: file('/usr/share/java/mariadb-java-client.jar'),
    why: 'JDBC client tests',
  },
  { apt: 'pgbouncer', probe: program('pgbouncer'), why: 'bench' },
  { apt: 'haproxy', probe: program('haproxy'), why: 'bench' },
  { apt: 'sysbench', probe: program('sysbench'), why: 'bench' },
];

/** Installs or names what is missing; gives the packages that are still missing. */
export async function provideSystemPackages({ asked = false } = {}) {
  const missing = NEEDED.filter(({ probe }) => !probe());
  if (missing.length === 0) return [];
  const names = missing.map(({ apt }) => apt);
  const prefix = !onPath('apt-get') ? null : installPrefix(asked);
  if (prefix === null) {
    say(`${missing.length} system packages that the tests use are missing:`);
    for (const { apt, why } of missing) say(`  ${apt.padEnd(24)} ${why}`);
    say(`to install them (or add --install-system as root): sudo apt-get install -y ${names.join(' ')}`);
    return names;
  }
  say(`installing system packages: ${names.join(' ')}`);
  const [command, ...first] = [...prefix, 'apt-get'];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run(command, [...first, 'update', '-q'], { env });
  const install = [...first, 'install', '-y', '-q', '--no-install-recommends'];
  const { code } = await run(command, [...install, ...names], { env });
  // One name that this release does not know would otherwise keep all the others away.
  if (code !== 0) for (const name of names) await run(command, [...install, name], { env });
  const left = NEEDED.filter(({ probe }) => !probe()).map(({ apt }) => apt);
  if (left.length > 0) say(`could not be installed: ${left.join(' ')}`);
  return left;
}

/** What to write before `apt-get`: nothing as root, sudo where it asks nothing; null when it must not be run. */
function installPrefix(asked) {
  const inCi = ![undefined, '', 'false', '0'].includes(process.env.CI);
  if (!asked && !inCi && process.stdin.isTTY) return null;
  if (process.getuid?.() === 0) return [];
  if (!(asked || inCi) || !onPath('sudo')) return null;
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return ['sudo', '-n', 'DEBIAN_FRONTEND=noninteractive'];
  } catch {
    return null;
  }
}

function onPath(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return [...folders, '/usr/sbin', '/usr/local/sbin'].some((folder) => existsSync(join(folder, name)));
}

function say(line) {
  process.stderr.write(`gatehouse: ${line}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const left = await provideSystemPackages({ asked: process.argv.includes('--install-system') });
  process.exitCode = left.length === 0 ? 0 : 1;
}
