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
  expect(LINES.map((line) => formatEvent(line, { width: 176 }))).toEqual([
    '2026-01-31 12:00:00.000  gw-1 1          login       ada                 s1                      shop  token  from 10.0.0.1:5000',
    '2026-01-31 12:00:01.000  gw-1 2          permit      ada                 s1-1                    shop  read public.customers  base/readers  select * from customers where id = 7',
    '2026-01-31 12:00:02.000  gw-1 3          ok                              s1-1                    1 row, 2 masked cells, 100 bytes in 3.1 ms',
    '2026-01-31 12:00:03.000  gw-1 4          deny        bot for ada         s1-2                    guardrails/no-bare-delete  unknown ?  select * from customers where id = 7',
    '2026-01-31 12:00:04.000  gw-1 5          logout                          s1                      client  after 2 statements',
    '2026-01-31 12:00:05.000  gw-1 6          violation                       s1                      bad-frame  a frame of 0 bytes',
    '2026-01-31 12:00:06.000  gw-1 7          gateway                                                 started  listeners ["a:1"]',
  ]);
});

test('fits the screen, and keeps time, verdict and who on a narrow one', () => {
  expect(LINES.map((line) => formatEvent(line, { width: 80 }))).toEqual([
    '12:00:00  login       ada           s1  shop  token  from 10.0.0.1:5000',
    '12:00:01  permit      ada           s1-1  select * from customers where id = 7',
    '12:00:02  ok                        s1-1  1 row, 2 masked cells in 3.1 ms',
    '12:00:03  deny        bot for ada   s1-2  guardrails/no-bare-delete  unknown ? …',
    '12:00:04  logout                    s1  client  after 2 statements',
    '12:00:05  violation                 s1  bad-frame  a frame of 0 bytes',
    '12:00:06  gateway                   started  listeners ["a:1"]',
  ]);
  for (const width of [60, 80, 100, 109, 110, 149, 150, 200]) {
    for (const line of LINES) expect(formatEvent(line, { width }).length).toBeLessThanOrEqual(width);
  }
});

test('says in a word what the gateway itself has done', () => {
  const detail = { from: 1, to: 8, key: 'c'.repeat(32) };
  const [line] = chainedLines([{ kind: 'gateway', what: 'checkpoint', detail }]);
  expect(formatEvent(line!, { width: 80 })).toMatch(/ checkpoint {2}events 1 to 8 signed by cccccccc$/);
});

test('tells a request on one screen', () => {
  expect(formatStory(LINES.slice(0, 3), { width: 70 })).toBe(
    [
      'request     s1-1',
      'verdict     permitted, ok',
      '─'.repeat(70),
      'who         ada (human)',
      'login       2026-01-31 12:00:00.000 UTC from 10.0.0.1:5000 (token,',
      '            TLS, shell)',
      'as          ada',
      'asked       2026-01-31 12:00:01.000 UTC of shop (line, simple)',
      'text        select * from customers where id = 7',
      'select      read public.customers',
      'decision    permit: permitted',
      'rule        base/readers (base.yaml:3), policies r1',
      'answered    2026-01-31 12:00:02.000 UTC',
      'outcome     ok: 1 row, 2 masked cells, 100 bytes in 3.1 ms',
      '─'.repeat(70),
      'evidence    events gw-1 1, gw-1 2, gw-1 3; gatehouse audit verify',
      '            proves them',
      '',
    ].join('\n'),
  );
  expect(formatStory([LINES[3]!])).toContain('decision    deny: deletes need a filter');
  expect(formatStory([LINES[3]!])).toContain('verdict     denied');
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
