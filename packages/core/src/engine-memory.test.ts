import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, engineOf, policyOf, requestOf } from '../testkit/policy-fixture.ts';
import type { Grants } from './engine.ts';

const READ = '{ access: [{ action: read, object: public.orders, fields: [id] }] }';

describe('memory', () => {
  it('gives the same decision again without asking again', () => {
    const engine = engineOf(policyOf([ALLOW_ALL]));
    const request = requestOf(READ);
    expect(engine.decide(request)).toBe(engine.decide(request));
    expect(engine.decide({ ...request, session: { ...request.session, id: 'other' } })).toBe(
      engine.decide(request),
    );
  });
  it('tells principals, databases, purposes and TLS apart over the same facts', () => {
    const engine = engineOf(
      policyOf([
        '{ name: r, effect: permit, match: { principals: { groups: [analysts] }, databases: { names: [shop] }, tls: true, purpose: false } }',
      ]),
    );
    const request = requestOf(READ);
    const { principal, session, statements } = request;
    expect(engine.decide(request).effect).toBe('permit');
    expect(engine.decide({ principal: { ...principal, groups: [] }, session, statements }).effect).toBe(
      'deny',
    );
    expect(engine.decide({ principal: { ...principal, purpose: 'x' }, session, statements }).effect).toBe(
      'deny',
    );
    expect(engine.decide({ principal, session: { ...session, tls: false }, statements }).effect).toBe('deny');
    expect(
      engine.decide({
        principal,
        session: { ...session, database: { name: 'billing', labels: {} } },
        statements,
      }).effect,
    ).toBe('deny');
    expect(engine.decide(request).effect).toBe('permit');
  });
  it('tells clients apart only when a condition reads them', () => {
    const engine = engineOf(
      policyOf([`{ name: r, effect: permit, when: 'session.clientAddress == "127.0.0.1"' }`]),
    );
    const request = requestOf(READ);
    expect(engine.decide(request).effect).toBe('permit');
    expect(
      engine.decide({ ...request, session: { ...request.session, clientAddress: '10.0.0.1' } }).effect,
    ).toBe('deny');
  });
  it('asks for grants every time, so that one counts for its session and only while it lasts', () => {
    let granted = '';
    const grants: Grants = { covers: (_, { session }) => session.id === granted };
    const engine = engineOf(policyOf([ALLOW_ALL, '{ name: ask, effect: approve }']), grants);
    const request = requestOf(READ);
    const other = { ...request, session: { ...request.session, id: 'other' } };
    expect(engine.decide(request).effect).toBe('approve');
    granted = 'other';
    expect(engine.decide(other).effect).toBe('permit');
    expect(engine.decide(request).effect).toBe('approve');
    granted = '';
    expect(engine.decide(other).effect).toBe('approve');
  });
  it('denies when the grants cannot be asked', () => {
    const grants: Grants = {
      covers: () => {
        throw new Error('store is down');
      },
    };
    const engine = engineOf(policyOf([ALLOW_ALL, '{ name: ask, effect: approve }']), grants);
    expect(engine.decide(requestOf(READ)).effect).toBe('deny');
  });
  it('stays correct over more principals than it keeps', () => {
    const engine = engineOf(
      policyOf(['{ name: r, effect: permit, match: { principals: { names: [p1] } } }']),
    );
    const request = requestOf(READ);
    const asked = Array.from({ length: 2_500 }, (_, index) => ({ ...request.principal, name: `p${index}` }));
    const permitted = [...asked, ...asked].filter(
      (principal) => engine.decide({ ...request, principal }).effect === 'permit',
    );
    expect(permitted.map(({ name }) => name)).toEqual(['p1', 'p1']);
  });
});
