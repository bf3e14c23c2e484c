import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildIsCurrent, markBuilt } from './build-stamp.mjs';

const BUILT_AT = Date.now() - 60_000;
let root: string;

/** A workspace of one package whose every file is older than the build. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gatehouse-stamp-'));
  for (const folder of ['packages/a/src', 'packages/a/dist'])
    mkdirSync(join(root, folder), { recursive: true });
  const files = ['tsconfig.base.json', 'package.json', 'pnpm-lock.yaml'];
  const own = ['package.json', 'tsconfig.build.json', 'src/index.ts', 'src/index.test.ts'];
  for (const file of [...files, ...own.map((name) => `packages/a/${name}`)]) touch(file, BUILT_AT - 1_000);
  for (const folder of ['packages/a/src', 'packages/a']) age(folder, BUILT_AT - 1_000);
});
afterEach(() => rmSync(root, { recursive: true }));

function touch(file: string, atMs: number): void {
  writeFileSync(join(root, file), '{}');
  age(file, atMs);
}

function age(path: string, atMs: number): void {
  utimesSync(join(root, path), atMs / 1000, atMs / 1000);
}

test('is current right after a build, and not before one', () => {
  expect(buildIsCurrent(root)).toBe(false);
  markBuilt(root, BUILT_AT);
  expect(buildIsCurrent(root)).toBe(true);
});

test('is stale when a source, a manifest or a shared setting is younger', () => {
  markBuilt(root, BUILT_AT);
  for (const file of [
    'packages/a/src/index.ts',
    'packages/a/package.json',
    'tsconfig.base.json',
    'pnpm-lock.yaml',
  ]) {
    age(file, BUILT_AT + 1_000);
    expect(buildIsCurrent(root), file).toBe(false);
    age(file, BUILT_AT - 1_000);
  }
  expect(buildIsCurrent(root)).toBe(true);
});

test('is stale when a source was deleted, and when a build is not there', () => {
  markBuilt(root, BUILT_AT);
  rmSync(join(root, 'packages/a/src/index.ts'));
  expect(buildIsCurrent(root)).toBe(false);
  age('packages/a/src', BUILT_AT - 1_000);
  expect(buildIsCurrent(root)).toBe(true);
  rmSync(join(root, 'packages/a/dist'), { recursive: true });
  expect(buildIsCurrent(root)).toBe(false);
});

test('stays current when only a test was changed', () => {
  markBuilt(root, BUILT_AT);
  age('packages/a/src/index.test.ts', BUILT_AT + 1_000);
  expect(buildIsCurrent(root)).toBe(true);
});
