import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, decide, engineOf, LABELS, policyOf, requestOf } from '../testkit/policy-fixture.ts';

const READ = '{ access: [{ action: read, object: public.orders, fields: [id] }] }';

const codeOf = (...args: Parameters<typeof decide>) => decide(...args).reason.code;

describe('matching', () => {
  const permits = (match: string, statement = READ, options = {}) =>
    decide(policyOf([`{ name: r, effect: permit, match: { ${match} } }`]), statement, options).effect ===
    'permit';
  const denies = (match: string, statement = READ, options = {}) =>
    decide(policyOf([ALLOW_ALL, `{ name: r, effect: deny, match: { ${match} } }`]), statement, options)
      .effect === 'deny';

  it.each([
    ['databases: { names: ["sh*"] }', true],
    ['databases: { names: [billing] }', false],
    ['databases: { labels: { env: production } }', true],
    ['databases: { labels: { env: [staging, production], team: data } }', true],
    ['databases: { labels: { missing: "*" } }', false],
    ['databases: { labels: { toString: "*" } }', false],
    ['databases: { dialects: [postgres] }', true],
    ['databases: [{ names: [billing] }, { names: [shop] }]', true],
    ['principals: { kinds: [human], groups: [analysts] }', true],
    ['principals: { kinds: [service] }', false],
    ['principals: { names: ["a*"] }', true],
    ['principals: [{ kinds: [service] }, { groups: ["ana*"] }]', true],
    ['objects: ["*.orders"]', true],
    ['objects: [public.o]', false],
    ['objects: { kinds: [relation] }', true],
    ['objects: { kinds: [routine] }', false],
    ['columns: [id]', true],
    ['columns: [status]', false],
    ['columns: [id], uses: [output]', true],
    ['columns: [id], uses: [filter]', false],
    ['uses: [output]', true],
    ['verbs: ["sel*"]', true],
    ['verbs: [SELECT]', true],
    ['statement: { bounded: true, irreversible: false, limited: false }', true],
    ['statement: { irreversible: true }', false],
    ['tls: true', true],
    ['purpose: true', false],
    ['purpose: false', true],
  ])('on `%s`: %s, for a permit and for a denial', (match, expected) => {
    expect(permits(match)).toBe(expected);
    expect(denies(match)).toBe(expected);
  });

  it('takes a purpose of white space for none', () => {
    const request = requestOf(READ);
    const principal = { ...request.principal, purpose: ' \t' };
    const engine = engineOf(policyOf(['{ name: r, effect: permit, match: { purpose: true } }']));
    expect(engine.decide({ ...request, principal }).effect).toBe('deny');
  });
  it('needs every column for a permit and one for a denial', () => {
    const two = '{ access: [{ action: read, object: public.orders, fields: [id, total] }] }';
    expect(permits('columns: [id]', two)).toBe(false);
    expect(permits('columns: [id, total]', two)).toBe(true);
    expect(denies('columns: [id]', two)).toBe(true);
  });
  it('takes `*` for every column', () => {
    const all = '{ access: [{ action: read, object: public.orders, fields: ["*"] }] }';
    expect(permits('columns: [id]', all)).toBe(false);
    expect(denies('columns: [id]', all)).toBe(true);
  });
  it('needs every function for a permit and one for a denial', () => {
    const two =
      '{ access: [{ action: read, object: public.a }], functions: [pg_catalog.lower, pg_catalog.pg_sleep] }';
    expect(permits('statement: { functions: [lower] }', two)).toBe(false);
    expect(denies('statement: { functions: [pg_sleep] }', two)).toBe(true);
    expect(denies('statement: { functions: ["pg_catalog.pg_*"] }', two)).toBe(true);
    expect(denies('statement: { functions: [sleep] }', two)).toBe(false);
  });
  it('ignores case in object names for a denial and keeps it for a permit', () => {
    const upper = '{ access: [{ action: read, object: public.ORDERS, fields: [id] }] }';
    expect(denies('objects: [public.orders]', upper)).toBe(true);
    expect(permits('objects: [public.orders]', upper)).toBe(false);
  });
  it('takes a change of a container for a change of what it holds', () => {
    const drop = '{ verb: drop schema, access: [{ action: define, object: public, kind: namespace }] }';
    expect(denies('objects: [public.orders]', drop)).toBe(true);
    expect(denies('objects: [other.orders]', drop)).toBe(false);
    const connect = '{ verb: connect, access: [{ action: connect, object: shop, kind: database }] }';
    expect(denies('objects: [public.orders]', connect)).toBe(false);
  });
  it('matches columns by label', () => {
    const policy = policyOf(
      [ALLOW_ALL, '{ name: r, effect: deny, match: { columns: { labels: [pii.*] }, uses: [output] } }'],
      LABELS,
    );
    const read = (fields: string) =>
      decide(policy, `{ access: [{ action: read, object: public.customers, fields: [${fields}] }] }`).effect;
    expect(read('id')).toBe('permit');
    expect(read('Email')).toBe('deny');
    expect(read('"email:filter"')).toBe('permit');
    expect(read('"*"')).toBe('deny');
    expect(codeOf(policy, '{ access: [{ action: read, object: public.customers, fields: unknown }] }')).toBe(
      'not-understood',
    );
    expect(codeOf(policy, '{ access: [{ action: read, object: public.orders, fields: unknown }] }')).toBe(
      'permitted',
    );
  });
  it('holds the match of the policy and of the rule together', () => {
    const text =
      'kind: policy\nname: p\nmatch: { principals: { kinds: [human] } }\nrules:\n  - { name: r, effect: permit, match: { principals: { groups: [deployers] } } }\n';
    expect(decide(text, READ, { principal: 'job' }).effect).toBe('deny');
    expect(decide(text, READ, { principal: 'ana' }).effect).toBe('deny');
  });
  it('exempts with `unless`', () => {
    const policy = policyOf([
      ALLOW_ALL,
      '{ name: r, effect: deny, unless: { principals: { groups: [officers] } } }',
    ]);
    expect(decide(policy, READ).effect).toBe('deny');
    expect(decide(policy, READ, { principal: 'boss' }).effect).toBe('permit');
  });
  it('asks a condition', () => {
    const policy = policyOf([
      `{ name: r, effect: permit, when: 'access.object == "public.orders" && principal.claims.level >= 3 && "id" in access.fields' }`,
    ]);
    expect(decide(policy, READ).effect).toBe('permit');
    expect(decide(policy, '{ access: [{ action: read, object: public.other, fields: [id] }] }').effect).toBe(
      'deny',
    );
  });
  it('takes a list that is too long for an expression for unknown', () => {
    const request = requestOf(READ);
    const groups = Array.from({ length: 300 }, (_, index) => `g${index}`);
    const codeFor = (when: string) =>
      engineOf(policyOf([`{ name: r, effect: permit, when: '${when}' }`])).decide({
        ...request,
        principal: { ...request.principal, groups },
      }).reason.code;
    expect(codeFor('principal.groups.exists(g, g == "analysts")')).toBe('rule-failed');
    expect(codeFor('!has(principal.groups)')).toBe('permitted');
    expect(codeFor('principal.name == "ana"')).toBe('permitted');
  });
});
