/**
 * What a decision costs, warm and cold: `npx tsx --conditions gatehouse-source packages/core/bench/decide.bench.ts`.
 *
 * Warm: facts, principal and session are known, as for every statement that a classifier's cache gives again. New session:
 * alike to one that is known. Cold: facts that were never seen. New profile: a principal that was never seen.
 */
import { join } from 'node:path';
import type { AccessRequest, Statement } from '@gatehouse/model';
import { createEngine, loadPolicies, readPolicySources } from '../src/index.ts';
import { requestOf } from '../testkit/policy-fixture.ts';

const folder = join(import.meta.dirname, '../../../policies');
const loadedAt = performance.now();
const loaded = loadPolicies(readPolicySources(folder));
if (!loaded.ok) throw new Error('the policies beside this bench do not load');
const engine = createEngine(loaded.set, { revision: 'bench' });
const loadMs = performance.now() - loadedAt;

const STATEMENTS: Readonly<Record<string, string>> = {
  'point select': '{ access: [{ action: read, object: public.orders, fields: [id, status, "id:filter"] }] }',
  'masked select':
    '{ access: [{ action: read, object: public.customers, fields: [id, full_name, email, phone] }] }',
  'four-table join': `{ access: [${['orders', 'order_items', 'products', 'payments']
    .map((table) => `{ action: read, object: public.${table}, fields: [id, "id:join", "status:filter"] }`)
    .join(', ')}] }`,
  'denied drop': '{ verb: drop table, access: [{ action: define, object: public.orders }] }',
};

function measure(times: number, run: (index: number) => void): number {
  const warmup = times / 10;
  for (let index = 0; index < warmup; index++) run(index);
  const start = performance.now();
  for (let index = 0; index < times; index++) run(warmup + index);
  return ((performance.now() - start) / times) * 1e6;
}

function freshFacts(request: AccessRequest): AccessRequest {
  return { ...request, statements: request.statements.map((statement): Statement => ({ ...statement })) };
}

console.log(`load and compile ${loaded.set.policies.length} policies: ${loadMs.toFixed(1)} ms`);
console.log(
  'ns/decision'.padEnd(18),
  ['warm', 'new session', 'cold', 'new profile'].map((name) => name.padStart(12)).join(''),
);
for (const [name, statement] of Object.entries(STATEMENTS)) {
  const request = requestOf(statement);
  const cold = Array.from({ length: 22_000 }, () => freshFacts(request));
  const figures = [
    measure(2_000_000, () => engine.decide(request)),
    measure(100_000, () => engine.decide({ ...request, session: { ...request.session } })),
    measure(20_000, (index) => engine.decide(cold[index]!)),
    measure(5_000, (index) =>
      engine.decide({ ...freshFacts(request), principal: { ...request.principal, task: `${index}` } }),
    ),
  ];
  console.log(name.padEnd(18), figures.map((figure) => figure.toFixed(0).padStart(12)).join(''));
}
