import { describe, expect, it } from 'vitest';
import { createCelCompiler } from './cel-expression.ts';
import {
  CEL_LIMITS,
  CelDatabase,
  CelPrincipal,
  CelSession,
  CelStatement,
  type CelVariables,
} from './cel-variables.ts';

const compile = createCelCompiler();

const variables: CelVariables = {
  principal: new CelPrincipal({
    kind: 'human',
    name: 'ana',
    groups: ['analysts'],
    claims: { team: 'data', level: 3 },
  }),
  database: new CelDatabase({ name: 'shop', dialect: 'postgres', labels: { env: 'production' } }),
  session: new CelSession({ clientAddress: '10.0.0.1', tls: true }),
  statement: new CelStatement({ verb: 'select', irreversible: false, limit: 10n }),
};

function evaluate(source: string): boolean {
  const result = compile(source, 'statement');
  if (!result.ok) throw new Error(result.fault.message);
  return result.expression.evaluate(variables);
}

function faultOf(source: string, scope: 'data' | 'statement' = 'statement') {
  const result = compile(source, scope);
  return result.ok ? undefined : result.fault;
}

describe('createCelCompiler', () => {
  it.each([
    ['principal.name == "ana" && "analysts" in principal.groups', true],
    ['principal.claims.level > 2', true],
    ['database.labels.env == "production"', true],
    ['statement.limit < 100', true],
    ['has(statement.bounded)', false],
    ['has(principal.claims.__proto__)', false],
    ['rematch(principal.name, "^a[a-z]+$")', true],
    ['rematch(principal.name, "^b")', false],
    ['principal.groups.exists(g, g.startsWith("ana"))', true],
  ])('evaluates `%s` to %s', (source, expected) => {
    expect(evaluate(source)).toBe(expected);
  });

  it.each([
    'statement.bounded',
    'principal.claims.missing == 1',
    'session.application == "psql"',
    'dyn(principal).constructor == 1',
  ])('throws for `%s`, whose fact is unknown', (source) => {
    expect(() => evaluate(source)).toThrow();
  });

  it.each([
    ['1 +', 3],
    ['principal.nam == "x"', 10],
    ['prncipal.name == "x"', 0],
    ['principal.name', 0],
    ['principal.name == 3', 0],
    ['true', 0],
    ['"a".matches("b")', 0],
    ['dyn("a").matches("b")', 0],
    ['[1].map(x, "a".matches("b")).size() > 0', 0],
    ['cel.bind(a, "x", a == "x")', 0],
    ['rematch(principal.name, principal.name)', 24],
    ['rematch(principal.name, "(")', 24],
    ['rematch(principal.name, "(?=a)")', 24],
    ['[1].all(a, [1].all(b, [1].all(c, c == a + b)))', 0],
    ['[1].filter(a, [1].filter(b, [1].exists(c, c == a + b)).size() > 0).size() > 0', 0],
    ['"a"', 0],
    ['', 0],
  ])('refuses `%s`', (source, offset) => {
    const fault = faultOf(source);
    expect(fault).toBeDefined();
    if (offset > 0) expect(fault?.offset).toBe(offset);
  });

  it('suggests the name that was meant', () => {
    expect(faultOf('principal.nme == "x"')?.suggestion).toContain('`name`');
    expect(faultOf('statment.verb == "x"')?.suggestion).toContain('`statement`');
    expect(faultOf('"a".matches("b")')?.suggestion).toContain('rematch');
  });

  it('knows no statement where a rule is about data', () => {
    expect(faultOf('statement.verb == "select"', 'data')).toBeDefined();
    expect(faultOf('principal.name == "ana"', 'data')).toBeUndefined();
  });

  it('bounds expressions, nesting and lists', () => {
    expect(faultOf(`principal.name == "${'a'.repeat(CEL_LIMITS.expressionCharacters)}"`)).toBeDefined();
    expect(faultOf(`${'('.repeat(3_000)}true${')'.repeat(900)}`)).toBeDefined();
    expect(faultOf(`${'!'.repeat(3_000)}session.tls`)).toBeDefined();
    expect(faultOf(`"a" in [${Array.from({ length: 300 }, () => '"b"').join(',')}]`)).toBeDefined();
  });

  it('matches in linear time where a backtracking engine would hang', () => {
    const slow = new CelPrincipal({ kind: 'human', name: `${'a'.repeat(4_000)}!`, groups: [], claims: {} });
    const result = compile('rematch(principal.name, "^(a+)+$")', 'statement');
    expect(result.ok).toBe(true);
    const start = performance.now();
    if (result.ok) expect(result.expression.evaluate({ ...variables, principal: slow })).toBe(false);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it('says whether an expression reads the client', () => {
    const reads = (source: string) => {
      const result = compile(source, 'statement');
      return result.ok && result.expression.readsClient;
    };
    expect(reads('session.clientAddress == "x"')).toBe(true);
    expect(reads('has(session.application)')).toBe(true);
    expect(reads('dyn(session).application == "x"')).toBe(true);
    expect(reads('session.tls')).toBe(false);
    expect(reads('principal.name == "x"')).toBe(false);
  });
});
