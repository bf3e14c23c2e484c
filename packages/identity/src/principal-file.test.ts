import { describe, expect, it } from 'vitest';
import { loadPrincipals } from './principal-file.ts';

const GOOD = `principals:
  - name: ana
    kind: human
    groups: [analysts, oncall]
    claims: { email: ana@example.com, level: 3 }
  - name: ci
    kind: service
  - { name: helper, kind: agent, actingFor: ana }
  - { name: gone, kind: human, disabled: true }
  - { name: helper-of-gone, kind: agent, actingFor: gone }
`;

function problems(text: string) {
  const loaded = loadPrincipals(text, 'principals.yaml');
  return loaded.ok ? [] : loaded.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('loadPrincipals', () => {
  it('reads people, services and agents, and whom an agent works for', () => {
    const loaded = loadPrincipals(GOOD, 'principals.yaml');
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const ana = {
      kind: 'human',
      name: 'ana',
      groups: ['analysts', 'oncall'],
      claims: { email: 'ana@example.com', level: 3 },
    };
    expect(loaded.principals.size).toBe(5);
    expect(loaded.principals.find('ana')).toEqual({ principal: ana, disabled: false });
    expect(loaded.principals.find('helper')).toEqual({
      principal: { kind: 'agent', name: 'helper', groups: [], claims: {}, actingFor: ana },
      disabled: false,
    });
  });

  it('disables the agents of a disabled person', () => {
    const loaded = loadPrincipals(GOOD, 'principals.yaml');
    expect(loaded.ok && loaded.principals.find('helper-of-gone')?.disabled).toBe(true);
  });

  it('finds nobody under the names of an object', () => {
    const loaded = loadPrincipals(GOOD, 'principals.yaml');
    for (const name of ['__proto__', 'constructor', 'toString', ''])
      expect(loaded.ok && loaded.principals.find(name)).toBeUndefined();
  });

  it('accepts an empty list', () => {
    expect(loadPrincipals('principals: []\n', 'principals.yaml')).toMatchObject({ ok: true });
  });

  it.each([
    ['an unknown key', 'principals:\n  - {name: a, kind: human, group: [x]}', '2:28 unknown key `group`'],
    [
      'an unknown kind',
      'principals:\n  - name: a\n    kind: person',
      '3:11 expected human, service or agent',
    ],
    ['a missing name', 'principals:\n  - kind: human', '2:5 expected `name`'],
    ['a missing kind', 'principals:\n  - name: a', '2:5 expected `kind`'],
    [
      'a name that is a number',
      'principals:\n  - {name: 12, kind: human}',
      '2:12 expected `name` to be a string',
    ],
    ['a name with a tilde', 'principals:\n  - {name: a~b, kind: human}', '2:12 expected a name'],
    ['a name of an object', 'principals:\n  - {name: __proto__, kind: human}', '2:12 expected a name'],
    [
      'a name that is too long',
      `principals:\n  - {name: ${'a'.repeat(129)}, kind: human}`,
      '2:12 expected a name',
    ],
    [
      'the same name twice',
      'principals:\n  - {name: a, kind: human}\n  - {name: a, kind: human}',
      '3:5 `a` stands',
    ],
    [
      'an agent without a person',
      'principals:\n  - {name: a, kind: agent}',
      '2:5 agent `a` needs `actingFor`',
    ],
    [
      'an agent of nobody',
      'principals:\n  - {name: a, kind: agent, actingFor: b}',
      '2:39 expected `actingFor` to name',
    ],
    [
      'an agent of an agent',
      'principals:\n  - {name: a, kind: human}\n  - {name: b, kind: agent, actingFor: a}\n  - {name: c, kind: agent, actingFor: b}',
      '4:39 expected `actingFor` to name a human',
    ],
    [
      'a person acting for another',
      'principals:\n  - {name: a, kind: human}\n  - {name: b, kind: human, actingFor: a}',
      '3:39 only an agent has',
    ],
    [
      'groups that are text',
      'principals:\n  - {name: a, kind: human, groups: x}',
      '2:36 expected `groups` to be a list',
    ],
    [
      'a group that is a number',
      'principals:\n  - {name: a, kind: human, groups: [1]}',
      '2:37 expected `groups`',
    ],
    [
      'disabled as text',
      'principals:\n  - {name: a, kind: human, disabled: "no"}',
      '2:38 expected `disabled`',
    ],
    [
      'claims that are a list',
      'principals:\n  - {name: a, kind: human, claims: [1]}',
      '2:36 expected `claims`',
    ],
    [
      'a claim without end',
      'principals:\n  - {name: a, kind: human, claims: {x: .inf}}',
      '2:40 expected a value',
    ],
    ['an alias', 'principals:\n  - &a {name: a, kind: human}\n  - *a', '2:8 anchors'],
    ['the same key twice', 'principals:\n  - {name: a, name: b, kind: human}', '2:15 '],
    ['broken YAML', 'principals: [', '1:14 '],
    ['a list at the top', '- a', '1:1 expected a mapping'],
    ['an empty file', '', '1:1 expected a mapping'],
    ['no list', 'principals:\n', '1:12 expected `principals` to be a list'],
    ['an entry that is text', 'principals: [ana]', '1:14 expected a mapping'],
  ])('says where %s is', (_what, text, expected) => {
    expect(problems(text).map((problem) => problem.slice(0, expected.length))).toContain(expected);
  });

  it('gives all mistakes at once, with a bound', () => {
    const many = `principals:\n${'  - {name: 1, kind: x}\n'.repeat(1000)}`;
    expect(problems(many)).toHaveLength(50);
  });

  it('keeps a claim called __proto__ a plain value', () => {
    const loaded = loadPrincipals(
      'principals:\n  - {name: a, kind: human, claims: {__proto__: {admin: true}}}',
      'principals.yaml',
    );
    const claims = loaded.ok ? loaded.principals.find('a')?.principal.claims : undefined;
    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype);
    expect(JSON.stringify(claims)).toBe('{"__proto__":{"admin":true}}');
  });

  it('refuses claims nested too deeply', () => {
    const deep = `principals:\n  - {name: a, kind: human, claims: {x: ${'['.repeat(5000)}${']'.repeat(5000)}}}`;
    expect(loadPrincipals(deep, 'principals.yaml').ok).toBe(false);
  });

  it.each(['[', '{a: ', '- '])('survives 50,000 of %j', (piece) => {
    expect(loadPrincipals(piece.repeat(50_000), 'principals.yaml').ok).toBe(false);
  });
});
