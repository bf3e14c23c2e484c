import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { ADA, intent, outcome } from '../../testkit/event-bodies.ts';
import { placeEmptyStore } from '../../testkit/place-empty-store.ts';
import { openStore } from './open-store.ts';

test('keeps rows apart whatever characters their texts hold', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-rows-'));
  await placeEmptyStore(join(dir, 'store'));
  const store = await openStore({ kind: 'embedded', dir: join(dir, 'store') }, () => undefined);
  const hostile = 'eve\x1fpermit\x1e\x1d\0 \ud83d\ude00';
  const lines = chainedLines(
    [
      intent('h1', { principal: { ...ADA, name: hostile }, text: '\x1d', via: '\x1f' }),
      outcome('h1', { code: '\x1f\x1f' }),
      intent('', { text: '' }),
      { kind: 'gateway', what: '', detail: {} },
    ],
    'hostile',
  );
  expect(await store.insert(lines)).toEqual({ inserted: 4, duplicates: 0, conflicts: [], broken: [] });
  expect(await store.lines('hostile', 0, 10)).toEqual(lines);
  expect((await store.search({ node: 'hostile', who: hostile })).map(({ line }) => line)).toEqual([
    lines[1],
    lines[0],
  ]);
  // Alone, each text is empty or the mark of one that is not there.
  for (const [index, line] of chainedLines([intent('', { text: '' }), outcome('\x1d')], 'alone').entries()) {
    expect(await store.insert([line])).toEqual({ inserted: 1, duplicates: 0, conflicts: [], broken: [] });
    expect(await store.lines('alone', index, 1)).toEqual([line]);
  }
  const [forged] = chainedLines([intent('f')], 'x').map((line) => line.replace('"x"', '"x\\u001fy"'));
  const half = lines[0]!.replace('eve', 'e\ud800e');
  for (const line of [forged!, half]) {
    await expect(store.insert([line])).rejects.toMatchObject({ code: 'line-malformed' });
  }
  await store.close();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);
