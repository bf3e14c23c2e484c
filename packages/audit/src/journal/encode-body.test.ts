import type { AuditBody, IntentBody, JsonValue, OutcomeBody } from '@gatehouse/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { intent } from '../../testkit/event-bodies.ts';
import { codeOf, event, statementEvent, useJournalFolder, written } from '../../testkit/journal-folder.ts';
import { createBodyEncoder } from './encode-body.ts';
import { parseLine } from './event-line.ts';

const { open, lines, chain } = useJournalFolder();

const OUTCOME: OutcomeBody = {
  kind: 'outcome',
  request: 's1-"7"',
  session: 's1\n',
  result: 'error',
  rows: 3,
  affectedRows: 0,
  maskedCells: 12,
  bytes: 4711,
  durationMs: 0.125,
};

/** Halves of characters, controls, line separators, and names that objects know. */
const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.constantFrom('__proto__', 'toJSON', '\u2028"\\\0', '\ud800', 'constructor', ''),
);

test('writes an outcome as JSON.stringify does', () => {
  const encode = createBodyEncoder();
  for (const body of [OUTCOME, { ...OUTCOME, code: '22P02 \\ "x"' }])
    expect(encode(body)).toBe(JSON.stringify(body));
  const odd = { ...OUTCOME, durationMs: Number.NaN, rows: Number.POSITIVE_INFINITY };
  expect(JSON.parse(encode(odd))).toEqual(JSON.parse(JSON.stringify(odd)));
  const texts = fc.record({ request: hostileText, session: hostileText, code: hostileText });
  const numbers = fc.record({ rows: fc.nat(), bytes: fc.maxSafeInteger(), durationMs: fc.double() });
  fc.assert(
    fc.property(texts, numbers, ({ code, ...ids }, counts) => {
      const body = { ...OUTCOME, ...ids, ...counts, code };
      expect(encode(body)).toBe(JSON.stringify(body));
    }),
  );
});

/** An intent with its keys in the order in which they are written. */
function ordered(changes: Partial<IntentBody>): IntentBody {
  const { kind, request, session, principal, statements, decision, via } = { ...intent('s1-1'), ...changes };
  const { text, parameters } = changes;
  return {
    ...{ kind, request, session, principal, statements, decision, via },
    ...(text === undefined ? {} : { text }),
    ...(parameters === undefined ? {} : { parameters }),
  };
}

test('writes an intent as JSON.stringify does, again and again, whoever shares its parts', () => {
  const encode = createBodyEncoder();
  const base = intent('s1-1');
  const part = fc.record({ text: hostileText, frozen: fc.boolean() });
  const parts = fc.array(part, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(parts, parts, parts, fc.array(hostileText, { maxLength: 3 }), (who, what, why, texts) => {
      const keep = <T extends object>(value: T, frozen: boolean) => (frozen ? Object.freeze(value) : value);
      const principals = who.map(({ text, frozen }) =>
        keep({ ...base.principal, name: text, claims: Object.fromEntries([['__proto__', text]]) }, frozen),
      );
      const statements = what.map(({ text, frozen }) =>
        keep({ ...base.statements[0]!, fingerprint: text }, frozen),
      );
      const decisions = why.map(({ text, frozen }) =>
        keep({ ...base.decision, policyRevision: text }, frozen),
      );
      const parameters: readonly JsonValue[] = texts;
      for (const round of [1, 2])
        for (const principal of principals)
          for (const decision of decisions)
            for (const of of [...statements.map((one) => [one]), statements, []]) {
              const via = texts[0] ?? `round ${round}`;
              const request = texts[1] ?? 's1-2';
              const text = texts[2] ?? '';
              const body = ordered({ principal, decision, statements: of, via, request, text, parameters });
              expect(encode(body)).toBe(JSON.stringify(body));
            }
    }),
    { numRuns: 50 },
  );
});

test('writes parts that are not frozen as they are now, whatever they stand beside', () => {
  const encode = createBodyEncoder();
  const frozen = Object.freeze({ ...intent('s1-1').decision });
  const open = { ...intent('s1-1').statements[0]!, fingerprint: 'before' };
  const body = ordered({ decision: frozen, statements: [open] });
  expect(encode(body)).toBe(JSON.stringify(body));
  open.fingerprint = 'after';
  expect(encode(body)).toContain('"fingerprint":"after"');
  expect(encode(body)).toBe(JSON.stringify(body));
});

test('keeps hostile texts on one line and cuts huge ones, with their length and hash', async () => {
  const journal = open();
  const hostile = 'select \'a\nb\u2028c\ud800"\\\0';
  journal.append(statementEvent(hostile));
  journal.append(statementEvent('x'.repeat(10_000_000), ['y'.repeat(10_000_000)]));
  journal.append(
    statementEvent(
      'many',
      Array.from({ length: 200_000 }, (_, index) => index),
    ),
  );
  await written(journal);
  const bodies = lines().map((line) => parseLine(line)?.body as IntentBody);
  expect(bodies[0]?.text).toBe(hostile);
  expect(bodies[1]?.text).toMatch(
    /^x{65536} \[cut by the audit: 10000000 characters, sha256 [0-9a-f]{64}\]$/,
  );
  expect(bodies[1]?.parameters?.[0]).toMatch(/^y{65536} \[cut by the audit: 10000000 characters/);
  expect(bodies[2]?.parameters).toEqual([
    expect.stringMatching(/^\[cut by the audit: 200000 parameters, sha256 [0-9a-f]{64}\]$/),
  ]);
});

test('refuses an event that is no JSON or too large, and records the next one', async () => {
  const journal = open();
  const endless: Record<string, unknown> = {};
  endless['self'] = endless;
  expect(codeOf(() => journal.append({ ...event('a'), detail: endless } as AuditBody))).toBe(
    'audit/event-not-json',
  );
  expect(codeOf(() => journal.append(event('x'.repeat(3_000_000))))).toBe('audit/event-too-large');
  expect(journal.append(event('b'))).toBe(1);
  await written(journal);
  expect(chain()).toEqual(['b']);
});

test('writes shared facts as they are now unless they are frozen', async () => {
  const journal = open();
  const body = statementEvent('select 1');
  journal.append(body);
  (body.session as { tls: boolean }).tls = false;
  journal.append(body);
  await written(journal);
  expect(lines().map((line) => (parseLine(line)!.body as IntentBody).session.tls)).toEqual([true, false]);
});
