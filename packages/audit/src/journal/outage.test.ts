import { statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, event, synced, useJournalFolder, written } from '../../testkit/journal-folder.ts';
import { parseLine } from './event-line.ts';

const folder = useJournalFolder();
const { open, segments, lines, chain } = folder;

test('fails those who wait, cuts back half-written lines, and recovers with an event that counts what was lost', async () => {
  let broken = false;
  const journal = open({
    write: (fd, bytes, position) => {
      if (!broken) return writeSync(fd, bytes, 0, bytes.length, position);
      const half = Math.min(30, bytes.length);
      if (position % 2 === 0 || bytes.length <= 30)
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return writeSync(fd, bytes, 0, half, position);
    },
  });
  journal.append(event('a'));
  expect(await written(journal)).toBeNull();
  const good = statSync(join(folder.dir, segments()[0]!)).size;
  broken = true;
  expect(journal.append(event('b'))).toBe(2);
  const answers = await Promise.all([written(journal), synced(journal)]);
  expect(answers.map((error) => [error?.kind, error?.code, error?.context['reason']])).toEqual([
    ['audit', 'journal-failed', 'ENOSPC'],
    ['audit', 'journal-failed', 'ENOSPC'],
  ]);
  expect(statSync(join(folder.dir, segments()[0]!)).size).toBe(good);
  expect(codeOf(() => journal.append(event('c')))).toBe('audit/journal-failed');
  expect(journal.status().failure?.code).toBe('journal-failed');
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(codeOf(() => journal.append(event('c')))).toBe('audit/journal-failed');
  broken = false;
  await expect.poll(() => journal.status().failure).toBeNull();
  expect(journal.append(event('d'))).toBe(3);
  expect(await synced(journal)).toBeNull();
  expect(chain()).toEqual(['a', 'journal-recovered', 'd']);
  expect(parseLine(lines()[1]!)?.body).toMatchObject({
    detail: { reason: 'ENOSPC', lostEvents: 1, refusedEvents: 2 },
  });
});

test('never syncs again after a failed sync', async () => {
  let syncs = 0;
  const journal = open({
    sync: (_fd, done) => {
      syncs += 1;
      setImmediate(done, syncs === 1 ? Object.assign(new Error('disk'), { code: 'EIO' }) : null);
    },
  });
  journal.append(event('a'));
  expect((await synced(journal))?.code).toBe('journal-failed');
  expect(codeOf(() => journal.append(event('b')))).toBe('audit/journal-failed');
  expect((await synced(journal))?.code).toBe('journal-failed');
  expect(journal.synced().seq).toBe(0);
});
