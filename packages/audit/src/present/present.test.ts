import { unknown } from '@gatehouse/model';
import { expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { BOT, DENY, intent, login, outcome, statement } from '../../testkit/event-bodies.ts';
import { verifyLines } from '../verify/verify-lines.ts';
import { type ExportFormat, exportEvents } from './export-events.ts';
import { formatEvent } from './format-event.ts';
import { formatStory } from './format-story.ts';

const LINES = chainedLines([
  login(),
  intent('s1-1'),
  outcome('s1-1', { rows: 1, maskedCells: 2, durationMs: 3.14 }),
  intent('s1-2', {
    decision: DENY,
    principal: BOT,
    statements: [{ ...statement('call', []), accesses: unknown('x') }],
  }),
  { kind: 'logout', session: 's1', reason: 'client', statements: 2, durationMs: 9 },
  { kind: 'violation', session: login().session, code: 'bad-frame', detail: 'a frame of 0 bytes' },
  { kind: 'gateway', what: 'started', detail: { listeners: ['a:1'] } },
]);

test('gives each event one aligned line', () => {
  expect(LINES.map((line) => formatEvent(line, { width: 170 }))).toEqual([
    '2026-01-31 12:00:00.000  gw-1             1  login      ada               accepted   s1  shop  10.0.0.1:5000',
    '2026-01-31 12:00:01.000  gw-1             2  intent     ada               permit     s1-1  shop  read public.customers  base/readers  select * from customers where id = 7',
    '2026-01-31 12:00:02.000  gw-1             3  outcome                      ok         s1-1  1 row, 2 masked cells, 100 bytes in 3.1 ms',
    '2026-01-31 12:00:03.000  gw-1             4  intent     bot for ada       deny       s1-2  shop  unknown ?  guardrails/no-bare-delete  select * from customers where id =…',
    '2026-01-31 12:00:04.000  gw-1             5  logout                                  s1  client',
    '2026-01-31 12:00:05.000  gw-1             6  violation                               s1  bad-frame  a frame of 0 bytes',
    '2026-01-31 12:00:06.000  gw-1             7  gateway                                 started  {"listeners":["a:1"]}',
  ]);
});

test('tells a request on one screen', () => {
  expect(formatStory(LINES.slice(0, 3))).toBe(
    [
      'login     2026-01-31T12:00:00.000Z  gw-1 1',
      'who       ada (human)',
      'how       token, TLS, shell',
      'from      10.0.0.1:5000',
      'result    accepted',
      '',
      'request   2026-01-31T12:00:01.000Z  gw-1 2',
      'id        s1-1',
      'who       ada',
      'where     shop (line), simple',
      'text      select * from customers where id = 7',
      'select    read public.customers',
      'decision  permit: permitted',
      'rule      base/readers (base.yaml:3)',
      'policies  r1',
      '',
      'outcome   2026-01-31T12:00:02.000Z  gw-1 3',
      'result    ok',
      'counts    1 row, 2 masked cells, 100 bytes in 3.1 ms',
      '',
    ].join('\n'),
  );
  expect(formatStory([LINES[3]!])).toContain('decision  deny: deletes need a filter');
  expect(formatStory([])).toBe('no such request\n');
});

test('shows control characters instead of sending them', () => {
  const text = 'select \x1b[2J\x07 \u202e\u2028x';
  const [line] = chainedLines([intent('s1-1', { text, principal: { ...BOT, name: 'a\x1b[31m' } })]);
  for (const shown of [formatEvent(line!), formatStory([line!]).replaceAll('\n', '')]) {
    expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
    expect(shown).toContain('\\u001b[2J');
  }
});

test('sends no control characters of a forged event, wherever they stand', () => {
  const poison = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(poison);
    if (typeof value !== 'object' || value === null)
      return typeof value === 'boolean' ? value : '\x1b]0;x\x07';
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [key, key === 'kind' ? field : poison(field)]),
    );
  };
  for (const line of LINES) {
    const { body, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const forged = JSON.stringify({ ...rest, node: '\x1b[2J', body: poison(body) });
    expect(formatEvent(forged)).not.toMatch(/\p{Cc}/u);
    expect(formatStory([forged]).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  }
});

test('colours verdicts when asked, and only then', () => {
  expect(formatEvent(LINES[1]!)).not.toContain('\x1b');
  expect(formatEvent(LINES[1]!, { colour: true })).toContain('\x1b[32mpermit');
  expect(formatStory(LINES.slice(3, 4), { colour: true })).toContain('\x1b[31mdeny');
});

test('shows what is no event, and events of another shape', () => {
  expect(formatEvent('{"v":2}')).toBe('not an event: {"v":2}');
  for (const body of [
    '{"kind":"later"}',
    '{"kind":"intent"}',
    '{"kind":"login","session":3}',
    '{"kind":"outcome"}',
  ]) {
    const [line] = chainedLines([JSON.parse(body)]);
    expect(formatEvent(line!)).toContain(`${JSON.parse(body).kind}`);
    expect(formatStory([line!])).toContain(`${JSON.parse(body).kind}`);
  }
});

test('exports lines that still prove themselves', async () => {
  const text = await exported('jsonl', LINES);
  expect(await verifyLines(text.split('\n').slice(0, -1), { after: 'start' })).toMatchObject({
    events: 7,
    problem: null,
  });
});

test('defuses formulas in CSV', async () => {
  const lines = chainedLines([
    intent('s1-1', { text: '=cmd|"x", 1\nselect' }),
    intent('s1-2', { text: '-1+2' }),
  ]);
  const rows = (await exported('csv', lines)).split('\r\n');
  expect(rows[0]).toBe(
    'node,seq,at,kind,request,session,who,database,objects,action,effect,rule,result,code,verb,text',
  );
  expect(rows[1]).toBe(
    `gw-1,1,2026-01-31T12:00:00.000Z,intent,s1-1,s1,ada,shop,public.customers,read,permit,base/readers,,permitted,select,"'=cmd|""x"", 1\nselect"`,
  );
  expect(rows[2]).toMatch(/,'-1\+2$/);
});

async function exported(format: ExportFormat, lines: readonly string[]): Promise<string> {
  let text = '';
  for await (const piece of exportEvents(lines, format)) text += piece;
  return text;
}
