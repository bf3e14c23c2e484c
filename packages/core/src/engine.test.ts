import { type AccessRequest, known } from '@gatehouse/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, decide, engineOf, LABELS, policyOf, requestOf } from '../testkit/policy-fixture.ts';
import type { Grants } from './engine.ts';

const READ = '{ access: [{ action: read, object: public.orders, fields: [id] }] }';
const WRITE = '{ access: [{ action: update, object: public.orders, fields: [status] }] }';
const CALL = '{ access: [{ action: call, object: public.f, kind: routine }], output: [none] }';
const UNKNOWN = '{ verb: do, access: unknown, output: unknown }';
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

describe('what is not understood', () => {
  it('is denied although everything else is permitted', () => {
    expect(codeOf(policyOf(['{ name: all, effect: permit }']), UNKNOWN)).toBe('not-understood');
    expect(codeOf(policyOf(['{ name: all, effect: permit, match: { actions: ["*"] } }']), UNKNOWN)).toBe(
      'not-understood',
    );
  });
  it('is told as such and not as the first of many rules, unless somebody permits it', () => {
    const deny = '{ name: no, effect: deny, match: { actions: [define] } }';
    const told = decide(policyOf(['{ name: all, effect: permit }', deny]), UNKNOWN).reason;
    expect(told).toEqual({
      code: 'not-understood',
      text: 'the statement is not understood: the statement is unknown',
    });
    expect(decide(policyOf([ALLOW_ALL, deny]), UNKNOWN).reason).toMatchObject({
      text: told.text,
      rule: { rule: 'no' },
    });
  });
  it('is permitted only by a rule that names the action `unknown`', () => {
    expect(codeOf(policyOf([ALLOW_ALL]), UNKNOWN)).toBe('permitted');
    expect(codeOf(policyOf([ALLOW_ALL]), '{ access: [{ action: read, object: unknown }] }')).toBe(
      'permitted',
    );
  });
  it('is an object without its namespace', () => {
    const short = '{ access: [{ action: read, object: orders, fields: [id] }] }';
    expect(codeOf(policyOf(['{ name: all, effect: permit }']), short)).toBe('not-understood');
  });
  it('is denied by any rule that would have to read it', () => {
    for (const match of [
      'actions: [define]',
      'objects: [public.secrets]',
      'verbs: ["drop*"], actions: [define]',
      'columns: [card]',
    ]) {
      const deny = `{ name: no, effect: deny, match: { ${match} } }`;
      expect(decide(policyOf([ALLOW_ALL, deny]), UNKNOWN).reason).toMatchObject({
        code: 'not-understood',
        rule: { rule: 'no' },
      });
    }
    const unbounded = '{ name: no, effect: deny, match: { statement: { bounded: false } } }';
    expect(
      codeOf(
        policyOf([ALLOW_ALL, unbounded]),
        '{ access: [{ action: delete, object: public.a }], bounded: unknown }',
      ),
    ).toBe('not-understood');
    const functions = '{ name: no, effect: deny, match: { statement: { functions: [pg_sleep] } } }';
    expect(codeOf(policyOf([ALLOW_ALL, functions]), '{ access: [], functions: unknown }')).toBe(
      'not-understood',
    );
  });
  it('never exempts', () => {
    const deny =
      '{ name: no, effect: deny, match: { actions: [delete] }, unless: { statement: { bounded: true } } }';
    expect(
      codeOf(
        policyOf([ALLOW_ALL, deny]),
        '{ access: [{ action: delete, object: public.a }], bounded: unknown }',
      ),
    ).toBe('not-understood');
    expect(
      codeOf(
        policyOf([ALLOW_ALL, deny]),
        '{ access: [{ action: delete, object: public.a }], bounded: true }',
      ),
    ).toBe('permitted');
  });
  it('never permits', () => {
    const permit = '{ name: p, effect: permit, match: { statement: { bounded: true } } }';
    expect(
      codeOf(policyOf([permit]), '{ access: [{ action: read, object: public.a }], bounded: unknown }'),
    ).toBe('no-permit');
  });
  it('holds and limits as if it matched', () => {
    const rules = [
      ALLOW_ALL,
      '{ name: l, effect: limit, match: { statement: { limited: false } }, limit: { rows: 9 } }',
    ];
    expect(decide(policyOf(rules), '{ access: [], limit: unknown }').obligations.limits).toEqual({ rows: 9 });
  });
  it('must be asked for before an expression reads it', () => {
    const careless = '{ name: no, effect: deny, when: "!statement.bounded" }';
    const careful = '{ name: no, effect: deny, when: "has(statement.bounded) && !statement.bounded" }';
    const request = '{ access: [{ action: read, object: public.a }], bounded: unknown }';
    expect(codeOf(policyOf([ALLOW_ALL, careless]), request)).toBe('rule-failed');
    expect(codeOf(policyOf([ALLOW_ALL, careful]), request)).toBe('permitted');
  });
});

describe('routines that cannot be seen through', () => {
  it('are permitted only where `call` is named', () => {
    expect(codeOf(policyOf(['{ name: all, effect: permit, match: { actions: ["*"] } }']), CALL)).toBe(
      'no-permit',
    );
    expect(
      codeOf(
        policyOf([
          '{ name: c, effect: permit, match: { actions: [call], objects: { names: [public.f], kinds: [routine] } } }',
        ]),
        CALL,
      ),
    ).toBe('permitted');
  });
});

describe('statements that touch nothing', () => {
  it('need a permit of any kind', () => {
    expect(codeOf(policyOf([READ_ONLY]), '{ access: [] }')).toBe('permitted');
    expect(
      codeOf(
        policyOf(['{ name: r, effect: permit, match: { principals: { names: [boss] } } }']),
        '{ access: [] }',
      ),
    ).toBe('no-permit');
  });
  it('are decided for a request without statements', () => {
    const engine = engineOf(policyOf([READ_ONLY]));
    const request = requestOf(READ);
    expect(engine.decide({ ...request, statements: [] }).effect).toBe('permit');
    expect(
      engineOf(policyOf(['{ name: r, effect: permit, match: { tls: false } }'])).decide({
        ...request,
        statements: [],
      }).effect,
    ).toBe('deny');
  });
  it('are not caught by rules about objects or actions', () => {
    expect(
      codeOf(
        policyOf([ALLOW_ALL, '{ name: no, effect: deny, match: { actions: ["*"] } }']),
        '{ access: [] }',
      ),
    ).toBe('permitted');
  });
});

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

describe('hostile facts', () => {
  it('do not get line breaks or long names into the reason', () => {
    const object = {
      kind: 'relation' as const,
      path: ['public', `a\nFAKE LOG LINE\u2028${'x'.repeat(5_000)}`],
    };
    const request = requestOf(READ);
    const statement = {
      ...request.statements[0]!,
      accesses: known([{ action: 'read' as const, object: known(object), fields: known([]) }]),
    };
    const { text } = engineOf(policyOf(['{ name: r, effect: permit, match: { tls: false } }'])).decide({
      ...request,
      statements: [statement],
    }).reason;
    expect(text).not.toMatch(/[\n\r\u2028]/);
    expect(text.length).toBeLessThanOrEqual(500);
  });
  it('with more accesses than can be looked at are not understood', () => {
    const request = requestOf(READ);
    const [access] = request.statements[0]!.accesses.known ? request.statements[0]!.accesses.value : [];
    const statement = {
      ...request.statements[0]!,
      accesses: known(Array.from({ length: 100_000 }, () => access!)),
    };
    const start = performance.now();
    const decision = engineOf(policyOf(['{ name: all, effect: permit }'])).decide({
      ...request,
      statements: [statement],
    });
    expect(decision.reason.code).toBe('not-understood');
    expect(performance.now() - start).toBeLessThan(500);
  });
  it('with an empty or a third part in a path are not understood', () => {
    const request = requestOf(READ);
    for (const path of [
      ['', 'orders'],
      ['public', ''],
      ['public', 'customers', ''],
      ['a', 'b', 'c'],
    ]) {
      const accesses = known([
        { action: 'read' as const, object: known({ kind: 'relation' as const, path }), fields: known([]) },
      ]);
      const statement = { ...request.statements[0]!, accesses };
      const decision = engineOf(policyOf(['{ name: all, effect: permit }'])).decide({
        ...request,
        statements: [statement],
      });
      expect(decision.reason.code).toBe('not-understood');
    }
  });
});

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
