import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditBody } from '@gatehouse/model';
import { expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { ADA, intent, login, statement } from '../../testkit/event-bodies.ts';
import { placeEmptyStore } from '../../testkit/place-empty-store.ts';
import { parseLine } from '../journal/event-line.ts';
import { eventColumns } from './event-columns.ts';
import { openStore } from './open-store.ts';

/** Compresses to nothing smaller, like a path that somebody has made up. */
const LONG = Array.from({ length: 9_000 }, (_, index) =>
  String.fromCharCode(0x4e00 + ((index * 7919) % 20_000)),
).join('');

const { principal: _nobody, ...nameless } = login();
const BODIES: readonly AuditBody[] = [
  { ...nameless, result: 'refused', claimedName: LONG },
  login({ ...ADA, name: LONG }, LONG),
  intent(LONG, { statements: [statement(LONG, [LONG, LONG])], via: LONG, text: LONG }),
  { kind: 'gateway', what: LONG, detail: {} },
];

test('cuts every column, and keeps the line', () => {
  for (const line of chainedLines(BODIES)) {
    const { line: kept, objects, node: _node, seq: _seq, ...columns } = eventColumns(parseLine(line)!, line);
    expect(kept).toBe(line);
    for (const text of [...objects, ...Object.values(columns)]) expect(text?.length ?? 0).toBeLessThan(501);
  }
});

test('never makes half a character', () => {
  const [line] = chainedLines([intent('r', { text: `${'a'.repeat(499)}\u{1f600}` })]);
  expect(eventColumns(parseLine(line!)!, line!).text).toBe(`${'a'.repeat(499)}\ufffd`);
});

test('stores events that name things longer than an index takes', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-columns-'));
  await placeEmptyStore(join(dir, 'store'));
  const store = await openStore({ kind: 'embedded', dir: join(dir, 'store') }, () => undefined);
  try {
    const lines = chainedLines(BODIES);
    await store.migrate();
    expect(await store.insert(lines)).toEqual({
      inserted: lines.length,
      duplicates: 0,
      conflicts: [],
      broken: [],
    });
    expect(await store.lines('gw-1', 0, 10)).toEqual(lines);
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);
