import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from './workspace.mjs';

const GATEHOUSE = join(ROOT, 'tools/gatehouse.mjs');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-tool-'));
  const lines = [
    `const args: readonly string[] = process.argv.slice(2);`,
    `if (args[0] === 'wait') {`,
    `  process.on('SIGTERM', () => process.exit(7));`,
    `  setInterval(() => undefined, 1000);`,
    `  console.log('waiting');`,
    `} else {`,
    `  console.log(JSON.stringify(args));`,
    `  process.exitCode = 3;`,
    `}`,
  ];
  writeFileSync(join(folder, 'program.ts'), lines.join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('runs a source file with its arguments and gives back its exit code', () => {
  const args = [GATEHOUSE, '--source', join(folder, 'program.ts'), 'a b', '--flag'];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toEqual(['a b', '--flag']);
  expect(status).toBe(3);
});

test('passes a signal on, so that the program can end in order', async () => {
  const child = spawn(process.execPath, [GATEHOUSE, '--source', join(folder, 'program.ts'), 'wait']);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([7, null]);
});

test('says so when the source file is not there', () => {
  const { stderr, status } = spawnSync(process.execPath, [GATEHOUSE, '--source', 'nowhere.ts'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('gatehouse: --source needs a file that exists, got `nowhere.ts`\n');
  expect(status).toBe(1);
});
