import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadSet, policyOf, problemsOf } from '../testkit/policy-fixture.ts';
import { loadPolicies } from './load-policies.ts';

const rule = (text: string) => problemsOf(`kind: policy\nname: p\nrules:\n${text}`);

/** Text, line, column, part of the message, part of the suggestion. */
type Mistake = readonly [
  name: string,
  text: string,
  line: number,
  column: number,
  message: string,
  suggestion?: string,
];

const MISTAKES: readonly Mistake[] = [
  ['a document without a kind', 'name: p\n', 1, 1, 'no `kind`'],
  ['an unknown kind', 'kind: polcy\n', 1, 7, '`polcy`', '`policy`'],
  ['a document that is a list', '- a\n', 1, 1, 'document must be a map'],
  ['a policy without a name', 'kind: policy\nrules: []\n', 1, 1, 'policy name is missing'],
  ['a policy without rules', 'kind: policy\nname: p\n', 1, 1, 'rules is missing'],
  ['an empty list of rules', 'kind: policy\nname: p\nrules: []\n', 3, 8, 'empty'],
  ['an unknown key in a policy', 'kind: policy\nname: p\nruls: []\n', 3, 1, '`ruls`', '`rules`'],
  ['a key that is there twice', 'kind: policy\nname: p\nname: q\n', 3, 1, 'unique'],
  ['a rule without an effect', 'kind: policy\nname: p\nrules:\n  - name: a\n', 4, 5, 'no `effect`', 'permit'],
  [
    'an unknown effect',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: denny }\n',
    4,
    24,
    '`denny`',
    '`deny`',
  ],
  [
    'an unknown key in a rule',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: deny, macth: {} }\n',
    4,
    30,
    '`macth`',
    '`match`',
  ],
  [
    'an unknown key in a match',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: deny, match: { action: [read] } }\n',
    4,
    39,
    '`action`',
    '`actions`',
  ],
  [
    'an unknown action',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: deny, match: { actions: [raed] } }\n',
    4,
    49,
    '`raed`',
    '`read`',
  ],
  [
    'an empty list',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: deny, match: { actions: [] } }\n',
    4,
    48,
    'empty',
  ],
  [
    'a value of the wrong type',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: deny, match: { tls: maybe } }\n',
    4,
    44,
    'true or false, got `maybe`',
  ],
  [
    'an object without a namespace',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: deny, match: { objects: [customers] } }\n',
    4,
    49,
    'no namespace',
    '*.customers',
  ],
  [
    'a wildcard inside a path',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: deny, match: { columns: ["*.email"] } }\n',
    4,
    49,
    'wildcard',
  ],
  [
    'a mask without a masker',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: mask }\n',
    4,
    5,
    'needs a `mask`',
  ],
  [
    'a mask on a deny',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: deny, mask: { labels: { a: hash } } }\n',
    4,
    36,
    'belongs to effect `mask`',
  ],
  [
    'an unknown masker',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: mask, mask: { labels: { a: hush } } }\n',
    4,
    51,
    '`hush`',
    '`hash`',
  ],
  [
    'a setting that the masker does not take',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: mask, mask: { labels: { a: { kind: hash, step: 2 } } } }\n',
    4,
    71,
    'takes no `step`',
  ],
  [
    'a step of zero',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: mask, mask: { labels: { a: { kind: round, step: 0 } } } }\n',
    4,
    72,
    'above 0',
  ],
  [
    'an action in a mask',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: mask, match: { actions: [read] }, mask: { labels: { a: hash } } }\n',
    4,
    39,
    '`actions`',
  ],
  [
    'a negative limit',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: limit, limit: { rows: -1 } }\n',
    4,
    46,
    'at least 0',
  ],
  [
    'a limit without a bound',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: limit }\n',
    4,
    5,
    'needs a `limit`',
  ],
  [
    'allowed output',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: mask, mask: { labels: { a: hash } }, allowUses: [output] }\n',
    4,
    73,
    '`output`',
  ],
  [
    'an alias',
    'kind: policy\nname: p\nrules:\n  - { name: a, effect: deny, match: { objects: &x [a.b] } }\n  - { name: b, effect: alert, match: { objects: *x } }\n',
    5,
    49,
    'alias',
  ],
  ['a syntax error', 'kind: [policy\n', 2, 1, 'yaml'],
  [
    'a name with a line break',
    'kind: policy\nname: "a\\nb"\nrules: [{ name: a, effect: deny }]\n',
    2,
    7,
    'letters',
  ],
  ['a label in capitals', 'kind: classification\nname: c\nobjects:\n  a.b: { c: PII }\n', 4, 13, 'no label'],
  [
    'a classification without a namespace',
    'kind: classification\nname: c\nobjects:\n  b: { c: pii }\n',
    4,
    3,
    'no namespace',
  ],
];

describe('loadPolicies', () => {
  it.each([...MISTAKES])('reports %s at its place', (...mistake) => {
    const [, text, line, column, message, suggestion] = mistake as unknown as Mistake;
    const found = problemsOf(text).find((problem) => problem.message.includes(message));
    expect(found).toMatchObject({ file: 'policy.yaml', line, column });
    if (suggestion !== undefined) expect(found?.suggestion).toContain(suggestion);
  });

  it('reports every mistake of every file in one go, in the order of the text', () => {
    const result = loadPolicies([
      {
        file: 'b.yaml',
        text: 'kind: policy\nname: b\nrules:\n  - { name: a, effect: denny }\n  - { name: b, effct: deny }\n',
      },
      { file: 'a.yaml', text: 'kind: nothing\n' },
    ]);
    expect(result.ok).toBe(false);
    const places = result.ok ? [] : result.problems.map(({ file, line }) => `${file}:${line}`);
    expect(places).toEqual(['a.yaml:1', 'b.yaml:4', 'b.yaml:5', 'b.yaml:5']);
  });

  describe('looks at the documents as a set', () => {
    it.each([
      [
        'a rule name twice',
        policyOf(['{ name: a, effect: deny, match: { tls: false } }', '{ name: a, effect: alert }']),
        'twice',
      ],
      [
        'a policy name twice',
        `${policyOf(['{ name: a, effect: deny }'])}---\n${policyOf(['{ name: b, effect: alert }'])}`,
        'policy `p` is there twice',
      ],
      [
        'two rules that say the same',
        policyOf(['{ name: a, effect: alert }', '{ name: b, effect: alert }']),
        'says the same',
      ],
      [
        'a permit of what is denied',
        policyOf([
          '{ name: a, effect: deny, match: { tls: false } }',
          '{ name: b, effect: permit, match: { tls: false } }',
        ]),
        'never have an effect',
      ],
      [
        'anything beside a denial of everything',
        policyOf(['{ name: a, effect: deny }', '{ name: b, effect: permit, match: { tls: true } }']),
        'never have an effect',
      ],
      [
        'an exemption of everything that matches',
        policyOf([
          '{ name: a, effect: deny, match: { tls: true, actions: [read] }, unless: { actions: [read] } }',
        ]),
        'never have an effect',
      ],
      [
        'columns of actions that have none',
        policyOf(['{ name: a, effect: deny, match: { actions: [connect], columns: [email] } }']),
        'touch no columns',
      ],
      [
        'a label with a slip',
        policyOf(
          ['{ name: a, effect: mask, mask: { labels: { pii.emial: hash } } }'],
          'kind: classification\nname: c\nobjects: { a.b: { c: pii.email } }\n',
        ),
        'pii.emial',
      ],
    ])('reports %s', (_, text, message) => {
      expect(
        problemsOf(text)
          .map((problem) => problem.message)
          .join('\n'),
      ).toContain(message);
    });

    it('accepts labels that no classification of the set gives, because another may', () => {
      expect(
        problemsOf(policyOf(['{ name: a, effect: mask, mask: { labels: { secret: "null" } } }'])),
      ).toEqual([]);
    });
  });

  describe('reports a condition where it stands in the document', () => {
    it.each([
      ['plain', '  - name: a\n    effect: deny\n    when: principal.nme == "x"\n', 6, 21],
      ['single quotes', '  - name: a\n    effect: deny\n    when: \'principal.nme == "x"\'\n', 6, 22],
      ['double quotes', '  - name: a\n    effect: deny\n    when: "\\"x\\" == principal.nme"\n', 6, 31],
      [
        'a block',
        '  - name: a\n    effect: deny\n    when: |\n      session.tls &&\n      principal.nme == "x"\n',
        8,
        17,
      ],
      [
        'folded lines',
        '  - name: a\n    effect: deny\n    when: >-\n      session.tls &&\n      principal.nme == "x"\n',
        8,
        17,
      ],
    ])('%s', (_, text, line, column) => {
      expect(rule(text)).toMatchObject([{ line, column, message: 'condition: no such key: nme' }]);
    });
  });

  it('refuses `matches()` and says what to use', () => {
    const [problem] = rule('  - name: a\n    effect: deny\n    when: principal.name.matches("(a+)+$")\n');
    expect(problem?.suggestion).toContain('rematch');
  });

  it('takes `__proto__` and `constructor` for keys like any other', () => {
    expect(
      problemsOf('kind: policy\nname: p\n__proto__: { rules: [] }\nconstructor: 1\n').map(({ line }) => line),
    ).toContain(3);
    expect(() =>
      loadSet(`kind: classification\nname: c\nobjects:\n  a.__proto__: { constructor: pii }\n`),
    ).not.toThrow();
  });

  it.each([
    ['an alias bomb', `a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nkind: policy\nname: *c\n`],
    ['deep nesting', `kind: policy\nname: p\nrules: ${'['.repeat(50_000)}`],
    ['a file that is too large', `kind: policy\n# ${'x'.repeat(1_100_000)}\n`],
    [
      'a list that is too long',
      `kind: policy\nname: p\nrules:\n  - { name: a, effect: deny, match: { objects: [${'a.b,'.repeat(3_000)}] } }\n`,
    ],
    ['a NUL', 'kind: policy\nname: "\0"\n'],
    ['tags', 'kind: !!js/function "x"\nname: p\n'],
  ])('refuses %s without throwing', (_, text) => {
    expect(problemsOf(text).length).toBeGreaterThan(0);
  });

  it('never throws and never loads half of what it reads', () => {
    const words = [
      'kind',
      'policy',
      'name',
      'rules',
      'effect',
      'deny',
      'match',
      'objects',
      'when',
      'mask',
      ': ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '*',
      '&a',
      '"',
      '|',
      '---\n',
      ',',
      '!!x',
      '\t',
      'null',
      '1',
    ];
    const text = fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (source) => {
        const result = loadPolicies([{ file: 'f', text: source }]);
        if (!result.ok)
          expect(result.problems.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
