import { known, type Statement, unknown } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, decide, engineOf, LABELS, policyOf, requestOf } from '../testkit/policy-fixture.ts';

const MASK =
  '{ name: m, effect: mask, mask: { labels: { pii.email: hash, pii.*: "null" } }, unless: { principals: { groups: [officers] } } }';
const POLICY = policyOf([ALLOW_ALL, MASK], LABELS);
const CUSTOMERS = 'object: public.customers';

const read = (fields: string, rest = '') =>
  `{ access: [{ action: read, ${CUSTOMERS}, fields: ${fields} }]${rest} }`;
const codeOf = (statement: string | readonly string[], policy = POLICY, principal = 'ana') =>
  decide(policy, statement, { principal }).reason.code;
const masksOf = (statement: string | readonly string[], policy = POLICY, principal = 'ana') =>
  decide(policy, statement, { principal }).obligations.masks.map(
    ({ object, field, masker }) => `${object.path.join('.')}.${field} ${masker.kind}`,
  );

describe('masks', () => {
  it('cover every protected field of an accessed object, read or not', () => {
    expect(masksOf(read('[id]'))).toEqual(['public.customers.email hash', 'public.customers.phone null']);
  });
  it('leave other objects alone', () => {
    expect(masksOf('{ access: [{ action: read, object: public.orders, fields: ["*"] }] }')).toEqual([]);
  });
  it('redact diagnostics exactly when there is one', () => {
    expect(decide(POLICY, read('[id]')).obligations.redactDiagnostics).toBe(true);
    expect(
      decide(POLICY, '{ access: [{ action: read, object: public.orders }] }').obligations.redactDiagnostics,
    ).toBe(false);
  });
  it('redact diagnostics of an object whose patterns fit no named field', () => {
    const labels = 'kind: classification\nname: c\nobjects: { public.people: { "*_email": pii.email } }\n';
    const { obligations } = decide(
      policyOf([ALLOW_ALL, MASK], labels),
      '{ access: [{ action: insert, object: public.people, fields: [id] }] }',
    );
    expect(obligations).toMatchObject({ masks: [], redactDiagnostics: true });
  });
  it('do not hold for whom they exempt', () => {
    expect(masksOf(read('[email]'), POLICY, 'boss')).toEqual([]);
    expect(codeOf(read('["email:filter"]'), POLICY, 'boss')).toBe('permitted');
  });
  it('hold for an agent whose person is exempt', () => {
    expect(masksOf(read('[email]'), POLICY, 'bossbot')).toEqual([
      'public.customers.email hash',
      'public.customers.phone null',
    ]);
  });
  it('hold for an agent that is exempt itself when its person is not', () => {
    const policy = policyOf(
      [
        ALLOW_ALL,
        '{ name: m, effect: mask, unless: { principals: { groups: [agents] } }, mask: { labels: { pii.*: hash } } }',
      ],
      LABELS,
    );
    expect(masksOf(read('[email]'), policy, 'bot')).toHaveLength(2);
  });
  it('take the stricter masker of two rules, whatever their order', () => {
    const rules = [
      '{ name: a, effect: mask, mask: { labels: { pii.email: { kind: partial, keepFirst: 2 } } } }',
      '{ name: b, effect: mask, mask: { labels: { pii.email: "null" } } }',
    ];
    for (const order of [rules, [...rules].reverse()]) {
      expect(masksOf(read('[email]'), policyOf([ALLOW_ALL, ...order], LABELS))).toEqual([
        'public.customers.email null',
      ]);
    }
  });
  it('ignore the case of names, and name the field as the request does', () => {
    expect(masksOf('{ access: [{ action: read, object: PUBLIC.Customers, fields: [EMail] }] }')).toEqual([
      'PUBLIC.Customers.EMail hash',
      'PUBLIC.Customers.email hash',
      'PUBLIC.Customers.phone null',
    ]);
  });
  it('cover columns by name', () => {
    const policy = policyOf([
      ALLOW_ALL,
      '{ name: m, effect: mask, match: { objects: ["*.cards"], columns: ["card*"] }, mask: { otherwise: redact } }',
    ]);
    expect(
      masksOf(
        '{ access: [{ action: read, object: shop.cards, fields: [id, card_number, card_brand] }] }',
        policy,
      ),
    ).toEqual(['shop.cards.card_brand redact', 'shop.cards.card_number redact']);
    expect(
      masksOf(
        '{ access: [{ action: read, object: shop.cards, fields: ["*"] }], output: [{ value: shop.cards.* }] }',
        policy,
      ),
    ).toEqual(['shop.cards.* redact']);
  });
  it('cover columns by label with a masker for the rest', () => {
    const policy = policyOf(
      [
        ALLOW_ALL,
        '{ name: m, effect: mask, match: { columns: { labels: [pii.*] } }, mask: { labels: { pii.email: hash }, otherwise: zero } }',
      ],
      LABELS,
    );
    expect(masksOf(read('[id]'), policy)).toEqual([
      'public.customers.email hash',
      'public.customers.phone zero',
    ]);
  });
  it('come from the sources of an output even when no access names the object', () => {
    const hidden =
      '{ access: [{ action: read, object: public.v, fields: [e] }], output: [{ value: public.customers.email }] }';
    expect(masksOf(hidden)).toContain('public.customers.email hash');
  });
  it('add up over the statements of a batch', () => {
    expect(
      masksOf([read('[id]'), '{ access: [{ action: read, object: support.tickets, fields: [_id] }] }']),
    ).toHaveLength(4);
  });
  it('are told in one way where one lies below the other', () => {
    const labels =
      'kind: classification\nname: c\nobjects:\n  support.tickets: { customer: pii.soft, customer.email: pii.hard, customer.name: pii.soft }\n';
    const policy = policyOf(
      [
        ALLOW_ALL,
        '{ name: m, effect: mask, mask: { labels: { pii.soft: { kind: partial, keepLast: 2 }, pii.hard: "null" } } }',
      ],
      labels,
    );
    expect(masksOf('{ access: [{ action: read, object: support.tickets, fields: [_id] }] }', policy)).toEqual(
      ['support.tickets.customer null'],
    );
  });
  it('fail every statement when their condition throws', () => {
    const policy = policyOf(
      [
        ALLOW_ALL,
        `{ name: m, effect: mask, when: 'principal.claims.missing == "x"', mask: { labels: { pii.*: hash } } }`,
      ],
      LABELS,
    );
    expect(codeOf('{ access: [{ action: read, object: public.orders }] }', policy)).toBe('rule-failed');
  });
  it('follow a condition on who asks', () => {
    const policy = policyOf(
      [
        ALLOW_ALL,
        `{ name: m, effect: mask, when: 'principal.kind != "service"', mask: { labels: { pii.*: hash } } }`,
      ],
      LABELS,
    );
    expect(masksOf(read('[email]'), policy)).toHaveLength(2);
    expect(masksOf(read('[email]'), policy, 'job')).toHaveLength(0);
  });
  it('belong to the databases of their classification', () => {
    const policy = policyOf(
      [ALLOW_ALL, MASK],
      LABELS.replace('objects:', 'databases: { names: [billing] }\nobjects:'),
    );
    expect(masksOf(read('[email]'), policy)).toEqual([]);
  });
});

describe('a masked field', () => {
  it.each(['filter', 'sort', 'group', 'join'])('is not used to %s', (use) => {
    expect(codeOf(read(`["email:${use}"]`))).toBe('masked-use');
    expect(codeOf(read(`["*:${use}"]`))).toBe('masked-use');
    expect(codeOf(read(`["id:${use}"]`))).toBe('permitted');
  });
  it('is used as its mask allows, and the hint says how', () => {
    const policy = policyOf(
      [ALLOW_ALL, '{ name: m, effect: mask, mask: { labels: { pii.*: hash } }, allowUses: [group, join] }'],
      LABELS,
    );
    expect(codeOf(read('["email:group"]'), policy)).toBe('permitted');
    const refused = decide(policy, read('["email:filter"]')).reason;
    expect(refused).toMatchObject({
      code: 'masked-use',
      rule: { rule: 'm' },
      hint: 'allowed uses of `public.customers.email`: output, group, join',
    });
  });
  it('is used only as every mask on it allows', () => {
    const policy = policyOf(
      [
        ALLOW_ALL,
        '{ name: a, effect: mask, mask: { labels: { pii.*: hash } }, allowUses: [group] }',
        '{ name: b, effect: mask, mask: { labels: { pii.email: hash } }, allowUses: [join] }',
      ],
      LABELS,
    );
    expect(codeOf(read('["email:group"]'), policy)).toBe('masked-use');
    expect(codeOf(read('["phone:group"]'), policy)).toBe('permitted');
  });
  it('counts as used in every way when the fields are unknown', () => {
    expect(codeOf(read('unknown', ', output: [none]'))).toBe('masked-use');
    expect(
      codeOf('{ access: [{ action: read, object: public.orders, fields: unknown }], output: unknown }'),
    ).toBe('permitted');
  });
  it('is protected from above and from below', () => {
    const ticket = (field: string) =>
      codeOf(`{ access: [{ action: read, object: support.tickets, fields: ["${field}"] }] }`);
    expect(ticket('address.city:filter')).toBe('masked-use');
    expect(ticket('customer:sort')).toBe('masked-use');
    expect(ticket('customer.name:sort')).toBe('permitted');
    expect(
      masksOf('{ access: [{ action: read, object: support.tickets, fields: [address.city] }] }'),
    ).toContain('support.tickets.address null');
  });
  it('may be written', () => {
    expect(codeOf(`{ access: [{ action: update, ${CUSTOMERS}, fields: [email, "id:filter"] }] }`)).toBe(
      'permitted',
    );
    expect(codeOf(`{ access: [{ action: insert, ${CUSTOMERS}, fields: ["*"] }] }`)).toBe('permitted');
  });
});

describe('a masked value', () => {
  it.each([
    ['as a column', '[{ value: public.customers.email }]', 'permitted'],
    ['as a whole document', '[{ value: public.customers.* }]', 'permitted'],
    ['in a column of unknown sources', '[{ value: unknown }]', 'masked-origin-unknown'],
    ['in an expression of unknown sources', '[{ derived: unknown }]', 'masked-origin-unknown'],
    ['in an unknown output', 'unknown', 'masked-origin-unknown'],
    ['not at all', '[none, { derived: [public.customers.id] }]', 'permitted'],
  ])('leaves %s: %s', (_, output, code) => {
    expect(codeOf(read('[email]', `, output: ${output}`))).toBe(code);
  });

  it.each([
    ['inside an expression', '[{ derived: [public.customers.email] }]', true],
    ['inside an expression over the whole row', '[{ derived: [public.customers.*] }]', true],
    [
      'beside other columns',
      '[{ value: public.customers.id }, { derived: [public.customers.id, public.customers.Email] }]',
      true,
    ],
    ['in a column with two sources', '[{ value: [public.customers.email, public.customers.phone] }]', true],
    ['as a column', '[{ value: public.customers.email }]', false],
    ['not at all', '[none, { derived: [public.customers.id] }]', false],
  ])('%s makes computed outputs leave as NULL: %s', (_, output, isNull) => {
    const { effect, obligations } = decide(POLICY, read('[email]', `, output: ${output}`));
    expect([effect, obligations.nullComputed === true]).toEqual(['permit', isNull]);
  });

  const probing = (probes: Statement['probes'], policy = POLICY) => {
    const statement = { ...requestOf(read('[email]', ', output: [none]')).statements[0]!, probes };
    const { reason } = engineOf(policy).decide({
      ...requestOf(read('[email]')),
      statements: [statement as Statement],
    });
    return reason.code;
  };
  const source = (field: string, name = 'customers') =>
    known([{ object: { kind: 'relation', path: ['public', name] }, field }] as const);

  it.each([
    ['that may fail by a masked value', source('email'), 'masked-use'],
    ['that may fail by any value of the row', source('*'), 'masked-use'],
    ['that may fail by another value', source('id'), 'permitted'],
    ['that may fail by a value of another table', source('email', 'orders'), 'permitted'],
    ['of which nobody knows by what it may fail', unknown('x'), 'masked-use'],
    ['that cannot fail', known([]), 'permitted'],
  ])('is not told by a computation %s', (_, probes, code) => {
    expect(probing(probes)).toBe(code);
  });

  it.each([
    ['nothing of it is stored', known([]), 'permitted'],
    ['something else is stored', source('id'), 'permitted'],
    ['it is stored', source('email'), 'masked-copy'],
    ['the row is stored', source('*'), 'masked-copy'],
    ['nobody knows what is stored', unknown('x'), 'masked-copy'],
    ['nobody looked', undefined, 'masked-copy'],
  ])('comes back from a write where %s: %s', (_, stored, code) => {
    const write = `{ access: [{ action: update, ${CUSTOMERS}, fields: ["name:write"] }, { action: read, ${CUSTOMERS}, fields: [email] }], output: [{ value: public.customers.email }] }`;
    const request = requestOf(write);
    const statement = { ...request.statements[0]!, ...(stored === undefined ? {} : { stored }) };
    expect(engineOf(POLICY).decide({ ...request, statements: [statement] }).reason.code).toBe(code);
  });

  const defining = (verb: string, probes?: Statement['probes'], object = 'public.customers') => {
    const request = requestOf(`{ verb: ${verb}, access: [{ action: define, object: ${object} }] }`);
    const statement = { ...request.statements[0]!, ...(probes === undefined ? {} : { probes }) };
    return engineOf(POLICY).decide({ ...request, statements: [statement] }).reason.code;
  };

  it.each([
    ['alter table', undefined, 'masked-copy'],
    ['rename table', undefined, 'masked-copy'],
    ['create index', source('*'), 'masked-use'],
    ['create index', known([]), 'permitted'],
    ['create index', unknown('x'), 'masked-copy'],
    ['drop table', undefined, 'permitted'],
    ['truncate table', undefined, 'permitted'],
  ])('keeps its object as it is: %s', (verb, probes, code) => {
    expect(defining(verb, probes)).toBe(code);
    expect(defining(verb, probes === undefined ? probes : known([]), 'public.orders')).toBe('permitted');
  });

  it('may be probed where it may be filtered by', () => {
    const rule = '{ name: m, effect: mask, mask: { labels: { pii.*: hash } }, allowUses: [filter] }';
    expect(probing(source('email'), policyOf([ALLOW_ALL, rule], LABELS))).toBe('permitted');
  });

  it('is computed with by nobody for whom a routine computes', () => {
    const call = `{ access: [{ action: read, ${CUSTOMERS}, fields: [email] }, { action: call, object: public.f }], output: [{ derived: [public.customers.email] }] }`;
    expect(codeOf(call)).toBe('masked-origin-unknown');
  });

  it.each(['insert', 'update', 'delete'])(
    'does not come back from a %s whose output is unknown',
    (action) => {
      expect(
        codeOf(`{ access: [{ action: ${action}, ${CUSTOMERS}, fields: ["id:filter"] }], output: unknown }`),
      ).toBe('masked-origin-unknown');
    },
  );

  it('does not stand behind an output that claims to reveal nothing and has sources', () => {
    const request = requestOf(read('[email]'));
    const statement = request.statements[0]!;
    const output = statement.output.known
      ? statement.output.value.map((column) => ({ ...column, kind: 'none' as const }))
      : [];
    const lying: Statement = { ...statement, output: { known: true, value: output } };
    expect(engineOf(POLICY).decide({ ...request, statements: [lying] }).reason.code).toBe(
      'masked-origin-unknown',
    );
  });

  it('may be described', () => {
    expect(
      codeOf(
        `{ verb: describe, access: [{ action: introspect, ${CUSTOMERS}, fields: [] }], output: unknown }`,
      ),
    ).toBe('permitted');
  });

  it.each([
    ['create table as', 'define', 'public.copy'],
    ['insert', 'insert', 'public.copy'],
    ['update', 'update', 'public.orders'],
    ['$out', 'define', 'support.copy'],
  ])('is not copied by %s', (verb, action, object) => {
    const copy = (fields: string) =>
      `{ verb: ${verb}, access: [{ action: ${action}, object: ${object} }, { action: read, ${CUSTOMERS}, fields: ${fields} }], output: [] }`;
    expect(codeOf(copy('[email]'))).toBe('masked-copy');
    expect(codeOf(copy('["*"]'))).toBe('masked-copy');
    expect(codeOf(copy('[id]'))).toBe('permitted');
    expect(codeOf(copy('unknown'))).toBe('masked-copy');
  });
  it('is not copied into another column of its own row', () => {
    expect(
      codeOf(`{ access: [{ action: update, ${CUSTOMERS}, fields: [notes, "email:output", "id:filter"] }] }`),
    ).toBe('masked-copy');
  });
  it('is not copied by a statement that deletes it', () => {
    expect(codeOf(`{ access: [{ action: delete, ${CUSTOMERS}, fields: ["id:filter"] }], output: [] }`)).toBe(
      'permitted',
    );
  });
  it('does not come out of a routine', () => {
    const call = (output: string) =>
      codeOf(`{ access: [{ action: call, object: public.f, kind: routine }], output: ${output} }`);
    expect(call('unknown')).toBe('masked-origin-unknown');
    expect(call('[{ derived: unknown }]')).toBe('masked-origin-unknown');
    expect(call('[{ derived: [public.orders.id] }]')).toBe('masked-origin-unknown');
    expect(call('[none]')).toBe('permitted');
    expect(
      codeOf(
        '{ access: [{ action: call, object: public.f, kind: routine }], output: unknown }',
        POLICY,
        'boss',
      ),
    ).toBe('permitted');
  });
  it('does not come out of a statement that nobody understands, even where that is permitted', () => {
    expect(codeOf('{ access: unknown, output: unknown }')).toBe('masked-origin-unknown');
    expect(codeOf('{ access: [{ action: read, object: unknown }], output: [none] }')).toBe(
      'masked-origin-unknown',
    );
    expect(codeOf('{ access: unknown, output: unknown }', POLICY, 'boss')).toBe('permitted');
  });
  it('is not used through an object that nobody knows, whatever the action', () => {
    const lock = (fields: string) =>
      codeOf(`{ access: [{ action: transact, object: unknown, fields: ${fields} }], output: [] }`);
    expect(lock('["email:filter"]')).toBe('masked-origin-unknown');
    expect(lock('unknown')).toBe('masked-origin-unknown');
    expect(lock('[]')).toBe('permitted');
  });
  it('does not come out of a container that is read as a whole', () => {
    const whole = (object: string, kind: string) =>
      codeOf(
        `{ access: [{ action: read, object: ${object}, kind: ${kind}, fields: ["*"] }], output: [none] }`,
      );
    expect(whole('support', 'namespace')).toBe('masked-origin-unknown');
    expect(whole('other', 'namespace')).toBe('permitted');
    expect(whole('any', 'database')).toBe('masked-origin-unknown');
  });
});

it('gives the same verdict in the three dialects', () => {
  const databases = ['shop', 'billing', 'support'] as const;
  const statements = [
    read('[email]'),
    read('["email:filter"]'),
    read('[email]', ', output: unknown'),
    '{ access: unknown }',
  ];
  for (const statement of statements) {
    const verdicts = databases.map((database) => decide(POLICY, statement, { database }));
    expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict))).size).toBe(1);
  }
});
