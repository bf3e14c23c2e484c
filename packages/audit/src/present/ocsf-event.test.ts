import { expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { BOT, DENY, intent, login, outcome, statement } from '../../testkit/event-bodies.ts';
import { hashLine } from '../journal/event-line.ts';
import { exportEvents } from './export-events.ts';
import { ocsfEvent } from './ocsf-event.ts';

const { principal: _nobody, ...nameless } = login();
const LINES = chainedLines([
  login(BOT),
  { ...nameless, result: 'refused', error: 'login-refused', claimedName: 'eve' },
  intent('s1-1', { principal: BOT }),
  outcome('s1-1', { rows: 3, bytes: 77, durationMs: 1.6 }),
  intent('s1-2', { decision: DENY, statements: [statement('delete', ['public', 'orders'], 'delete')] }),
  outcome('s1-2', { result: 'denied', code: 'denied-by-rule' }),
  { kind: 'violation', session: login().session, code: 'bad-frame', detail: 'a frame of 0 bytes' },
  { kind: 'logout', session: 's1', reason: 'client', statements: 2, durationMs: 9 },
  { kind: 'gateway', what: 'started', detail: { listeners: ['a:1'] } },
]);

function ocsf(index: number) {
  return JSON.parse(ocsfEvent(LINES[index]!)!);
}

test('gives every kind of event a class, a type, a time and the way back to its line', () => {
  for (const [index, line] of LINES.entries()) {
    const event = ocsf(index);
    expect(event).toMatchObject({
      class_uid: 6005,
      category_uid: 6,
      time: Date.UTC(2026, 0, 31, 12) + index * 1000,
      metadata: { uid: `gw-1/${index + 1}`, sequence: index + 1, version: '1.3.0' },
      unmapped: { hash: hashLine(line) },
    });
    expect(event.type_uid).toBe(600_500 + event.activity_id);
    expect(event.severity_id).toBeGreaterThan(0);
  }
});

test('tells who asked for what of which table, and whether it was allowed', () => {
  expect(ocsf(2)).toMatchObject({
    activity_id: 1,
    action: 'Allowed',
    actor: { user: { name: 'bot', type: 'agent' }, session: { uid: 's1' }, invoked_by: 'ada' },
    src_endpoint: { ip: '10.0.0.1', port: 5000, svc_name: 'shell' },
    database: { name: 'shop' },
    table: { name: 'public.customers' },
    query_info: { uid: 's1-1', query_string: 'select * from customers where id = 7' },
  });
  expect(ocsf(4)).toMatchObject({
    activity_id: 7,
    action: 'Denied',
    disposition: 'Blocked',
    severity_id: 3,
    actor: { authorizations: [{ decision: 'deny', policy: { name: 'guardrails', uid: 'no-bare-delete' } }] },
  });
});

test('tells how it ended, joined by the request', () => {
  const correlation = { metadata: { correlation_uid: 's1-1' } };
  expect(ocsf(3)).toMatchObject({
    status_id: 1,
    duration: 2,
    query_info: { bytes: 77 },
    unmapped: { rows: 3 },
  });
  expect([ocsf(2), ocsf(3)]).toMatchObject([correlation, correlation]);
  expect(ocsf(5)).toMatchObject({ status_id: 2, status_code: 'denied', action: 'Denied' });
  expect([ocsf(0), ocsf(1)]).toMatchObject([
    { activity_id: 3, status_id: 1 },
    { activity_id: 3, status_id: 2, severity_id: 3, actor: { user: { name: 'eve' } } },
  ]);
});

test('takes along what it does not know, and leaves out what is no event', async () => {
  for (const body of ['{"kind":"later","x":1}', '{"kind":"intent"}', '{"kind":"login","session":3}']) {
    const [line] = chainedLines([JSON.parse(body)]);
    expect(JSON.parse(ocsfEvent(line!)!)).toMatchObject({ class_uid: 6005, metadata: { uid: 'gw-1/1' } });
  }
  expect(ocsfEvent('{"v":1}')).toBeNull();
  const pieces: string[] = [];
  for await (const piece of exportEvents(['nothing', LINES[0]!], 'ocsf')) pieces.push(piece);
  expect(pieces).toEqual([`${ocsfEvent(LINES[0]!)}\n`]);
});
