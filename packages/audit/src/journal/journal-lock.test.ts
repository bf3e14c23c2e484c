import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, event, useJournalFolder } from '../../testkit/journal-folder.ts';

const folder = useJournalFolder();
const { open } = folder;

test('refuses a second writer and frees the journal when closed', async () => {
  const first = open();
  expect(codeOf(() => open())).toBe('config/journal-in-use');
  await first.close();
  expect(codeOf(() => first.append(event('late')))).toBe('audit/journal-failed');
  expect(codeOf(() => open())).toBeNull();
});

test('takes over the lock of a process that is gone, also when its id is in use again', () => {
  writeFileSync(join(folder.dir, 'gw-1.lock'), '999999999 5\n');
  expect(codeOf(() => open())).toBeNull();
  const again = mkdtempSync(join(folder.dir, 'again-'));
  writeFileSync(join(again, 'gw-1.lock'), `${process.pid} 1\n`);
  expect(codeOf(() => open({ dir: again }))).toBeNull();
});
