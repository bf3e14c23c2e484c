import { writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codeOf, event, synced, useJournalFolder, written } from '../../testkit/journal-folder.ts';
import { GENESIS } from './event-line.ts';

const { open, segments, lines, chain } = useJournalFolder();

test('writes all events of one turn with one call and answers in order afterwards', async () => {
  const writes: number[] = [];
  const journal = open({
    write: (fd, bytes, position) => {
      writes.push(bytes.length);
      return writeSync(fd, bytes, 0, bytes.length, position);
    },
  });
  const order: string[] = [];
  expect(journal.append(event('a'))).toBe(1);
  journal.afterWritten((error) => order.push(`first ${error}`));
  expect(journal.append(event('b'))).toBe(2);
  journal.afterWritten((error) => order.push(`second ${error}`));
  expect(order).toEqual([]);
  await written(journal);
  expect(order).toEqual(['first null', 'second null']);
  expect(writes).toHaveLength(1);
  expect(chain()).toEqual(['a', 'b']);
});

test('writes exactly the documented line', async () => {
  const journal = open({ clock: () => Date.UTC(2026, 0, 31, 12) });
  journal.append(event('started'));
  await written(journal);
  expect(lines()).toEqual([
    `{"v":1,"node":"gw-1","seq":1,"at":"2026-01-31T12:00:00.000Z","prev":"${GENESIS}","body":{"kind":"gateway","what":"started","detail":{}}}`,
  ]);
});

test('continues numbers and chain over segments and over restarts', async () => {
  const first = open({ segmentBytes: 400 });
  for (let index = 1; index <= 5; index += 1) {
    first.append(event(`e${index}`));
    await written(first);
  }
  await first.close();
  const second = open({ segmentBytes: 400 });
  expect(second.append(event('e6'))).toBe(6);
  await second.close();
  expect(segments()).toEqual([
    'gw-1-000000000001.jsonl',
    'gw-1-000000000003.jsonl',
    'gw-1-000000000005.jsonl',
  ]);
  expect(chain()).toEqual(['e1', 'e2', 'e3', 'e4', 'e5', 'e6']);
});

test.each(['../x', 'a/b', '', 'a"b'])('refuses %j as name of a node', (node) => {
  expect(codeOf(() => open({ node }))).toBe('config/journal-node');
});

test('finishes a batch that the system takes in pieces', async () => {
  const journal = open({
    write: (fd, bytes, position) => writeSync(fd, bytes, 0, Math.min(7, bytes.length), position),
  });
  journal.append(event('a'));
  journal.append(event('b'));
  expect(await written(journal)).toBeNull();
  expect(chain()).toEqual(['a', 'b']);
});

test('shares one sync among those who wait at the same time', async () => {
  let syncs = 0;
  const journal = open({
    sync: (_fd, done) => {
      syncs += 1;
      setTimeout(done, 20, null);
    },
  });
  journal.append(event('a'));
  const first = synced(journal);
  await written(journal);
  const later = Array.from({ length: 50 }, (_, index) => {
    journal.append(event(`e${index}`));
    return synced(journal);
  });
  expect(journal.synced().seq).toBe(0);
  await first;
  expect(journal.synced().seq).toBe(1);
  await Promise.all(later);
  expect(journal.synced().seq).toBe(51);
  expect(syncs).toBe(2);
});

test('a waiter that throws does not keep the next one from its answer', async () => {
  const journal = open();
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
  const listeners = process.listeners('uncaughtException').slice(0, -1);
  for (const listener of listeners) process.off('uncaughtException', listener);
  journal.append(event('a'));
  journal.afterWritten(() => {
    throw new Error('bug');
  });
  expect(await written(journal)).toBeNull();
  expect(await thrown).toMatchObject({ message: 'bug' });
  for (const listener of listeners) process.on('uncaughtException', listener);
});
