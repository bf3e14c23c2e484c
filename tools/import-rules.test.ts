import { expect, test } from 'vitest';
import {
  checkManifest,
  checkSource,
  checkWorkspace,
  parseImports,
  RULES,
  type WorkspacePackage,
} from './import-rules.ts';
import { ROOT } from './workspace.mjs';

const gateway: WorkspacePackage = {
  folder: 'packages/gateway',
  name: 'gateway',
  dependencies: ['adapter', 'core', 'model', 'wire'],
};
const postgres: WorkspacePackage = {
  folder: 'adapters/postgres',
  name: 'adapter-postgres',
  dependencies: ['adapter', 'model'],
};
const e2e: WorkspacePackage = { folder: 'e2e', name: 'e2e', dependencies: ['fleet', 'gateway'] };

function messages(owner: WorkspacePackage, path: string, text: string): readonly string[] {
  return checkSource(owner, `${owner.folder}/${path}`, text).map(
    (finding) => `${finding.line}: ${finding.message}`,
  );
}

test('finds every form of an import', () => {
  const text = [
    `import { a } from './a.ts';`,
    `import type { B } from "./b.ts";`,
    `import './c.ts';`,
    `export * from './d.ts';`,
    `export {`,
    `  e,`,
    `} from './e.ts';`,
    `const f = await import('./f.ts');`,
    `const g = await import(`,
    `  './g.ts'`,
    `);`,
    `type H = import('./h.ts').H;`,
    `const i = require('./i.ts');`,
    'const j = await import(`./j.ts`);',
    `import k from './k.json' with { type: 'json' };`,
  ].join('\n');
  expect(parseImports(text).map(({ target }) => target)).toEqual(
    [...'abcdefghij'].map((letter) => `./${letter}.ts`).concat('./k.json'),
  );
});

test('takes a target that is put together at run time as unknown', () => {
  const text = 'await import(name);\nawait import(`./$' + '{name}.ts`);\nthis.import(name);';
  expect(parseImports(text).map(({ target }) => target)).toEqual([null, null]);
  expect(messages(gateway, 'src/a.ts', 'await import(name)')).toEqual([
    '1: the target of an import is computed; name it',
  ]);
});

test('leaves comments out, but not code behind a comment on the same line', () => {
  const text = [
    '/**',
    ` * import { x } from '@gatehouse/sql';`,
    ' */',
    `// import '@gatehouse/sql';`,
    `/* why */ import '@gatehouse/sql';`,
  ].join('\n');
  expect(parseImports(text)).toEqual([{ line: 5, target: '@gatehouse/sql' }]);
});

test('refuses an import that the row does not allow, also as a type, below a name, or at run time', () => {
  for (const text of [
    `import { parse } from '@gatehouse/sql';`,
    `import type { Analysis } from '@gatehouse/sql';`,
    `export { x } from '@gatehouse/sql/inner';`,
    `await import('@gatehouse/sql');`,
    `let a: import('@gatehouse/sql').Analysis;`,
  ]) {
    expect(messages(gateway, 'src/a.ts', text)).toEqual([
      `1: gateway may not import sql: ${RULES['gateway']!.why}`,
    ]);
  }
  expect(messages(gateway, 'src/a.ts', `import { x } from '@gatehouse/adapter/testkit';`)).toEqual([]);
});

test('keeps dialects from each other and from the house', () => {
  for (const other of ['adapter-mysql', 'gateway', 'core', 'audit', 'identity', 'cli']) {
    const found = messages(postgres, 'src/a.ts', `import '@gatehouse/${other}';`);
    expect(found).toEqual([`1: adapter-postgres may not import ${other}: ${RULES['adapter-postgres']!.why}`]);
  }
});

test('asks for what is imported to stand in the manifest', () => {
  expect(messages(postgres, 'src/a.ts', `import '@gatehouse/masking';`)).toEqual([
    '1: masking is not in the manifest',
  ]);
  const greedy = { ...postgres, dependencies: ['adapter', 'core'] };
  expect(checkManifest(greedy)).toEqual([
    {
      file: 'adapters/postgres/package.json',
      line: 1,
      message: `adapter-postgres may not depend on core: ${RULES['adapter-postgres']!.why}`,
    },
  ]);
  expect(checkManifest({ folder: 'packages/new', name: 'new', dependencies: [] })[0]?.message).toContain(
    'has no row',
  );
});

test('refuses relative imports that leave the package, however they are written', () => {
  for (const target of [
    '../../sql/src/index.ts',
    '../../../adapters/other/src/x.ts',
    './../../core/src/a.ts',
    '/etc/x.ts',
  ]) {
    expect(messages(gateway, 'src/a.ts', `import '${target}';`)).toEqual([
      `1: \`${target}\` leaves the package; import it by its name`,
    ]);
  }
  expect(messages(gateway, 'src/io/a.ts', `import '../session/b.ts';`)).toEqual([]);
  expect(messages(e2e, 'leaks/a.test.ts', `import '../fleet/index.ts';`)).toHaveLength(1);
  expect(messages(e2e, 'leaks/a.test.ts', `import '../clients/b.ts'; import '@gatehouse/fleet';`)).toEqual(
    [],
  );
});

test('keeps the model and the byte layer free of every package', () => {
  const wire = { folder: 'packages/wire', name: 'wire', dependencies: [] };
  expect(messages(wire, 'src/a.ts', `import { parse } from 'yaml';`)).toEqual([
    '1: wire imports nothing, and `yaml` is something',
  ]);
  expect(messages(wire, 'src/a.ts', `import { Buffer } from 'node:buffer';`)).toEqual([]);
  expect(messages(wire, 'src/a.test.ts', `import { test } from 'vitest';`)).toEqual([]);
  expect(messages(gateway, 'src/a.ts', `import { pino } from 'pino';`)).toEqual([]);
});

test('keeps I/O out of what is pure, but not out of its tests', () => {
  expect(messages(postgres, 'src/a.ts', `import { connect } from 'node:net';`)).toEqual([
    '1: adapter-postgres does no I/O, and `node:net` does',
  ]);
  expect(messages(postgres, 'src/a.ts', `import { readFile } from 'fs/promises';`)).toHaveLength(1);
  expect(messages(postgres, 'src/a.ts', `import { createHash } from 'node:crypto';`)).toEqual([]);
  expect(messages(postgres, 'src/a.test.ts', `import { readFileSync } from 'node:fs';`)).toEqual([]);
});

test('finds a dialect named in the gateway, in any spelling, in comments and in the name of a file', () => {
  const text = `// as Postgres does\nconst isMySql = 1;\nlet x = 'mariadb';\nfunction mongoOnly() {}`;
  expect(messages(gateway, 'src/a.ts', text)).toEqual([
    '1: gateway names a dialect: `Postgres`',
    '2: gateway names a dialect: `MySql`',
    '3: gateway names a dialect: `mariadb`',
    '4: gateway names a dialect: `mongo`',
  ]);
  expect(messages(gateway, 'src/mysql-port.ts', '')).toEqual(['1: the name of the file names a dialect']);
  expect(messages(gateway, 'src/a.test.ts', text)).toEqual([]);
  expect(messages(postgres, 'src/a.ts', text)).toEqual([]);
});

test('lets the audit store name its own database', () => {
  const audit = { folder: 'packages/audit', name: 'audit', dependencies: ['model'] };
  expect(messages(audit, 'src/store/open-store.ts', 'postgres')).toEqual([]);
  expect(messages(audit, 'src/journal/a.ts', 'postgres')).toHaveLength(1);
});

test('holds for this repository', () => {
  const { files, findings } = checkWorkspace(ROOT);
  expect(findings).toEqual([]);
  expect(files).toBeGreaterThan(100);
});
