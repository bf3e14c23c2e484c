import { known } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, decide, engineOf, policyOf, requestOf } from '../testkit/policy-fixture.ts';

const READ = '{ access: [{ action: read, object: public.orders, fields: [id] }] }';

const CALL = '{ access: [{ action: call, object: public.f, kind: routine }], output: [none] }';

const UNKNOWN = '{ verb: do, access: unknown, output: unknown }';

const READ_ONLY = '{ name: read, effect: permit, match: { actions: [read] } }';

const codeOf = (...args: Parameters<typeof decide>) => decide(...args).reason.code;

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
