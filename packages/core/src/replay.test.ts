import { expect, it } from 'vitest';
import { ALLOW_ALL, engineOf, LABELS, policyOf, requestOf } from '../testkit/policy-fixture.ts';
import { replay } from './replay.ts';

const READ = '{ access: [{ action: read, object: public.customers, fields: [email] }] }';
const requests = [requestOf(READ), requestOf('{ access: [{ action: read, object: public.orders }] }')];
const current = engineOf(policyOf([ALLOW_ALL], LABELS));

it('finds nothing between equal policies', () => {
  expect([...replay(requests, current, engineOf(policyOf([ALLOW_ALL], LABELS)))]).toEqual([]);
});

it.each([
  ['{ name: no, effect: deny, match: { objects: [public.customers] } }', ['effect', 'reason']],
  ['{ name: m, effect: mask, mask: { labels: { pii.*: hash } } }', ['masks']],
  ['{ name: l, effect: limit, match: { objects: [public.customers] }, limit: { rows: 3 } }', ['limits']],
  ['{ name: l, effect: limit, match: { objects: [public.customers] }, durability: synced }', ['durability']],
  ['{ name: a, effect: alert, match: { objects: [public.customers] } }', ['alerts']],
  ['{ name: a, effect: approve, match: { objects: [public.customers] } }', ['effect', 'reason']],
])('finds what `%s` changes', (rule, changed) => {
  const differences = [...replay(requests, current, engineOf(policyOf([ALLOW_ALL, rule], LABELS)))];
  expect(differences).toHaveLength(1);
  expect(differences[0]).toMatchObject({ index: 0, changed, before: { effect: 'permit' } });
  expect(differences[0]!.request).toBe(requests[0]);
});

it('reads no further than it is asked to', () => {
  let taken = 0;
  function* endless() {
    for (;;) {
      taken++;
      yield requests[0]!;
    }
  }
  const differences = replay(endless(), current, engineOf(policyOf(['{ name: no, effect: deny }'])));
  differences.next();
  expect(taken).toBe(1);
});
