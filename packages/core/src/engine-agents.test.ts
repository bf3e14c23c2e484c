import type { AccessRequest } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, decide, engineOf, policyOf, requestOf } from '../testkit/policy-fixture.ts';

const READ = '{ access: [{ action: read, object: public.orders, fields: [id] }] }';

const WRITE = '{ access: [{ action: update, object: public.orders, fields: [status] }] }';

const codeOf = (...args: Parameters<typeof decide>) => decide(...args).reason.code;

describe('agents', () => {
  const policy = policyOf([
    '{ name: people, effect: permit, match: { principals: { kinds: [human] }, actions: [read] } }',
    '{ name: agents, effect: permit, match: { principals: { kinds: [agent] } } }',
  ]);
  it('do what both they and their person may do', () => {
    expect(decide(policy, READ, { principal: 'bot' }).effect).toBe('permit');
  });
  it('do not what only they may do', () => {
    expect(codeOf(policy, WRITE, { principal: 'bot' })).toBe('agent-exceeds-person');
  });
  it('do not what only their person may do', () => {
    const people = policyOf(['{ name: people, effect: permit, match: { principals: { kinds: [human] } } }']);
    expect(codeOf(people, READ, { principal: 'bot' })).toBe('no-permit');
  });
  it('are denied what is denied to their person', () => {
    const rules = [ALLOW_ALL, '{ name: no, effect: deny, match: { principals: { names: [ana] } } }'];
    expect(codeOf(policyOf(rules), READ, { principal: 'bot' })).toBe('denied-by-rule');
  });
  it('inherit no exemption from a denial', () => {
    const rules = [ALLOW_ALL, '{ name: no, effect: deny, unless: { principals: { groups: [officers] } } }'];
    expect(decide(policyOf(rules), READ, { principal: 'boss' }).effect).toBe('permit');
    expect(codeOf(policyOf(rules), READ, { principal: 'bossbot' })).toBe('denied-by-rule');
  });
  it('give their purpose for their person too', () => {
    const rules = [ALLOW_ALL, '{ name: no, effect: deny, match: { purpose: false } }'];
    expect(codeOf(policyOf(rules), READ, { principal: 'bot' })).toBe('denied-by-rule');
    expect(codeOf(policyOf(rules), READ, { principal: 'bot', purpose: 'ticket 1' })).toBe('permitted');
  });
  it('take limits of both', () => {
    const rules = [
      ALLOW_ALL,
      '{ name: a, effect: limit, match: { principals: { kinds: [agent] } }, limit: { rows: 50 } }',
      '{ name: b, effect: limit, match: { principals: { kinds: [human] } }, limit: { rows: 80, seconds: 3 } }',
    ];
    expect(decide(policyOf(rules), READ, { principal: 'bot' }).obligations.limits).toEqual({
      rows: 50,
      seconds: 3,
    });
  });
  it('are denied when too many act for each other, or for themselves', () => {
    const request = requestOf(READ, { principal: 'bot' });
    const loop: { kind: 'agent'; name: string; groups: []; claims: object; actingFor?: unknown } = {
      kind: 'agent',
      name: 'loop',
      groups: [],
      claims: {},
    };
    loop.actingFor = loop;
    const engine = engineOf(policyOf([ALLOW_ALL]));
    expect(engine.decide({ ...request, principal: loop as AccessRequest['principal'] }).effect).toBe('deny');
    let deep = request.principal;
    for (let index = 0; index < 20; index++) deep = { ...deep, actingFor: deep };
    expect(engine.decide({ ...request, principal: deep })).toMatchObject({
      effect: 'deny',
      reason: { code: 'not-understood' },
    });
  });
});
