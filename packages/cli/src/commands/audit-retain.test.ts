import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditPipeline } from '@gatehouse/audit';
import { placeEmptyStore } from '@gatehouse/audit/testkit';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Terminal } from '../terminal.ts';
import { addRetain } from './audit-retain.ts';

const silent = () => undefined;
let dir: string;
let lines: string[];

const CONFIG = `
dataDir: ./data
policies: ./policies
principals: ./principals.yaml
databases:
  - name: shop
    dialect: postgres
    upstream: { host: db, port: 5432, user: app, password: env:SHOP_PASSWORD }
listeners:
  - { name: pg, dialect: postgres, port: 6432, databases: [shop] }
`;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-retain-'));
  const dataDir = join(dir, 'data');
  await placeEmptyStore(join(dataDir, 'store'));
  const { journal, close } = await openAuditPipeline({
    dataDir,
    node: 'gw-1',
    store: 'embedded',
    worker: 'in-process',
    segmentBytes: 1 << 20,
    maxBacklogBytes: 1 << 30,
    storeRetention: { maxAgeMs: 0 },
    log: { info: silent, warn: silent, error: silent },
  });
  journal.append({ kind: 'gateway', what: 'tick', detail: {} });
  await close();
  writeFileSync(join(dir, 'keep.yaml'), CONFIG);
  writeFileSync(join(dir, 'drop.yaml'), `${CONFIG}audit: { storeRetention: { days: 0.001 } }\n`);
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(() => {
  lines = [];
});

async function retain(config: string, ...args: readonly string[]): Promise<void> {
  const terminal: Terminal = {
    line: (text = '') => void lines.push(text),
    note: () => undefined,
    json: (value) => void lines.push(JSON.stringify(value)),
    isTty: false,
  };
  const audit = new Command('audit');
  addRetain(audit, terminal);
  await audit.parseAsync(['retain', '--config', join(dir, config), ...args], { from: 'user' });
}

test('says how large the store is, and what may go of it', async () => {
  await retain('drop.yaml', '--dry-run');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^the store holds 1 days since \d{4}-\d\d-\d\d, \d+\.\d MB$/);
  expect(lines[1]).toBe('nothing may go');
}, 60_000);

test('prints the same for scripts, and takes nothing away that may not go', async () => {
  await retain('drop.yaml', '--json');
  expect(JSON.parse(lines[0]!)).toMatchObject({ days: 1, due: null, kept: null, taken: [] });
}, 60_000);

test('says that everything stays where the configuration does not say otherwise', async () => {
  await expect(retain('keep.yaml', '--dry-run')).rejects.toMatchObject({ code: 'store-retention-missing' });
});
