import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '@gatehouse/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALLOW_ALL, policyOf, requestOf } from '../testkit/policy-fixture.ts';
import {
  createPolicyFolder,
  type PolicyChange,
  type PolicyFolder,
  policyRevision,
  readPolicySources,
} from './policy-folder.ts';

const GOOD = policyOf([ALLOW_ALL]);
const STRICT = policyOf(['{ name: no, effect: deny }']);
const BAD = policyOf(['{ name: no, effect: denny }']);
const REQUEST = requestOf('{ access: [{ action: read, object: public.orders }] }');

let folder: string;
let opened: PolicyFolder | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-policies-'));
});
afterEach(() => {
  opened?.close();
  opened = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
const open = () => {
  opened = createPolicyFolder(folder, { debounceMs: 10, pollMs: 50 });
  return opened;
};
const nextChange = (policies: PolicyFolder) =>
  new Promise<PolicyChange>((resolve) => {
    const end = policies.onChange((change) => {
      end();
      resolve(change);
    });
  });

describe('createPolicyFolder', () => {
  it('loads every document below the folder, but cases and hidden files', () => {
    mkdirSync(join(folder, 'a', '.git'), { recursive: true });
    write('a/policy.yaml', GOOD);
    write('a/cases.yaml', 'not a policy');
    write('a/README.md', 'not a policy');
    write('a/.git/x.yaml', 'not a policy');
    expect(readPolicySources(folder).map(({ file }) => file)).toEqual(['a/policy.yaml']);
    expect(open().current().decide(REQUEST).effect).toBe('permit');
  });
  it('refuses to open a folder with a problem, and says where it is', () => {
    write('p.yaml', BAD);
    expect(open).toThrow(GatewayError);
    expect(open).toThrow(/p\.yaml:4:\d+: .*`denny`/);
  });
  it('refuses an empty folder and one that is not there', () => {
    expect(open).toThrow(expect.objectContaining({ code: 'policy-refused' }));
    rmSync(folder, { recursive: true });
    expect(open).toThrow(expect.objectContaining({ code: 'policy-folder-unreadable', kind: 'config' }));
  });
  it('takes up a change while it runs', async () => {
    write('p.yaml', GOOD);
    const policies = open();
    const before = policies.current().revision;
    const change = nextChange(policies);
    write('p.yaml', STRICT);
    expect((await change).kind).toBe('loaded');
    expect(policies.current().decide(REQUEST)).toMatchObject({
      effect: 'deny',
      policyRevision: policies.current().revision,
    });
    expect(policies.current().revision).not.toBe(before);
  });
  it('keeps the last good set when a change has a problem, and reports it once', async () => {
    write('p.yaml', GOOD);
    const policies = open();
    const changes: PolicyChange[] = [];
    policies.onChange((change) => changes.push(change));
    const change = nextChange(policies);
    write('p.yaml', BAD);
    expect(await change).toMatchObject({ kind: 'refused', problems: [{ file: 'p.yaml', line: 4 }] });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(changes).toHaveLength(1);
    expect(policies.current().decide(REQUEST).effect).toBe('permit');
    const repaired = nextChange(policies);
    write('p.yaml', STRICT);
    expect((await repaired).kind).toBe('loaded');
    expect(policies.current().decide(REQUEST).effect).toBe('deny');
  });
  it('does not take up a document while it is being written', async () => {
    const whole = policyOf([
      ALLOW_ALL,
      '{ name: no, effect: deny, match: { tls: true } }',
      '{ name: idle, effect: alert }',
    ]);
    write('p.yaml', policyOf([ALLOW_ALL, '{ name: no, effect: deny, match: { tls: true } }']));
    opened = createPolicyFolder(folder, { debounceMs: 120, pollMs: 10 });
    const change = nextChange(opened);
    const firstRule = whole.slice(0, whole.indexOf('  - { name: no'));
    for (const end of [firstRule.length, whole.length]) {
      write('p.yaml', whole.slice(0, end));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect((await change).kind).toBe('loaded');
    expect(opened.current().decide(REQUEST).effect).toBe('deny');
  });
  it('keeps the last good set when the documents vanish', async () => {
    write('p.yaml', GOOD);
    const policies = open();
    const change = nextChange(policies);
    rmSync(folder, { recursive: true });
    expect((await change).kind).toBe('refused');
    expect(policies.current().decide(REQUEST).effect).toBe('permit');
  });
  it('takes up a document that was added in a new folder', async () => {
    write('p.yaml', GOOD);
    const policies = open();
    const change = nextChange(policies);
    mkdirSync(join(folder, 'more'));
    write(
      'more/q.yaml',
      STRICT.replace('name: p', 'name: q').replace(
        '{ name: no, effect: deny }',
        '{ name: no, effect: deny, match: { tls: true } }',
      ),
    );
    expect((await change).kind).toBe('loaded');
    expect(policies.current().decide(REQUEST).effect).toBe('deny');
  });
});

it('gives equal folders equal revisions and others another one', () => {
  const revision = (...files: readonly (readonly [string, string])[]) =>
    policyRevision(files.map(([file, text]) => ({ file, text })));
  expect(revision(['a', 'x'])).toBe(revision(['a', 'x']));
  expect(revision(['a', 'x'])).toMatch(/^[0-9a-f]{16}$/);
  expect(revision(['a', 'x'])).not.toBe(revision(['a', 'y']));
  expect(revision(['a', 'x'])).not.toBe(revision(['b', 'x']));
  expect(revision(['a', 'bc'])).not.toBe(revision(['ab', 'c']));
});
