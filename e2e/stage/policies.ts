import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The policies that the repository ships. */
export const SHIPPED_POLICIES = fileURLToPath(new URL('../../policies', import.meta.url));

/** A folder with one document that permits everything, what is not understood included. */
export function allowAllPolicies(): string {
  return policyFolder(`kind: policy
name: allow-all
rules:
  - name: everything
    effect: permit
    match: { actions: ['*', call, unknown] }
`);
}

/** A folder with the shipped masks, under which everything else is permitted; with so many guesses at each column. */
export function masksOnlyPolicies(probesPerHour = 100): string {
  const masks = readFileSync(join(SHIPPED_POLICIES, 'pii', 'policy.yaml'), 'utf8').replaceAll(
    /^( +)effect: mask$/gm,
    `$&\n$1probesPerHour: ${probesPerHour}`,
  );
  return policyFolder(`kind: policy
name: allow-all
rules:
  - name: everything
    effect: permit
    match: { actions: ['*', call] }
---
${masks}`);
}

/** A folder with the shipped guardrails, under which everything else is permitted. */
export function guardrailsPolicies(): string {
  const guardrails = readFileSync(join(SHIPPED_POLICIES, 'guardrails', 'policy.yaml'), 'utf8');
  return policyFolder(`kind: policy
name: allow-all
rules:
  - name: everything
    effect: permit
    match: { actions: ['*', call] }
---
${guardrails}`);
}

/** A folder under which everything is permitted, and no statement writes more than so many rows. */
export function affectedRowsPolicies(limit: number): string {
  return policyFolder(`kind: policy
name: few-rows
rules:
  - name: everything
    effect: permit
    match: { actions: ['*', call] }
  - name: no-bulk
    effect: limit
    match: { actions: [insert, update, delete, define] }
    limit: { affectedRows: ${limit} }
`);
}

/** A folder with the given document in it. */
export function policyFolder(document: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-policies-'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'policy.yaml'), document);
  return folder;
}
