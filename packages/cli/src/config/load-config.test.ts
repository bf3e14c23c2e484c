import { describe, expect, it } from 'vitest';
import { parseConfig } from './load-config.ts';

const GOOD = `
policies: ./policies
principals: ./principals.yaml
databases:
  - name: shop
    dialect: postgres
    upstream: { host: db, port: 5432, user: app, password: env:SHOP_PASSWORD }
listeners:
  - { name: pg, dialect: postgres, port: 6432, databases: [shop] }
`;

function problemsOf(text: string) {
  const result = parseConfig(text, 'g.yaml');
  return result.ok ? [] : result.problems.map(({ line, column, message }) => ({ line, column, message }));
}

describe('parseConfig', () => {
  it('accepts a small file and fills in safe defaults', () => {
    const result = parseConfig(GOOD, 'g.yaml');
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.config.databases[0]!.upstream.tls.mode).toBe('verify-full');
    expect(result.config.audit.parameters).toBe('hash');
    expect(result.config.listeners[0]!.host).toBe('127.0.0.1');
  });

  it('reports every mistake with its line and column, not only the first', () => {
    const problems = problemsOf(
      GOOD.replace('port: 6432', 'port: 99999').replace('principals:', 'principal:'),
    );
    expect(problems.length).toBeGreaterThanOrEqual(3);
    expect(problems).toContainEqual({
      line: 3,
      column: 1,
      message: 'unknown key `principal` (did you mean `principals`?)',
    });
    expect(
      problems.some((problem) => problem.line === 9 && problem.message.startsWith('listeners.0.port')),
    ).toBe(true);
  });

  it('refuses a secret that stands in the file itself, without repeating it', () => {
    const problems = problemsOf(GOOD.replace('env:SHOP_PASSWORD', 'hunter2'));
    expect(problems).toHaveLength(1);
    expect(problems[0]!.message).not.toContain('hunter2');
  });

  it('refuses a listener whose database is missing or speaks another dialect', () => {
    expect(problemsOf(GOOD.replace('databases: [shop]', 'databases: [shopp]'))[0]!.message).toBe(
      'no database `shopp` (did you mean `shop`?)',
    );
    expect(
      problemsOf(GOOD.replace('name: pg, dialect: postgres', 'name: pg, dialect: mysql'))[0]!.message,
    ).toContain('speaks mysql');
  });

  it('says where a limit of the stored audit is wrong', () => {
    const good = parseConfig(`${GOOD}audit: { storeRetention: { days: 90, bytes: 1000000 } }\n`, 'g.yaml');
    expect(good).toMatchObject({
      ok: true,
      config: { audit: { storeRetention: { days: 90, bytes: 1_000_000 } } },
    });
    const bad = `${GOOD}audit:\n  storeRetention:\n    days: -1\n    byte: 5\n`;
    expect(problemsOf(bad)).toEqual([
      expect.objectContaining({ line: 12, message: expect.stringContaining('audit.storeRetention.days') }),
      { line: 13, column: 5, message: 'unknown key `byte` (did you mean `bytes`?)' },
    ]);
  });

  it('reports broken YAML with its place', () => {
    expect(problemsOf('a: [1, 2\nb: 3')[0]!.line).toBeGreaterThanOrEqual(1);
  });
});
