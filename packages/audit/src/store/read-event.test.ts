import { expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { ADA, BOT, DENY, intent, login, outcome, statement } from '../../testkit/event-bodies.ts';
import { createEventReader, readEvent } from './read-event.ts';

const HOSTILE = [
  '","via":"x',
  '}},"via":',
  '__proto__',
  '\\"',
  '\0',
  '\u2028',
  '\ud83d\ude00',
  '\ud800',
  '{',
  '',
];

/** Lines as a journal writes them: what stays the same, and what changes, in every place. */
const LINES = chainedLines([
  login(),
  ...HOSTILE.flatMap((text) => [
    intent(`r${text}`, { text }),
    intent('r', { principal: { ...ADA, name: text, purpose: text } }),
    intent('r', { principal: { ...BOT, claims: { via: text, deep: { via: [text] } } } }),
    intent('r', { via: text, parameters: [text] }),
    intent('r', { statements: [statement(text, [text, 'via'])], decision: DENY }),
    outcome('r', { code: text }),
  ]),
  intent('r'),
  intent('r'),
]);

/** The same, spoilt: other members, members twice, in another order, cut off. */
const SPOILT = LINES.flatMap((line) => [
  line.replace('"via":', '"decision":{"effect":"permit","reason":{}},"via":'),
  line.replace(/\}\}$/, ',"principal":{"name":"eve"}}}'),
  line.replace(/\}\}$/, ',"text":"select other"}}'),
  line.replace(/\}\}$/, '},"seq":9}'),
  line.replace(/\}\}$/, '},"v":2}'),
  line.replace(/\}\}$/, '}}}'),
  line.replace(/\}\}$/, '}} '),
  line.replace(/\}\}$/, '}'),
  line.replace('"session":', '"kind":"login","session":'),
  line.replace('"session":', '"__proto__":{},"session":'),
  line.replace('"request":"r"', '"request":7'),
  line.replace('"text":', '"text":7,"texts":'),
  line.replace('"at":"2026-01', '"at":"2026-13'),
  line.replace('"at":"2026', '"at":"0000'),
  line.replace('"seq":', '"seq":0'),
  line.replace('"seq":', '"seq": '),
  line.replace('"node":"gw-1"', '"node":"\\u0067w-1"'),
  line.slice(0, -20),
]);

test('gives the same row as reading all of it, whatever a line holds', () => {
  const read = createEventReader();
  for (const line of [...LINES, ...SPOILT, ...LINES.toReversed(), ...SPOILT.toReversed()]) {
    expect(read(line)).toEqual(readEvent(line));
  }
  expect(LINES.filter((line) => readEvent(line) === null)).toHaveLength(0);
});

test('tells what a remembered text says of its own line only', () => {
  const read = createEventReader();
  const [first, second] = chainedLines([
    intent('r1', { text: 'select 1' }),
    intent('r2', { text: 'select 2' }),
  ]);
  expect(read(first!)?.columns).toMatchObject({ seq: 1, request: 'r1', text: 'select 1', who: 'ada' });
  expect(read(second!)?.columns).toMatchObject({
    seq: 2,
    request: 'r2',
    text: 'select 2',
    who: 'ada',
    line: second,
  });
});

test('remembers so much and no more', () => {
  const read = createEventReader();
  for (let index = 0; index < 5_000; index += 1) {
    const [line] = chainedLines([intent('r', { principal: { ...ADA, name: `p${index}` } })]);
    expect(read(line!)?.columns.who).toBe(`p${index}`);
  }
});
