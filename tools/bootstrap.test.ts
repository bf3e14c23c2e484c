import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './workspace.mjs';

/** Runs the bootstrap as an older version of Node would see itself. */
function bootstrapAs(version: string): { readonly status: number | null; readonly stderr: string } {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const args = [
    '--import',
    `data:text/javascript,${encodeURIComponent(pretend)}`,
    join(ROOT, 'tools/bootstrap.mjs'),
    'x',
  ];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

test('tells an unsupported version of Node which one is needed, before anything else', () => {
  for (const version of ['16.20.2', '18.20.0', '20.18.3']) {
    const { status, stderr } = bootstrapAs(version);
    expect(stderr).toMatch(new RegExp(`^gatehouse: Node ${version} is too old, 20\\.19 or later is needed`));
    expect(status).toBe(1);
  }
});

test('goes on with a supported one', () => {
  for (const version of ['20.19.0', '22.1.0', '24.0.0']) {
    const { status, stderr } = bootstrapAs(version);
    expect(stderr).toBe('gatehouse: expected start, test or build, got `x`\n');
    expect(status).toBe(2);
  }
});

test('asks for the version that the manifest names', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  expect(engines.node).toBe('>=20.19');
});
