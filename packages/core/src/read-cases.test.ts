import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, loadSet, policyOf, requestOf } from '../testkit/policy-fixture.ts';
import { readCases } from './read-cases.ts';
import { isAccessRequest, isStatement } from './request-facts.ts';
import { formatCaseResult, testPolicies } from './test-policies.ts';

const HEAD = 'principals: { ana: { kind: human } }\ndatabases: { shop: { dialect: postgres } }\ncases:\n';
const READ = 'statement: { access: [{ action: read, object: public.orders, fields: [id] }] }';

const problemsOf = (text: string) => {
  const result = readCases({ file: 'cases.yaml', text });
  return result.ok ? [] : result.problems;
};

describe('readCases', () => {
  it('reads the short form of a statement', () => {
    const [statement] = requestOf(
      '{ verb: update, access: [{ action: update, object: public.orders, fields: [status, "id:filter"] }], bounded: false, limit: 5, functions: [now], irreversible: true }',
    ).statements;
    const object = { kind: 'relation', path: ['public', 'orders'] };
    expect(statement).toEqual({
      verb: 'update',
      accesses: {
        known: true,
        value: [
          {
            action: 'update',
            object: { known: true, value: object },
            fields: {
              known: true,
              value: [
                { field: 'status', use: 'write' },
                { field: 'id', use: 'filter' },
              ],
            },
          },
        ],
      },
      bounded: { known: true, value: false },
      limit: { known: true, value: 5 },
      functions: { known: true, value: ['now'] },
      output: { known: true, value: [] },
      irreversible: true,
      fingerprint: '',
    });
  });
  it('lets output fields of a read come back unchanged', () => {
    const [statement] = requestOf(
      '{ access: [{ action: read, object: support.tickets, fields: [customer.email, "status:filter"] }] }',
    ).statements;
    expect(statement!.output).toEqual({
      known: true,
      value: [
        {
          name: 'customer.email',
          kind: 'value',
          sources: {
            known: true,
            value: [{ object: { kind: 'relation', path: ['support', 'tickets'] }, field: 'customer.email' }],
          },
        },
      ],
    });
  });
  it('reads facts as they are recorded', () => {
    const facts = JSON.stringify(
      requestOf('{ access: [{ action: read, object: public.orders }] }').statements[0],
    );
    expect(JSON.stringify(requestOf(`{ facts: ${facts} }`).statements[0])).toBe(facts);
  });
  it.each([
    [
      'facts of another shape',
      `${HEAD}  - { name: a, principal: ana, database: shop, statement: { facts: { verb: x } }, expect: { effect: deny } }\n`,
      4,
      'request model',
    ],
    [
      'an unknown principal',
      `${HEAD}  - { name: a, principal: anna, database: shop, ${READ}, expect: { effect: deny } }\n`,
      4,
      'unknown principal',
    ],
    [
      'an unknown key',
      `${HEAD}  - { name: a, principal: ana, database: shop, ${READ}, expct: { effect: deny } }\n`,
      4,
      '`expct`',
    ],
    [
      'an unknown use',
      `${HEAD}  - { name: a, principal: ana, database: shop, statement: { access: [{ action: read, object: a.b, fields: ["id:filtr"] }] }, expect: { effect: deny } }\n`,
      4,
      'names no use',
    ],
    [
      'a name that is there twice',
      `${HEAD}${`  - { name: a, principal: ana, database: shop, ${READ}, expect: { effect: deny } }\n`.repeat(2)}`,
      5,
      'twice',
    ],
    [
      'an effect that is none',
      `${HEAD}  - { name: a, principal: ana, database: shop, ${READ}, expect: { effect: allow } }\n`,
      4,
      '`allow`',
    ],
    ['a file without cases', '', 1, 'no cases'],
  ])('reports %s', (_, text, line, message) => {
    expect(problemsOf(text)).toContainEqual(
      expect.objectContaining({ line, message: expect.stringContaining(message) }),
    );
  });
});

describe('testPolicies', () => {
  const run = (expectation: string) => {
    const result = readCases({
      file: 'cases.yaml',
      text: `${HEAD}  - { name: a, principal: ana, database: shop, ${READ}, expect: ${expectation} }\n`,
    });
    if (!result.ok) throw new Error('case does not load');
    const rules = [
      ALLOW_ALL,
      '{ name: l, effect: limit, limit: { rows: 5, seconds: 2 } }',
      '{ name: x, effect: alert }',
    ];
    return testPolicies(loadSet(policyOf(rules)), result.cases)[0]!;
  };
  it('passes a case that holds, in any order of keys', () => {
    expect(
      run(
        '{ effect: permit, reason: permitted, rule: p/all, limits: { seconds: 2, rows: 5 }, alerts: [p/x], masks: {}, observed: [] }',
      ).passed,
    ).toBe(true);
  });
  it.each([
    ['{ effect: deny }', 'effect', 'deny', 'permit'],
    ['{ effect: permit, rule: p/other }', 'rule', 'p/other', 'p/all'],
    ['{ effect: permit, limits: { rows: 5 } }', 'limits', '{rows: 5}', '{rows: 5, seconds: 2}'],
    ['{ effect: permit, masks: { a.b.c: hash } }', 'masks', '{a.b.c: hash}', '{}'],
    ['{ effect: permit, alerts: [] }', 'alerts', '[]', '[p/x]'],
    ['{ effect: permit, durability: synced }', 'durability', 'synced', 'written'],
  ])('fails %s and says why', (expectation, key, expected, got) => {
    const result = run(expectation);
    expect(result).toMatchObject({ passed: false, mismatches: [{ key, expected, got }] });
    expect(formatCaseResult(result)).toContain(`${key}: expected ${expected}, got ${got}`);
  });
});

describe('isAccessRequest', () => {
  const request = requestOf(
    '{ access: [{ action: read, object: public.orders, fields: [id] }], output: unknown }',
    { principal: 'bot', purpose: 'x' },
  );
  it('takes a request that went through JSON', () => {
    expect(isAccessRequest(JSON.parse(JSON.stringify(request)))).toBe(true);
  });
  it.each(['principal', 'session', 'statements'])('refuses one without %s', (key) => {
    expect(isAccessRequest({ ...request, [key]: undefined })).toBe(false);
  });
  it('refuses facts that are not in the model', () => {
    const statement = request.statements[0]!;
    expect(isStatement({ ...statement, accesses: { known: true } })).toBe(false);
    expect(isStatement({ ...statement, accesses: { known: 'yes', value: [] } })).toBe(false);
    expect(isStatement({ ...statement, limit: { known: true, value: -1 } })).toBe(false);
    expect(isStatement(Object.create(statement))).toBe(false);
    expect(isStatement(statement)).toBe(true);
  });
  it('refuses a chain without an end', () => {
    const loop: Record<string, unknown> = { kind: 'agent', name: 'a', groups: [], claims: {} };
    loop['actingFor'] = loop;
    expect(isAccessRequest({ ...request, principal: loop })).toBe(false);
  });
});
