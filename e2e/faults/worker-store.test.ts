/** A worker of its own with the embedded store: other processes read what it has stored while it runs. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type AuditPipeline, openAuditPipeline } from '@gatehouse/audit';
import { type Fleet, startFleet } from '@gatehouse/fleet';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { allowAllPolicies } from '../stage/policies.ts';

const BIN = fileURLToPath(new URL('../../packages/cli/src/bin.ts', import.meta.url));
const NODE_ARGS = ['--conditions=gatehouse-source', '--import', import.meta.resolve('tsx'), BIN];
const silent = () => undefined;
const dir = mkdtempSync(join(tmpdir(), 'gatehouse-worker-'));
const config = join(dir, 'gatehouse.yaml');

let fleet: Fleet;
let gateway: AuditPipeline;
let worker: ChildProcess;

beforeAll(async () => {
  fleet = await startFleet({ need: ['redis'], report: silent });
  writeFileSync(join(dir, 'redis'), fleet.redis!.url, { mode: 0o600 });
  writeFileSync(join(dir, 'principals.yaml'), 'principals: []\n');
  const upstream = { host: '127.0.0.1', port: 1, database: 'd', user: 'u', password: 'file:redis' };
  writeFileSync(
    config,
    stringify({
      dataDir: join(dir, 'data'),
      policies: allowAllPolicies(),
      principals: './principals.yaml',
      databases: [{ name: 'd', dialect: 'postgres', upstream }],
      listeners: [{ name: 'pg', dialect: 'postgres', port: 1, databases: ['d'] }],
      audit: { redis: 'file:redis', store: 'embedded', worker: 'separate' },
      log: { level: 'error' },
    }),
  );
  worker = spawn(process.execPath, [...NODE_ARGS, 'worker', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  worker.stderr!.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await vi.waitUntil(() => output.includes('taking events'), { timeout: 120_000, interval: 100 });
  gateway = await openAuditPipeline({
    ...{ dataDir: join(dir, 'gateway'), node: 'apart', redisUrl: fleet.redis!.url },
    ...{ store: 'embedded', worker: 'separate', segmentBytes: 1 << 20, maxBacklogBytes: 1 << 30 },
    log: { info: silent, warn: silent, error: silent },
  });
}, 180_000);

afterAll(async () => {
  await gateway?.close();
  if (worker !== undefined) {
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.kill('SIGKILL');
    await gone;
  }
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

it('lets `audit search` find what the worker has stored', { timeout: 180_000 }, async () => {
  gateway.journal.append({ kind: 'gateway', what: 'started', detail: { mark: 'from-afar' } });
  const found = async () => {
    const args = ['audit', 'search', '--code', 'started', '--json', '--config', config];
    return (await promisify(execFile)(process.execPath, [...NODE_ARGS, ...args])).stdout;
  };
  let last = '';
  await vi.waitUntil(
    async () => {
      last = await found();
      return last !== '';
    },
    { timeout: 120_000, interval: 500 },
  );
  expect(
    last
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ node: 'apart', body: { what: 'started', detail: { mark: 'from-afar' } } }]);
});
