import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, engineOf, LABELS, policyOf, requestOf } from '../testkit/policy-fixture.ts';
import { explain } from './explain.ts';
import { formatExplanation } from './format-explanation.ts';

const WRITE = '{ access: [{ action: update, object: public.orders, fields: [status] }] }';

function explained(rules: readonly string[], statement = WRITE, principal = 'ana') {
  return explain(engineOf(policyOf(rules, LABELS)), requestOf(statement, { principal }));
}

describe('explain', () => {
  it('gives the decision of the engine', () => {
    const engine = engineOf(policyOf([ALLOW_ALL]));
    const request = requestOf(WRITE);
    expect(explain(engine, request).decision).toBe(engine.decide(request));
  });
  it('says of every rule whether it applies, and which condition decided', () => {
    const { statements } = explained([
      ALLOW_ALL,
      '{ name: no, effect: deny, match: { actions: [delete], objects: [public.orders] } }',
    ]);
    const [all, no] = statements[0]!.traces;
    expect(all).toMatchObject({ outcome: 'yes', principal: 'ana', access: 'update public.orders' });
    expect(no).toMatchObject({ outcome: 'no' });
    expect(no!.conditions).toContainEqual({ key: 'match.actions', expects: '["delete"]', result: 'no' });
    expect(no!.conditions).toContainEqual({
      key: 'match.objects',
      expects: '{"names":["public.orders"]}',
      result: 'yes',
    });
  });
  it('names the permits that come nearest, and what they miss', () => {
    const { changes, decision } = explained([
      '{ name: near, effect: permit, match: { principals: { groups: [deployers] }, actions: [update] } }',
      '{ name: far, effect: permit, match: { principals: { groups: [deployers] }, actions: [read], tls: false } }',
    ]);
    expect(decision.reason.code).toBe('no-permit');
    expect(changes[0]).toContain('`p/near`');
    expect(changes[0]).toContain('match.principals [{"groups":["deployers"]}]');
    expect(changes[0]).not.toContain('match.actions');
  });
  it('names who is exempt from a denial', () => {
    const { changes } = explained([
      ALLOW_ALL,
      '{ name: no, effect: deny, unless: { principals: { groups: [officers] } }, hint: ask an officer }',
    ]);
    expect(changes[0]).toBe('ask an officer');
    expect(changes[1]).toContain('officers');
  });
  it('names the person whom an agent exceeds', () => {
    const { changes } = explained(
      [
        '{ name: agents, effect: permit, match: { principals: { kinds: [agent] } } }',
        '{ name: people, effect: permit, match: { principals: { kinds: [human] }, actions: [read] } }',
      ],
      WRITE,
      'bot',
    );
    expect(changes[0]).toContain('`p/people` would permit `update public.orders` to `ana`');
  });
  it('keeps every finding, not only the one that is told', () => {
    const statement =
      '{ access: [{ action: read, object: public.customers, fields: ["email:filter"] }], output: unknown }';
    const { statements } = explained(
      [ALLOW_ALL, '{ name: m, effect: mask, mask: { labels: { pii.*: hash } } }'],
      statement,
    );
    expect(statements[0]!.findings.map(({ code }) => code)).toEqual(['masked-use', 'masked-origin-unknown']);
  });
  it('tells a condition that failed from one that is false', () => {
    const { statements } = explained([
      ALLOW_ALL,
      `{ name: f, effect: deny, when: 'principal.claims.missing == "x"' }`,
      `{ name: g, effect: deny, when: 'principal.name == "x"' }`,
    ]);
    expect(statements[0]!.traces.map(({ outcome }) => outcome)).toEqual(['yes', 'failed', 'no']);
  });
});

it('formats an explanation as lines', () => {
  const explanation = explained([
    ALLOW_ALL,
    '{ name: no, effect: deny, match: { actions: [update] }, message: no writes }',
    '{ name: idle, effect: alert, match: { tls: false } }',
  ]);
  expect(formatExplanation(explanation).split('\n')).toEqual([
    'deny: no writes (denied-by-rule)',
    '  rule p/no at policy.yaml:5',
    'statement update',
    '  against: no writes (denied-by-rule)',
    '  permit p/all applies to update public.orders by ana',
    '  deny p/no applies to update public.orders by ana',
    'what would change the answer',
    '  rule `p/no` applies to: match.actions ["update"]',
  ]);
  expect(formatExplanation(explanation, { all: true })).toContain(
    'alert p/idle does not apply to update public.orders by ana: match.tls wants false',
  );
});
