import type { AccessRequest } from '@gatehouse/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, decide, engineOf, LABELS, policyOf, requestOf } from '../testkit/policy-fixture.ts';

const READ = '{ access: [{ action: read, object: public.orders, fields: [id] }] }';

const WRITE = '{ access: [{ action: update, object: public.orders, fields: [status] }] }';

const READ_ONLY = '{ name: read, effect: permit, match: { actions: [read] } }';

const codeOf = (...args: Parameters<typeof decide>) => decide(...args).reason.code;

describe('combining', () => {
  it('denies what no rule permits', () => {
    expect(decide(policyOf([READ_ONLY]), WRITE)).toMatchObject({
      effect: 'deny',
      reason: { code: 'no-permit' },
    });
  });
  it('permits what a rule permits, and names the rule and its place', () => {
    const { effect, reason, policyRevision } = decide(policyOf([READ_ONLY]), READ);
    expect(effect).toBe('permit');
    expect(reason).toMatchObject({
      code: 'permitted',
      rule: { policy: 'p', rule: 'read', at: 'policy.yaml:4' },
    });
    expect(policyRevision).toBe('r1');
  });
  it('needs a permit for every access of a statement', () => {
    const both = '{ access: [{ action: read, object: public.a }, { action: insert, object: public.b }] }';
    expect(codeOf(policyOf([READ_ONLY]), both)).toBe('no-permit');
  });
  it('lets a denial beat every permit', () => {
    const deny =
      '{ name: no, effect: deny, match: { objects: [public.orders] }, message: not this one, hint: ask ana }';
    expect(decide(policyOf([ALLOW_ALL, deny]), READ).reason).toMatchObject({
      code: 'denied-by-rule',
      text: 'not this one',
      hint: 'ask ana',
    });
  });
  it('denies the whole batch when one statement is forbidden', () => {
    const decision = decide(policyOf([READ_ONLY]), [READ, WRITE, READ]);
    expect(decision).toMatchObject({
      effect: 'deny',
      reason: { code: 'no-permit' },
      obligations: { masks: [], limits: {} },
    });
  });
  it('denies when a rule throws, whatever the rule would have done', () => {
    for (const effect of ['permit', 'deny', 'alert']) {
      const failing = `{ name: f, effect: ${effect}, when: 'principal.claims.missing == "x"' }`;
      expect(decide(policyOf([ALLOW_ALL, failing]), READ)).toMatchObject({
        effect: 'deny',
        reason: { code: 'rule-failed' },
      });
    }
  });
  it('does not ask an expression when the structure has already answered', () => {
    const failing = `{ name: f, effect: deny, match: { actions: [grant] }, when: 'principal.claims.missing == "x"' }`;
    expect(codeOf(policyOf([ALLOW_ALL, failing]), READ)).toBe('permitted');
  });
  it('keeps claims and texts out of the words of a failed rule', () => {
    const failing = `{ name: f, effect: deny, when: 'int(principal.claims.team) > 3' }`;
    expect(decide(policyOf([ALLOW_ALL, failing]), READ).reason.text).not.toContain('data');
  });
  it('holds what needs an approval, with its obligations', () => {
    const approve = '{ name: ask, effect: approve, match: { actions: [update] } }';
    const limit = '{ name: few, effect: limit, match: { actions: [update] }, limit: { affectedRows: 5 } }';
    const decision = decide(policyOf([ALLOW_ALL, approve, limit]), WRITE);
    expect(decision).toMatchObject({
      effect: 'approve',
      reason: { code: 'needs-approval', rule: { rule: 'ask' } },
      obligations: { limits: { affectedRows: 5 } },
    });
  });
  it('takes an approval rule for no permit', () => {
    expect(
      codeOf(policyOf([READ_ONLY, '{ name: ask, effect: approve, match: { actions: [update] } }']), WRITE),
    ).toBe('no-permit');
  });
  it('lets a denial beat an approval', () => {
    const rules = [
      ALLOW_ALL,
      '{ name: ask, effect: approve, match: { tls: true } }',
      '{ name: no, effect: deny, match: { actions: [update] } }',
    ];
    expect(codeOf(policyOf(rules), WRITE)).toBe('denied-by-rule');
  });
  it('adds up limits, the smaller bound of each', () => {
    const rules = [
      ALLOW_ALL,
      '{ name: a, effect: limit, limit: { rows: 10, seconds: 60 } }',
      '{ name: b, effect: limit, match: { actions: [read] }, limit: { rows: 100, seconds: 5, bytes: 7 }, durability: synced }',
    ];
    expect(decide(policyOf(rules), READ).obligations).toMatchObject({
      limits: { rows: 10, seconds: 5, bytes: 7 },
      durability: 'synced',
    });
  });
  it('adds up limits over the statements of a batch', () => {
    const rules = [
      ALLOW_ALL,
      '{ name: a, effect: limit, match: { actions: [update] }, limit: { affectedRows: 3 } }',
    ];
    expect(decide(policyOf(rules), [READ, WRITE]).obligations.limits).toEqual({ affectedRows: 3 });
  });
  it('raises each alert once', () => {
    const decision = decide(policyOf([ALLOW_ALL, '{ name: a, effect: alert }']), [READ, WRITE]);
    expect(decision.alerts.map(({ rule }) => rule)).toEqual(['a']);
  });
  it('records what an observed rule would have done, and does not do it', () => {
    const rules = [
      ALLOW_ALL,
      '{ name: d, effect: deny, mode: observe }',
      '{ name: l, effect: limit, mode: observe, limit: { rows: 1 } }',
      `{ name: f, effect: deny, mode: observe, when: 'principal.claims.missing == "x"' }`,
      '{ name: m, effect: mask, mode: observe, mask: { labels: { pii.*: hash } } }',
    ];
    const decision = decide(
      policyOf(rules, LABELS),
      '{ access: [{ action: read, object: public.customers, fields: [email] }] }',
    );
    expect(decision.effect).toBe('permit');
    expect(decision.obligations).toMatchObject({ masks: [], limits: {} });
    expect(decision.observed.map(({ rule, effect }) => [rule.rule, effect])).toEqual([
      ['d', 'deny'],
      ['l', 'limit'],
      ['f', 'failed'],
      ['m', 'mask'],
    ]);
  });
  it('counts an observed permit for nothing', () => {
    expect(codeOf(policyOf(['{ name: a, effect: permit, mode: observe }']), READ)).toBe('no-permit');
  });
});

describe('decide', () => {
  it('never throws, whatever it is given', () => {
    const engine = engineOf(
      policyOf([ALLOW_ALL, '{ name: m, effect: mask, mask: { labels: { pii.*: hash } } }'], LABELS),
    );
    const base = requestOf('{ access: [{ action: read, object: public.customers, fields: [email] }] }');
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom('principal', 'session', 'statements', 'accesses', 'output'),
        (value, key) => {
          const statement = { ...base.statements[0], [key]: value };
          const request = key in base ? { ...base, [key]: value } : { ...base, statements: [statement] };
          const decision = engine.decide(request as AccessRequest);
          expect(['permit', 'deny', 'approve']).toContain(decision.effect);
        },
      ),
      { numRuns: 500 },
    );
    expect(engine.decide(undefined as unknown as AccessRequest).effect).toBe('deny');
  });
  it('denies facts that are broken in the middle', () => {
    const engine = engineOf(policyOf([ALLOW_ALL]));
    const base = requestOf(READ);
    for (const accesses of [
      { known: true, value: [null] },
      { known: true, value: 'all' },
      { known: true },
      null,
    ]) {
      const broken = {
        ...base,
        statements: [{ ...base.statements[0], accesses }],
      } as unknown as AccessRequest;
      expect(engine.decide(broken).effect).toBe('deny');
    }
  });
});
