import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { journalDir, openAuditPipeline, publicKeyPath } from '@gatehouse/audit';
import { placeEmptyStore } from '@gatehouse/audit/testkit';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CommandFailed } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { addVerify } from './audit-verify.ts';

const silent = () => undefined;
let dataDir: string;
let segment: string;
let lines: string[];
let notes: string[];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-verify-'));
  await placeEmptyStore(join(dataDir, 'store'));
  const { journal, close } = await openAuditPipeline({
    dataDir,
    node: 'gw-1',
    store: 'embedded',
    worker: 'in-process',
    segmentBytes: 1 << 20,
    maxBacklogBytes: 1 << 30,
    log: { info: silent, warn: silent, error: silent },
  });
  for (let index = 0; index < 20; index += 1)
    journal.append({ kind: 'gateway', what: 'tick', detail: { index } });
  await close();
  const [name] = readdirSync(journalDir(dataDir)).filter((one) => one.endsWith('.jsonl'));
  segment = join(journalDir(dataDir), name!);
}, 60_000);
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
beforeEach(() => {
  lines = [];
  notes = [];
});

/** Runs `audit verify` and gives whether it said that all is well. */
async function verify(...args: readonly string[]): Promise<boolean> {
  const terminal: Terminal = {
    line: (text = '') => void lines.push(text),
    note: (text) => void notes.push(text),
    json: (value) => void lines.push(JSON.stringify(value)),
    isTty: false,
  };
  const audit = new Command('audit');
  addVerify(audit, terminal);
  try {
    await audit.parseAsync(['verify', ...args], { from: 'user' });
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(CommandFailed);
    return false;
  }
}

function exported(change: (text: string) => string): string {
  const path = join(dataDir, 'exported.jsonl');
  writeFileSync(path, change(readFileSync(segment, 'utf8')));
  return path;
}

test('proves a journal, and says whose word the key is', async () => {
  expect(await verify('--dir', journalDir(dataDir))).toBe(true);
  expect(lines[0]).toMatch(/^gw-1: \d+ events are as they were written/);
  expect(lines[1]).toContain('by the journal’s own word');
  expect(await verify(segment, '--key', publicKeyPath(dataDir, 'gw-1'))).toBe(true);
  expect(lines.at(-1)).toContain('by the given key');
});

test('fails for a changed file and names the event and its line', async () => {
  const path = exported((text) => text.replace('"index":7', '"index":8'));
  expect(await verify(path)).toBe(false);
  expect(lines[0]).toMatch(/^gw-1: NOT as written: changed at event \d+ \(exported\.jsonl:\d+\)/);
});

test('fails when another key has signed than the one that was given', async () => {
  const other = join(dataDir, 'other.pub');
  const { publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(other, publicKey.export({ type: 'spki', format: 'pem' }));
  expect(await verify(segment, '--key', other)).toBe(false);
  expect(lines[0]).toContain('forged');
});

test('fails when nothing is signed by the key that was given', async () => {
  const path = exported((text) => `${text.split('\n')[0]}\n`);
  expect(await verify(path)).toBe(true);
  expect(lines[1]).toContain('no checkpoint is signed');
  expect(await verify(path, '--key', publicKeyPath(dataDir, 'gw-1'))).toBe(false);
  expect(notes.at(-1)).toContain('no checkpoint is signed by a key that was given');
});

test('fails where there is nothing to prove', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'gatehouse-empty-'));
  expect(await verify('--dir', empty)).toBe(false);
  rmSync(empty, { recursive: true });
});
