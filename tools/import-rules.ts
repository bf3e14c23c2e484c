/**
 * Who may import whom, and why; checked against every manifest and every import in the sources.
 *
 *   node tools/gatehouse.mjs --source tools/import-rules.ts
 *
 * Reads imports with patterns, not with a parser: what looks like an import on a line that is not a comment counts as
 * one. That can only find too much. Four kinds of findings:
 *
 * - a package imports, or names in its manifest, a package that its row does not allow, or has no row;
 * - a relative import leaves its package, or an import's target is computed at run time;
 * - a package that must stay free of I/O imports a module of Node that does I/O;
 * - a file of a package that must not know any dialect names one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageFolders, ROOT } from './workspace.mjs';

interface Row {
  /** Workspace packages that it may import, without the scope; `*` stands for all. */
  readonly mayImport: readonly string[];
  readonly why: string;
  /** Whether its sources may do I/O themselves. */
  readonly io: boolean;
  /** Whether its sources may name a dialect. */
  readonly namesDialects: boolean;
}

const ADAPTER: Omit<Row, 'why'> = {
  mayImport: ['adapter', 'masking', 'model', 'sql', 'wire'],
  io: false,
  namesDialects: true,
};

/** One row per package; a package without a row is a finding. */
export const RULES: Readonly<Record<string, Row>> = {
  model: {
    mayImport: [],
    why: 'the narrow waist: everything speaks it, so it depends on nothing',
    io: false,
    namesDialects: true,
  },
  wire: {
    mayImport: [],
    why: 'bytes only: no dialect and no model, so that any protocol can be built on it',
    io: false,
    namesDialects: true,
  },
  core: {
    mayImport: ['model'],
    why: 'policy decides on the model alone; it never sees an adapter, so one policy fits every dialect',
    io: true,
    namesDialects: false,
  },
  sql: { mayImport: ['model'], why: 'text in, statements out; no protocol', io: false, namesDialects: true },
  masking: {
    mayImport: ['model'],
    why: 'values in, values out; no protocol',
    io: false,
    namesDialects: true,
  },
  classify: {
    mayImport: [],
    why: 'values and names in, labels out: which database they come from must not matter',
    io: false,
    namesDialects: false,
  },
  audit: {
    mayImport: ['model'],
    why: 'records what the model says; it must not depend on how a dialect said it',
    io: true,
    namesDialects: false,
  },
  identity: {
    mayImport: ['model'],
    why: 'who somebody is does not depend on the protocol that asked',
    io: true,
    namesDialects: false,
  },
  adapter: {
    mayImport: ['model', 'wire'],
    why: 'the contract: an adapter needs nothing else of the house to be written',
    io: false,
    namesDialects: true,
  },
  'adapter-postgres': {
    ...ADAPTER,
    why: 'a dialect knows the contract and the tools, never the house or another dialect',
  },
  'adapter-mysql': {
    ...ADAPTER,
    why: 'a dialect knows the contract and the tools, never the house or another dialect',
  },
  'adapter-mongodb': {
    ...ADAPTER,
    why: 'a dialect knows the contract and the tools, never the house or another dialect',
  },
  gateway: {
    mayImport: ['adapter', 'audit', 'core', 'identity', 'masking', 'model', 'wire'],
    why: 'runs sessions of any dialect; it is given its adapters, so a new dialect never touches it',
    io: true,
    namesDialects: false,
  },
  cli: {
    mayImport: ['*'],
    why: 'the composition root: the only place that names concrete adapters and stores',
    io: true,
    namesDialects: true,
  },
  fleet: {
    mayImport: [],
    why: 'starts servers for the tests, the demo and the bench; it must not need what is tested with it',
    io: true,
    namesDialects: true,
  },
  e2e: { mayImport: ['*'], why: 'tests the whole from outside', io: true, namesDialects: true },
};

/** Packages that import nothing of the house and still may use libraries: servers and their drivers; numbering plans. */
const MAY_USE_LIBRARIES: ReadonlySet<string> = new Set(['fleet', 'classify']);

/** Files that may name a dialect although their package may not, each with its reason. */
const MAY_NAME_DIALECTS: readonly { readonly path: RegExp; readonly why: string }[] = [
  {
    path: /^packages\/audit\/src\/store\//,
    why: 'the audit store is itself a database, and that database is Postgres',
  },
];

/** Files that may do I/O although their package may not, each with the one module and the reason. */
const MAY_DO_IO: readonly { readonly path: string; readonly module: string; readonly why: string }[] = [
  {
    path: 'packages/sql/src/postgres/parse-worker.ts',
    module: 'node:worker_threads',
    why: 'a text that nests deeply needs a larger stack than this thread has; nothing but text goes in and out',
  },
];

/** Words that hold a dialect's name and mean something else, each with its reason. */
const HARMLESS: readonly { readonly text: RegExp; readonly why: string }[] = [
  {
    text: /@mongodb-js\/saslprep/g,
    why: 'the package that implements RFC 4013, which SCRAM asks of every dialect',
  },
];

/** Modules of Node through which a package could reach the world or the clock. */
const IO_MODULES =
  /^(node:)?(net|tls|http|https|http2|dgram|dns|fs|child_process|cluster|worker_threads|timers|readline|repl)(\/|$)/;

const DIALECT = /postgres|mysql|mariadb|mongo/i;

/** Something that must not be, with its place. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** One import in a source: what it names, or null where that is computed at run time. */
export interface Import {
  readonly line: number;
  readonly target: string | null;
}

/** Every import, re-export, `import()`, `require()` and type import of a source text. */
export function parseImports(text: string): readonly Import[] {
  const code = blankComments(text);
  const found: Import[] = [];
  const literal = /(?:\bfrom|\bimport|\b(?:import|require)\s*\()\s*(['"`])((?:(?!\1)[^\\\n$])+)\1/g;
  for (const match of code.matchAll(literal))
    found.push({ line: lineAt(code, match.index), target: match[2]! });
  const computed = /(?<![.#\w])import\s*\((?!\s*(?:['"]|`[^`$]*`))/g;
  for (const match of code.matchAll(computed)) found.push({ line: lineAt(code, match.index), target: null });
  return found.sort((a, b) => a.line - b.line);
}

/** Only lines that are comments from their first character on: cutting more could cut code. */
function blankComments(text: string): string {
  return text
    .split('\n')
    .map((line) => (/^\s*(\/\/|\*\s|\*$|\/\*\*?(?!.*\*\/))/.test(line) ? '' : line))
    .join('\n');
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** A package of the workspace: its folder, its name without the scope, and what its manifest depends on. */
export interface WorkspacePackage {
  readonly folder: string;
  readonly name: string;
  readonly dependencies: readonly string[];
}

/** Everything that is wrong with one source file. `path` is relative to the root, with slashes. */
export function checkSource(owner: WorkspacePackage, path: string, text: string): readonly Finding[] {
  const rule = RULES[owner.name];
  if (rule === undefined) return [];
  const isTest = /\.test\.ts$|\/testkit\//.test(path);
  const findings: Finding[] = [];
  const add = (line: number, message: string) => findings.push({ file: path, line, message });
  for (const { line, target } of parseImports(text)) {
    if (target === null) {
      if (owner.name !== 'e2e') add(line, 'the target of an import is computed; name it');
      continue;
    }
    const packageName = /^@gatehouse\/([^/]+)/.exec(target)?.[1];
    if (packageName !== undefined && packageName !== owner.name) {
      if (!allows(rule, packageName)) add(line, `${owner.name} may not import ${packageName}: ${rule.why}`);
      else if (!owner.dependencies.includes(packageName)) add(line, `${packageName} is not in the manifest`);
    }
    if (
      rule.mayImport.length === 0 &&
      !MAY_USE_LIBRARIES.has(owner.name) &&
      !isTest &&
      isThirdParty(target)
    ) {
      add(line, `${owner.name} imports nothing, and \`${target}\` is something`);
    }
    if (/^(\.|\/|file:)/.test(target) && !staysInside(owner, path, target)) {
      add(line, `\`${target}\` leaves the package; import it by its name`);
    }
    const excused = MAY_DO_IO.some((entry) => entry.path === path && entry.module === target);
    if (!rule.io && !isTest && !excused && IO_MODULES.test(target)) {
      add(line, `${owner.name} does no I/O, and \`${target}\` does`);
    }
  }
  if (!rule.namesDialects && !isTest) findings.push(...findDialectNames(owner, path, text));
  return findings;
}

function allows(rule: Row, packageName: string): boolean {
  return rule.mayImport.includes(packageName) || (rule.mayImport.includes('*') && packageName !== 'e2e');
}

/** A package from a registry; model and wire have none, and the root's tools would be found from everywhere. */
function isThirdParty(target: string): boolean {
  return /^[^./]/.test(target) && !target.startsWith('@gatehouse/') && !isBuiltin(target);
}

function staysInside(owner: WorkspacePackage, path: string, target: string): boolean {
  if (!target.startsWith('.')) return false;
  const within = relative(resolve('/', owner.folder), resolve('/', dirname(path), target));
  // The fleet lies inside of e2e and is a package of its own.
  return !within.startsWith('..') && !(owner.name === 'e2e' && /^fleet(\/|$)/.test(within));
}

function findDialectNames(owner: WorkspacePackage, path: string, text: string): readonly Finding[] {
  if (MAY_NAME_DIALECTS.some((entry) => entry.path.test(path))) return [];
  const findings: Finding[] = [];
  if (DIALECT.test(path))
    findings.push({ file: path, line: 1, message: `the name of the file names a dialect` });
  for (const [index, raw] of text.split('\n').entries()) {
    const line = HARMLESS.reduce((rest, entry) => rest.replace(entry.text, ''), raw);
    const name = DIALECT.exec(line)?.[0];
    if (name === undefined) continue;
    findings.push({ file: path, line: index + 1, message: `${owner.name} names a dialect: \`${name}\`` });
  }
  return findings;
}

/** Everything that is wrong with a package's manifest. */
export function checkManifest(owner: WorkspacePackage): readonly Finding[] {
  const file = `${owner.folder}/package.json`;
  const rule = RULES[owner.name];
  if (rule === undefined)
    return [{ file, line: 1, message: `${owner.name} has no row in tools/import-rules.ts` }];
  return owner.dependencies
    .filter((name) => !allows(rule, name))
    .map((name) => ({ file, line: 1, message: `${owner.name} may not depend on ${name}: ${rule.why}` }));
}

/** Reads the workspace below `root` and checks all of it. */
export function checkWorkspace(root: string): {
  readonly files: number;
  readonly findings: readonly Finding[];
} {
  const folders: readonly string[] = packageFolders(root);
  const findings: Finding[] = [];
  let files = 0;
  for (const folder of folders) {
    const owner = readPackage(root, folder);
    findings.push(...checkManifest(owner));
    const nested = folders.filter((other) => other.startsWith(`${folder}/`));
    for (const path of listSources(root, folder, nested)) {
      files++;
      findings.push(...checkSource(owner, path, readFileSync(join(root, path), 'utf8')));
    }
  }
  return { files, findings };
}

function readPackage(root: string, folder: string): WorkspacePackage {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly devDependencies?: Readonly<Record<string, string>>;
  };
  const all = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  const scope = '@gatehouse/';
  return {
    folder,
    name: manifest.name.replace(scope, ''),
    dependencies: all.filter((name) => name.startsWith(scope)).map((name) => name.slice(scope.length)),
  };
}

function listSources(root: string, folder: string, except: readonly string[]): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (except.includes(path) || ['node_modules', 'dist', 'corpus'].includes(entry.name)) return [];
    if (entry.isDirectory()) return listSources(root, path, except);
    return /\.(ts|mts|cts|mjs|js|tsx)$/.test(entry.name) ? [path] : [];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { files, findings } = checkWorkspace(ROOT);
  for (const { file, line, message } of findings) console.log(`${file}:${line}: ${message}`);
  console.log(`${files} files, ${findings.length} findings`);
  process.exitCode = findings.length === 0 && files > 0 ? 0 : 1;
}
