import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPolicies, readPolicySources } from '@gatehouse/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { writeClassification } from './write-classification.ts';

const TARGET = { name: 'classify-shop', database: 'shop' };
const EMAIL = [{ namespace: 'public', table: 'customers', field: 'email', label: 'pii.email' }];

describe('writing a classification', () => {
  let policies: string;

  beforeEach(() => {
    policies = mkdtempSync(join(tmpdir(), 'gatehouse-classify-'));
    writeFileSync(join(policies, 'a.yaml'), 'kind: classification\nname: a\nobjects: {}\n');
  });

  it('puts it into force inside the policy folder, and says that outside it is not', () => {
    const inside = join(policies, 'found.yaml');
    expect(writeClassification(inside, policies, TARGET, EMAIL)).toEqual({ existed: false, inForce: true });
    expect(loadPolicies(readPolicySources(policies)).ok).toBe(true);
    const outside = join(mkdtempSync(join(tmpdir(), 'gatehouse-classify-')), 'found.yaml');
    const other = { name: 'classify-other', database: 'other' };
    expect(writeClassification(outside, policies, other, EMAIL)).toEqual({ existed: false, inForce: false });
    expect(writeClassification(join(policies, 'x.txt'), policies, other, EMAIL).inForce).toBe(false);
  });

  it('adds to a file that stands, through a link too, and leaves no draft', () => {
    const link = join(policies, 'link.yaml');
    const real = join(mkdtempSync(join(tmpdir(), 'gatehouse-classify-')), 'real.yaml');
    writeFileSync(real, '# mine\nkind: classification\nname: b\nobjects: {}\n');
    chmodSync(real, 0o640);
    symlinkSync(real, link);
    expect(writeClassification(link, policies, TARGET, EMAIL).existed).toBe(true);
    expect(readFileSync(real, 'utf8')).toMatch(/# mine[\s\S]*classify-shop/);
    expect(statSync(real).mode & 0o777).toBe(0o640);
    expect(readdirSync(policies).sort()).toEqual(['a.yaml', 'link.yaml']);
  });

  it('takes another name when a document elsewhere has it, and keeps to that', () => {
    const file = join(policies, 'found.yaml');
    for (const field of ['email', 'phone'])
      writeClassification(file, policies, { name: 'a', database: 'shop' }, [{ ...EMAIL[0]!, field }]);
    expect(readFileSync(file, 'utf8').match(/^name: .*$/gm)).toEqual(['name: a-2']);
    expect(readFileSync(file, 'utf8')).toMatch(/email: pii.email\n {4}phone: pii.email/);
  });

  it.each([
    ['a label that is none', TARGET, [{ ...EMAIL[0]!, label: 'PII Email' }]],
    ['a path with an empty part', TARGET, [{ ...EMAIL[0]!, field: 'a..b' }]],
  ])('refuses %s and writes nothing', (_, target, columns) => {
    const file = join(policies, 'found.yaml');
    expect(() => writeClassification(file, policies, target, columns)).toThrow(
      expect.objectContaining({ code: 'classification-refused' }),
    );
    expect(existsSync(file)).toBe(false);
  });

  it('refuses a place that cannot be written', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-classify-'));
    for (const file of [folder, join(folder, 'no', 'such.yaml')])
      expect(() => writeClassification(file, policies, TARGET, EMAIL)).toThrow(
        expect.objectContaining({ code: 'classification-refused' }),
      );
  });
});
