import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '@gatehouse/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditReader, SearchFilter, StoredEvent } from './audit-store.ts';
import { connectStore } from './connect-store.ts';
import { serveStore } from './serve-store.ts';

let dir: string;
let path: string;
let stop: () => Promise<void>;
let asked: unknown[];

const LINE = 'a line with \u2028, "quotes" and ü';

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-socket-'));
  path = join(dir, 'inner', 'audit.sock');
  asked = [];
  stop = await serveStore(recordingStore(), path);
});
afterEach(async () => {
  await stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Answers every question with what was asked. */
function recordingStore(): AuditReader {
  const answer = async (...question: unknown[]): Promise<readonly StoredEvent[]> => {
    asked.push(question);
    return [{ id: asked.length, line: LINE }];
  };
  return {
    tail: (after, limit) => answer('tail', after, limit),
    search: (filter) => answer('search', filter),
    show: async (request) => {
      if (request === 'broken') throw new GatewayError('unavailable', 'store-unavailable', 'away');
      if (request === 'bug') throw new Error('password=secret');
      return answer('show', request);
    },
    lines: async (node, after, limit) => (await answer('lines', node, after, limit)).map(({ line }) => line),
    verifyInfo: async () => [{ node: 'gw-1', events: 1, firstSeq: 1, lastSeq: 1, missing: 0 }],
    checkpoints: async () => (await answer('checkpoints')).map(({ line }) => line),
    planRetention: async (limits, now) => {
      await answer('planRetention', limits, now);
      return { days: 1, bytes: 8_192, oldest: '2026-01-31', due: null, kept: null };
    },
    close: async () => {
      asked.push('close');
    },
  };
}

test('passes every question and every answer through', async () => {
  const reader = await connectStore(path);
  const filter: SearchFilter = { who: 'ada\n', limit: 5 };
  const answers = await Promise.all([
    reader.tail(null, 10),
    reader.search(filter),
    reader.show('s1-1'),
    reader.lines('gw-1', 3, 4),
    reader.verifyInfo(),
    reader.checkpoints(),
    reader.planRetention({ maxAgeMs: 0, maxBytes: 9 }, 7),
  ]);
  expect(answers).toEqual([
    [{ id: 1, line: LINE }],
    [{ id: 2, line: LINE }],
    [{ id: 3, line: LINE }],
    [LINE],
    [{ node: 'gw-1', events: 1, firstSeq: 1, lastSeq: 1, missing: 0 }],
    [LINE],
    { days: 1, bytes: 8_192, oldest: '2026-01-31', due: null, kept: null },
  ]);
  expect(asked).toEqual([
    ['tail', null, 10],
    ['search', filter],
    ['show', 's1-1'],
    ['lines', 'gw-1', 3, 4],
    ['checkpoints'],
    ['planRetention', { maxAgeMs: 0, maxBytes: 9 }, 7],
  ]);
  await reader.close();
});

test('gives errors their code back, and hides what is not meant for others', async () => {
  const reader = await connectStore(path);
  await expect(reader.show('broken')).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'store-unavailable',
  });
  await expect(reader.show('bug')).rejects.toMatchObject({
    code: 'store-failed',
    message: 'the store failed',
  });
  expect(await reader.show('s1')).toHaveLength(1);
  await reader.close();
});

test.each([
  ['no JSON', 'x'],
  ['a method that writes', '{"id":1,"method":"insert","params":[[]]}'],
  ['a method of every object', '{"id":1,"method":"constructor","params":[]}'],
  ['limits nobody knows', '{"id":1,"method":"planRetention","params":[{"days":1},7]}'],
  ['a filter nobody knows', '{"id":1,"method":"search","params":[{"__proto__":{},"drop":"1"}]}'],
  ['a filter of another type', '{"id":1,"method":"search","params":[{"who":["a"]}]}'],
  ['a limit of another type', '{"id":1,"method":"tail","params":[null,"1"]}'],
  ['a line without end', 'x'.repeat(100_000)],
])('hangs up on %s', async (_name, line) => {
  const socket = createConnection(path);
  const answer: Buffer[] = [];
  socket.on('data', (chunk) => answer.push(chunk));
  socket.on('error', () => undefined);
  socket.write(line.length > 1000 ? line : `${line}\n`);
  await new Promise((resolve) => socket.on('close', resolve));
  expect(Buffer.concat(answer).toString()).toBe('');
  expect(asked).toEqual([]);
});

test('is open to the owner only', () => {
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(dir, 'inner')).mode & 0o777).toBe(0o700);
});

test('fails what waits when the owner goes, and connecting afterwards', async () => {
  const reader = await connectStore(path);
  await stop();
  await expect(reader.show('s1')).rejects.toMatchObject({ code: 'store-unavailable' });
  await expect(connectStore(path)).rejects.toMatchObject({ code: 'store-unavailable' });
});

test('replaces the socket that a killed owner left, and refuses a path that is too long', async () => {
  const stale = join(dir, 'stale.sock');
  writeFileSync(stale, '');
  const stopStale = await serveStore(recordingStore(), stale);
  const reader = await connectStore(stale);
  expect(await reader.show('s1')).toHaveLength(1);
  await reader.close();
  await stopStale();
  await expect(serveStore(recordingStore(), join(dir, 'x'.repeat(100)))).rejects.toMatchObject({
    kind: 'config',
    code: 'store-socket',
  });
});
