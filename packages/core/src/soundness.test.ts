/**
 * Laws of the engine over random policies and requests: what may only ever make a decision stricter.
 */
import {
  ACTIONS,
  type Access,
  type AccessRequest,
  type Decision,
  FIELD_USES,
  type FieldAccess,
  formatObject,
  type Known,
  known,
  type ObjectRef,
  type OutputColumn,
  type Principal,
  type Statement,
  unknown,
} from '@gatehouse/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, LABELS, loadSet, policyOf, requestOf } from '../testkit/policy-fixture.ts';
import { createEngine, type Engine } from './engine.ts';
import { compileFieldPattern, covers } from './field-path.ts';

const ROWS: ReadonlySet<string> = new Set(['read', 'insert', 'update', 'delete', 'unknown']);

const PERMITS = [
  ALLOW_ALL,
  '{ name: reads, effect: permit, match: { actions: [read] } }',
  '{ name: narrow, effect: permit, match: { objects: ["public.*"], columns: [id, email] } }',
  '{ name: bounded, effect: permit, match: { statement: { bounded: true, functions: [lower] } } }',
  '{ name: people, effect: permit, match: { principals: { kinds: [human] } }, unless: { actions: [define, delete] } }',
];
const RESTRICTIONS = [
  '{ name: d1, effect: deny, match: { objects: [public.customers] } }',
  '{ name: d2, effect: deny, match: { actions: [define], verbs: ["drop*"] } }',
  '{ name: d3, effect: deny, match: { actions: [update, delete], statement: { bounded: false } } }',
  '{ name: d4, effect: deny, match: { columns: [email], uses: [filter] } }',
  '{ name: d5, effect: deny, match: { columns: { labels: [pii.*] } } }',
  '{ name: d6, effect: deny, match: { statement: { functions: ["pg_*"] } } }',
  '{ name: d7, effect: deny, match: { actions: [delete] }, unless: { objects: [public.orders], statement: { bounded: true } } }',
  '{ name: d8, effect: deny, match: { principals: { kinds: [agent] }, actions: [insert] } }',
  '{ name: d9, effect: deny, match: { objects: { kinds: [file, program] } } }',
  '{ name: a1, effect: approve, match: { actions: [update] } }',
  '{ name: m1, effect: mask, mask: { labels: { pii.email: hash } } }',
  '{ name: m2, effect: mask, match: { objects: ["*.tickets"] }, unless: { principals: { kinds: [agent] } }, mask: { labels: { pii.*: "null" } }, allowUses: [filter] }',
  '{ name: m3, effect: mask, match: { columns: ["e*"] }, mask: { otherwise: redact } }',
  '{ name: l1, effect: limit, match: { actions: [read] }, limit: { rows: 5 } }',
];

const field = fc.record<FieldAccess>({
  field: fc.constantFrom('id', 'email', 'phone', 'customer', 'customer.email', '*'),
  use: fc.constantFrom(...FIELD_USES),
});
const relation = fc
  .constantFrom(['public', 'customers'], ['public', 'orders'], ['support', 'tickets'])
  .map((path) => ({ kind: 'relation' as const, path }));
const other = fc.constantFrom(
  { kind: 'namespace' as const, path: ['public'] },
  { kind: 'file' as const, path: ['x'] },
  { kind: 'routine' as const, path: ['public', 'f'] },
);
const object = fc.oneof({ weight: 5, arbitrary: relation }, { weight: 1, arbitrary: other });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Known<T>> =>
  fc.oneof(
    { weight: 6, arbitrary: value.map((found): Known<T> => known(found)) },
    { weight: 1, arbitrary: fc.constant(unknown('random')) },
  );
const access = fc.record<Access>({
  action: fc.constantFrom(...ACTIONS),
  object: maybe(object),
  fields: maybe(fc.array(field, { maxLength: 3 })),
});
const column = fc.record<OutputColumn>({
  name: fc.constant('c'),
  kind: fc.constantFrom('value', 'derived', 'none'),
  sources: maybe(
    fc.array(
      fc.record({ object: relation, field: fc.constantFrom('id', 'email', 'phone', 'customer', '*') }),
      { maxLength: 2 },
    ),
  ),
});
const facts = fc.record<Statement>({
  verb: fc.constantFrom('select', 'drop table', 'update', 'find'),
  accesses: maybe(fc.array(access, { maxLength: 3 })),
  bounded: maybe(fc.boolean()),
  limit: maybe(fc.constantFrom(null, 5)),
  functions: maybe(fc.subarray(['lower', 'pg_sleep'])),
  output: maybe(fc.array(column, { maxLength: 2 })),
  irreversible: fc.boolean(),
  fingerprint: fc.constant(''),
});
/** What comes out is read: facts that say otherwise contradict themselves. */
const statement = facts.filter(({ accesses, output }) => {
  if (!accesses.known || !output.known) return true;
  const sources = output.value.flatMap((found) => (found.sources.known ? found.sources.value : []));
  const isRead = (source: ObjectRef) =>
    accesses.value.some(
      ({ action, object: read }) =>
        ROWS.has(action) && (!read.known || formatObject(read.value) === formatObject(source)),
    );
  return sources.every((source) => isRead(source.object));
});
const principal = fc
  .constantFrom('ana', 'job', 'bot', 'bossbot')
  .map((name) => requestOf('{ access: [] }', { principal: name }).principal);
const { session } = requestOf('{ access: [] }');
const rules = fc
  .tuple(fc.subarray(PERMITS), fc.subarray(RESTRICTIONS))
  .map(([permits, restrictions]) => [...permits, ...restrictions]);

const ALL = loadSet(policyOf([...PERMITS, ...RESTRICTIONS], LABELS));
const BY_TEXT = new Map(
  [...PERMITS, ...RESTRICTIONS].map((text, index) => [text, ALL.policies[0]!.rules[index]!]),
);

function engineOver(chosen: readonly string[]): Engine {
  const policy = { name: 'p', rules: chosen.map((text) => BY_TEXT.get(text)!) };
  return createEngine({ policies: [policy], classifications: ALL.classifications }, { revision: 'r' });
}

function decide(chosen: readonly string[], request: AccessRequest): Decision {
  return engineOver(chosen).decide(request);
}

const STRICTNESS = { permit: 0, approve: 1, deny: 2 } as const;

/** True when the second decision gives no more than the first. */
function isAsStrict(first: Decision, second: Decision): boolean {
  if (STRICTNESS[second.effect] !== STRICTNESS[first.effect])
    return STRICTNESS[second.effect] > STRICTNESS[first.effect];
  if (second.effect === 'deny') return true;
  const kept = first.obligations.masks.every((mask) =>
    second.obligations.masks.some(
      (candidate) =>
        JSON.stringify(candidate.object) === JSON.stringify(mask.object) &&
        covers(compileFieldPattern(candidate.field), mask.field),
    ),
  );
  const { rows = Number.POSITIVE_INFINITY } = first.obligations.limits;
  return kept && (second.obligations.limits.rows ?? Number.POSITIVE_INFINITY) <= rows;
}

const RUNS = { numRuns: 300 };

describe('a decision', { timeout: 60_000 }, () => {
  it('is never loosened by one more restriction', () => {
    fc.assert(
      fc.property(
        rules,
        fc.constantFrom(...RESTRICTIONS),
        principal,
        statement,
        (chosen, extra, who, what) => {
          const request = { principal: who, session, statements: [what] };
          const more = chosen.includes(extra) ? chosen : [...chosen, extra];
          expect(isAsStrict(decide(chosen, request), decide(more, request))).toBe(true);
        },
      ),
      RUNS,
    );
  });

  it('is never loosened by knowing less', () => {
    const forget = fc.constantFrom<(facts: Statement) => Statement>(
      (facts) => ({ ...facts, accesses: unknown('forgotten') }),
      (facts) => ({ ...facts, bounded: unknown('forgotten') }),
      (facts) => ({ ...facts, functions: unknown('forgotten') }),
      (facts) => ({ ...facts, output: unknown('forgotten') }),
      (facts) => ({
        ...facts,
        accesses: mapAccesses(facts, (found) => ({ ...found, object: unknown('forgotten') })),
      }),
      (facts) => ({
        ...facts,
        accesses: mapAccesses(facts, (found) => ({ ...found, fields: unknown('forgotten') })),
      }),
      (facts) => ({ ...facts, accesses: mapAccesses(facts, (found) => ({ ...found, action: 'unknown' })) }),
      (facts) => ({
        ...facts,
        output: facts.output.known
          ? known(facts.output.value.map((found) => ({ ...found, sources: unknown('forgotten') })))
          : facts.output,
      }),
    );
    fc.assert(
      fc.property(rules, principal, statement, forget, (chosen, who, what, forgetting) => {
        const request = { principal: who, session, statements: [what] };
        const before = decide(chosen, request);
        const after = decide(chosen, { ...request, statements: [forgetting(what)] });
        // A rule that names `unknown` permits more by intent; what stays is that restrictions hold.
        if (chosen.includes(ALLOW_ALL) && before.reason.code === 'no-permit') return;
        expect(STRICTNESS[after.effect]).toBeGreaterThanOrEqual(STRICTNESS[before.effect]);
      }),
      RUNS,
    );
  });

  it('is never looser for an agent than for its person, or for the agent alone', () => {
    const agents = fc
      .constantFrom('bot', 'bossbot')
      .map((name) => requestOf('{ access: [] }', { principal: name }).principal);
    fc.assert(
      fc.property(rules, agents, statement, (chosen, agent, what) => {
        const { actingFor, ...alone } = agent;
        const by = (who: Principal) => decide(chosen, { principal: who, session, statements: [what] });
        expect(isAsStrict(by(actingFor!), by(agent))).toBe(true);
        expect(isAsStrict(by(alone), by(agent))).toBe(true);
      }),
      RUNS,
    );
  });

  it('is never looser for a batch than for any of its statements', () => {
    fc.assert(
      fc.property(
        rules,
        principal,
        fc.array(statement, { minLength: 2, maxLength: 4 }),
        (chosen, who, statements) => {
          const whole = decide(chosen, { principal: who, session, statements });
          for (const one of statements) {
            expect(isAsStrict(decide(chosen, { principal: who, session, statements: [one] }), whole)).toBe(
              true,
            );
          }
        },
      ),
      RUNS,
    );
  });

  it('does not depend on the order of rules, statements or earlier questions', () => {
    fc.assert(
      fc.property(
        rules,
        principal,
        fc.array(statement, { minLength: 1, maxLength: 3 }),
        (chosen, who, statements) => {
          const request = { principal: who, session, statements };
          const engine = engineOver(chosen);
          for (const one of statements) engine.decide({ ...request, statements: [one] });
          const first = engine.decide(request);
          expect(engine.decide({ ...request, statements: [...statements].reverse() }).effect).toBe(
            first.effect,
          );
          expect(decide([...chosen].reverse(), request).effect).toBe(first.effect);
        },
      ),
      RUNS,
    );
  });
});

function mapAccesses({ accesses }: Statement, change: (found: Access) => Access): Statement['accesses'] {
  return accesses.known ? known(accesses.value.map(change)) : accesses;
}
