import { expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { intent, outcome } from '../../testkit/event-bodies.ts';
import { hashLine } from '../journal/event-line.ts';
import { verifyLines } from './verify-lines.ts';

const LINES = chainedLines(
  Array.from({ length: 10 }, (_, index) =>
    index % 2 === 0 ? intent(`s1-${index}`) : outcome(`s1-${index}`),
  ),
);
const OTHER = chainedLines([intent('x'), intent('y'), intent('z')], 'gw-2');

/** The line of a number. */
function at(seq: number): string {
  return LINES[seq - 1]!;
}

function replaced(seq: number, line: string): string[] {
  return LINES.with(seq - 1, line);
}

test('proves a whole chain and gives both ends', async () => {
  expect(await verifyLines(LINES, { after: 'start' })).toEqual({
    node: 'gw-1',
    events: 10,
    first: { seq: 1, hash: hashLine(at(1)) },
    last: { seq: 10, hash: hashLine(at(10)) },
    problem: null,
    signed: null,
  });
  expect(await verifyLines([], { after: 'start' })).toMatchObject({ node: null, events: 0, problem: null });
});

test('proves a part behind a known event', async () => {
  const after = { seq: 4, hash: hashLine(at(4)) };
  expect(await verifyLines(LINES.slice(4), { after })).toMatchObject({ events: 6, problem: null });
  expect(await verifyLines(LINES.slice(4))).toMatchObject({ events: 6, problem: null });
  expect((await verifyLines(LINES.slice(5), { after })).problem).toMatchObject({ kind: 'missing', seq: 5 });
  expect(
    (await verifyLines(LINES.slice(4), { after: { ...after, hash: hashLine('x') } })).problem,
  ).toMatchObject({
    kind: 'changed',
    seq: 5,
  });
});

const cases: [string, readonly (string | Buffer)[], { kind: string; seq: number; line: number }][] = [
  ['a changed value', replaced(5, at(5).replace('"ada"', '"eve"')), { kind: 'changed', seq: 5, line: 5 }],
  [
    'a changed value in the first event',
    replaced(1, at(1).replace('"ada"', '"eve"')),
    { kind: 'changed', seq: 1, line: 1 },
  ],
  [
    'a changed time',
    replaced(6, at(6).replace('12:00:05', '11:00:05')),
    { kind: 'changed', seq: 6, line: 6 },
  ],
  ['an added space', replaced(5, `${at(5)} `), { kind: 'changed', seq: 5, line: 5 }],
  [
    'a changed link',
    replaced(5, at(5).replace(/"prev":"../, '"prev":"00')),
    { kind: 'changed', seq: 5, line: 5 },
  ],
  ['a line that is no event', replaced(5, 'null'), { kind: 'changed', seq: 5, line: 5 }],
  ['an emptied line', replaced(5, ''), { kind: 'changed', seq: 5, line: 5 }],
  [
    'a first event with another one before it',
    chainedFrom('f'.repeat(64)),
    { kind: 'changed', seq: 1, line: 1 },
  ],
  ['a removed event', LINES.toSpliced(4, 1), { kind: 'missing', seq: 5, line: 5 }],
  ['removed first events', LINES.slice(2), { kind: 'missing', seq: 1, line: 1 }],
  ['three removed events', LINES.toSpliced(4, 3), { kind: 'missing', seq: 5, line: 5 }],
  ['an event that stands there twice', LINES.toSpliced(5, 0, at(5)), { kind: 'inserted', seq: 5, line: 6 }],
  ['an old event further down', LINES.toSpliced(7, 0, at(2)), { kind: 'inserted', seq: 2, line: 8 }],
  [
    'a forged event in front of the true one',
    LINES.toSpliced(4, 0, at(5).replace('"ada"', '"eve"')),
    { kind: 'inserted', seq: 5, line: 6 },
  ],
  ['an event of another node', LINES.toSpliced(4, 0, OTHER[1]!), { kind: 'inserted', seq: 5, line: 5 }],
  ['two exchanged events', LINES.toSpliced(4, 2, at(6), at(5)), { kind: 'reordered', seq: 5, line: 5 }],
  ['an event moved to the end', [...LINES.toSpliced(4, 1), at(5)], { kind: 'reordered', seq: 5, line: 5 }],
  ['half a line at the end', [...LINES, at(5).slice(0, 40)], { kind: 'torn', seq: 11, line: 11 }],
  ['zeros at the end', [...LINES, Buffer.alloc(100)], { kind: 'torn', seq: 11, line: 11 }],
];

test.each(cases)('finds %s', async (_name, lines, problem) => {
  expect((await verifyLines(lines, { after: 'start' })).problem).toMatchObject(problem);
});

test('sees bytes that decode to the same text', async () => {
  const lines = chainedLines([intent('a', { text: 'x\ufffdx' }), intent('b'), intent('c')]);
  const bytes = Buffer.from(lines[0]!);
  const place = bytes.indexOf(Buffer.from('\ufffd'));
  const forged = Buffer.concat([bytes.subarray(0, place), Buffer.from([0xff]), bytes.subarray(place + 3)]);
  expect(forged.toString('utf8')).toBe(lines[0]);
  expect((await verifyLines([forged, lines[1]!, lines[2]!])).problem).toMatchObject({
    kind: 'changed',
    seq: 1,
  });
});

function chainedFrom(prev: string): string[] {
  const first = at(1).replace('0'.repeat(64), prev);
  return [first, at(2).replace(hashLine(at(1)), hashLine(first))];
}
