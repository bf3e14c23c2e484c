import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditBody, GatewayError } from '@gatehouse/model';
import { unknown } from '@gatehouse/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { ADA, BOT, DENY, intent, login, outcome, statement } from '../../testkit/event-bodies.ts';
import { placeEmptyStore } from '../../testkit/place-empty-store.ts';
import { formatLine, GENESIS, parseLine } from '../journal/event-line.ts';
import type { AuditStore, SearchFilter, StoredEvent } from './audit-store.ts';
import { openStore } from './open-store.ts';

const BODIES: readonly AuditBody[] = [
  { kind: 'gateway', what: 'started', detail: {} },
  login(),
  intent('s1-1'),
  outcome('s1-1'),
  intent('s1-2', {
    statements: [statement('delete', ['public', 'orders'], 'delete')],
    decision: DENY,
    text: 'DELETE FROM orders',
  }),
  outcome('s1-2', { result: 'denied', code: 'denied-by-rule', rows: 0 }),
  intent('s1-3', {
    principal: { ...BOT, purpose: 'monthly report' },
    statements: [{ ...statement('call', []), accesses: unknown('user function') }],
    text: 'null \0 and half \ud800 of a pair',
  }),
  outcome('s1-3', { result: 'error', code: '42P01' }),
];
const LINES = chainedLines(BODIES);

let dir: string;
let store: AuditStore;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-store-'));
  await placeEmptyStore(join(dir, 'store'));
  store = await openStore({ kind: 'embedded', dir: join(dir, 'store') }, () => undefined);
  await store.migrate();
  expect(await store.insert(LINES)).toEqual({
    inserted: LINES.length,
    duplicates: 0,
    conflicts: [],
    broken: [],
  });
}, 60_000);
afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

function seqs(events: readonly StoredEvent[]): (number | undefined)[] {
  return events.map(({ line }) => parseLine(line)?.seq);
}

test('keeps every line byte for byte', async () => {
  expect(await store.lines('gw-1', 0, 100)).toEqual(LINES);
  expect(await store.lines('gw-1', 6, 1)).toEqual([LINES[6]]);
});

test('stores a line once however often it comes', async () => {
  expect(await store.insert(LINES)).toEqual({
    inserted: 0,
    duplicates: LINES.length,
    conflicts: [],
    broken: [],
  });
  expect(await store.insert([LINES[0]!, LINES[0]!])).toEqual({
    inserted: 0,
    duplicates: 2,
    conflicts: [],
    broken: [],
  });
  expect(await store.verifyInfo()).toEqual([
    { node: 'gw-1', events: 8, firstSeq: 1, lastSeq: 8, missing: 0 },
  ]);
});

test('keeps the first of two events with one number and names the conflict', async () => {
  const forged = LINES[3]!.replace('"rows":1', '"rows":0');
  expect(await store.insert([forged])).toEqual({
    inserted: 0,
    duplicates: 0,
    conflicts: ['gw-1/4'],
    broken: [],
  });
  expect((await store.lines('gw-1', 3, 1))[0]).toBe(LINES[3]);
});

test('refuses a batch with something that is no event, whole', async () => {
  const next = formatLine('gw-1', 99, '2026-01-31T12:00:00.000Z', GENESIS, '{"kind":"gateway"}');
  for (const bad of ['', 'x', '{}', LINES[0]!.replace('"at":"2026', '"at":"9026x')]) {
    await expect(store.insert([next, bad])).rejects.toMatchObject({ kind: 'audit', code: 'line-malformed' });
  }
  expect(seqs(await store.tail(null, 1))).toEqual([8]);
});

test('keeps events of a shape that it does not know', async () => {
  for (const [index, body] of [
    '{"kind":"later"}',
    '{"kind":"intent","statements":7}',
    '{"kind":"login"}',
  ].entries()) {
    const line = formatLine('gw-9', index + 1, '2026-01-31T12:00:00.000Z', GENESIS, body);
    expect((await store.insert([line])).inserted).toBe(1);
  }
});

test.each<[SearchFilter, number[]]>([
  [{ kind: 'login', node: 'gw-1' }, [2]],
  [{ who: 'bot' }, [8, 7]],
  [{ purpose: 'monthly report' }, [8, 7]],
  [{ purpose: 'monthly' }, []],
  [{ who: 'ada', kind: 'intent' }, [7, 5, 3]],
  [{ who: 'ad' }, []],
  [{ who: "x' or true --" }, []],
  [{ object: 'public.customers' }, [4, 3]],
  [{ object: 'public.*' }, [6, 5, 4, 3]],
  [{ object: 'publ*' }, []],
  [{ object: '?' }, [8, 7]],
  [{ action: 'delete' }, [6, 5]],
  [{ effect: 'deny', result: 'denied' }, [6]],
  [{ rule: 'guardrails/no-bare-delete' }, [6, 5]],
  [{ rule: 'no-bare-delete', kind: 'intent' }, [5]],
  [{ result: 'error' }, [8]],
  [{ code: '42P01', who: 'ada' }, [8]],
  [{ verb: 'delete', kind: 'intent' }, [5]],
  [{ text: 'from ORDERS', kind: 'intent' }, [5]],
  [{ text: 'from ORDERS' }, [6, 5]],
  [{ text: 'from ORD' }, [6, 5]],
  [{ text: 'from ord', result: 'denied' }, [6]],
  [{ text: 'from ord', result: 'ok' }, []],
  [{ text: '*' }, [4, 3]],
  [{ text: '100%', kind: 'intent' }, []],
  [{ who: "ada' | 'kind:intent", node: 'gw-1' }, []],
  [{ object: "\\'", text: "\\' | word:select" }, []],
  [{ session: 's1', limit: 2 }, [8, 7]],
  [{ request: 's1-1' }, [4, 3]],
  [{ database: 'shop', kind: 'intent', before: 6 }, [5, 3]],
  [{ from: '2026-01-31T12:00:02.000Z', to: '2026-01-31T12:00:04.000Z', node: 'gw-1' }, [4, 3]],
  [{ session: 's1', limit: -5 }, []],
])('finds by %j the events %j', async (filter, expected) => {
  expect(seqs(await store.search(filter))).toEqual(expected);
});

test.each([
  ['first', [3, 2]],
  ['last', [2, 3]],
])('finds an outcome by what its intent says that came %s in a batch of its own', async (when, order) => {
  const lines = chainedLines(
    [
      login(),
      intent(`apart-${when}`, { principal: { ...ADA, name: `apart-${when}` } }),
      outcome(`apart-${when}`),
    ],
    `gw-${when}`,
  );
  for (const seq of order) await store.insert([lines[seq - 1]!]);
  expect(seqs(await store.search({ who: `apart-${when}` }))).toEqual(order.toReversed());
  expect(seqs(await store.search({ who: `apart-${when}`, kind: 'outcome', result: 'ok' }))).toEqual([3]);
  expect(seqs(await store.search({ who: `apart-${when}`, kind: 'intent' }))).toEqual([2]);
});

test('shows the login, the intent and the outcome of one request', async () => {
  expect(seqs(await store.show('s1-2'))).toEqual([2, 5, 6]);
  expect(await store.show('none')).toEqual([]);
});

test('follows new events without missing or repeating one', async () => {
  const [last] = await store.tail(null, 1);
  const more = chainedLines([login(ADA, 's7'), login(ADA, 's8')], 'gw-2');
  await store.insert(more);
  const fresh = await store.tail(last!.id, 100);
  expect(fresh.map(({ line }) => line)).toEqual(more);
  expect(await store.tail(fresh.at(-1)!.id, 100)).toEqual([]);
});

test('says which numbers are missing', async () => {
  const lines = chainedLines(BODIES, 'gw-3');
  await store.insert([lines[1]!, lines[4]!, lines[5]!]);
  expect((await store.verifyInfo()).find(({ node }) => node === 'gw-3')).toEqual({
    node: 'gw-3',
    events: 3,
    firstSeq: 2,
    lastSeq: 6,
    missing: 2,
  });
});

test('makes its schema itself, and finds it again', async () => {
  const again = join(dir, 'again');
  for (const expected of [1, 0]) {
    const opened = await openStore({ kind: 'embedded', dir: again }, () => undefined);
    expect((await opened.insert([LINES[0]!])).inserted).toBe(expected);
    await opened.close();
  }
}, 120_000);

test('lets one process have the embedded store and says who has it', async () => {
  await expect(
    openStore({ kind: 'embedded', dir: join(dir, 'store') }, () => undefined),
  ).rejects.toMatchObject({
    kind: 'config',
  });
});

test('throws what a caller can act on when a server cannot be reached', async () => {
  const away = await openStore({ kind: 'server', url: 'postgres://u:secret@127.0.0.1:1/x' }, () => undefined);
  const error = (await away.tail(null, 1).catch((caught: unknown) => caught)) as GatewayError;
  expect(error).toMatchObject({ kind: 'unavailable', code: 'store-unavailable', retry: 'safe' });
  expect(`${error.message} ${JSON.stringify(error.context)}`).not.toContain('secret');
  await away.close();
});
