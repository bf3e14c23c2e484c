import type { IntentBody } from '@gatehouse/model';
import { expect, test } from 'vitest';
import { statement } from '../../testkit/event-bodies.ts';
import { codeOf, event, statementEvent, useJournalFolder, written } from '../../testkit/journal-folder.ts';

const { open } = useJournalFolder();

test('refuses statements when full, still takes what ends them, and goes on when events were passed on', async () => {
  const journal = open({ maxBacklogBytes: 20_000 });
  while (codeOf(() => journal.append(statementEvent('select 1'))) === null) await written(journal);
  expect(codeOf(() => journal.append(statementEvent('select 1')))).toBe('audit/journal-full');
  expect(journal.status()).toMatchObject({ failure: { code: 'journal-full' } });
  expect(codeOf(() => journal.append(event('stopped')))).toBeNull();
  await written(journal);
  while (codeOf(() => journal.append(event('x'))) === null) await written(journal);
  expect(codeOf(() => journal.append(event('x')))).toBe('audit/journal-full');
  journal.acknowledge(journal.written());
  expect(journal.status()).toMatchObject({ backlogBytes: 0, backlogEvents: 0, failure: null });
  expect(codeOf(() => journal.append(statementEvent('select 1')))).toBeNull();
});

test('refuses statements when events have waited too long to be passed on, also what an earlier process has written', async () => {
  const journal = open({ maxBacklogMs: 60_000 });
  journal.append(statementEvent('select 1'));
  await written(journal);
  expect(codeOf(() => journal.append(statementEvent('select 1')))).toBeNull();
  await written(journal);
  journal.backdate(Date.now() - 120_000);
  expect(codeOf(() => journal.append(statementEvent('select 1')))).toBe('audit/journal-late');
  expect(journal.status()).toMatchObject({ failure: { code: 'journal-late' } });
  expect(journal.status().backlogMs).toBeGreaterThanOrEqual(120_000);
  expect(codeOf(() => journal.append(event('stopped')))).toBeNull();
  await written(journal);
  journal.acknowledge(journal.written());
  expect(journal.status()).toMatchObject({ backlogMs: 0, failure: null });
  expect(codeOf(() => journal.append(statementEvent('select 1')))).toBeNull();
});

test('records reads beyond the limit where that is configured, and nothing that writes or is not understood', async () => {
  const journal = open({ maxBacklogBytes: 20_000, readsBeyondBacklogBytes: 10_000 });
  const read = statementEvent('select 1');
  const reading = statement('select', ['t']);
  const writing = statement('delete', ['t'], 'delete');
  const unknown = { ...reading, accesses: { known: false, reason: 'not understood' } } as const;
  const tries = (...statements: IntentBody['statements']) =>
    codeOf(() => journal.append({ ...read, statements }));
  while (tries(writing) === null) await written(journal);
  expect(tries(writing)).toBe('audit/journal-full');
  expect(tries(reading, unknown)).toBe('audit/journal-full');
  expect(tries(reading, writing)).toBe('audit/journal-full');
  const before = journal.written().seq;
  while (tries(reading) === null) await written(journal);
  expect(tries(reading)).toBe('audit/journal-full');
  expect(journal.written().seq).toBeGreaterThan(before + 3);
  expect(journal.status().backlogBytes).toBeLessThan(32_000);
  expect(codeOf(() => journal.append(event('stopped')))).toBeNull();
});
