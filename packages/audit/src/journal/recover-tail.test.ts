import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, event, useJournalFolder, written } from '../../testkit/journal-folder.ts';
import { hashLine, parseLine } from './event-line.ts';

const folder = useJournalFolder();
const { open, segments, chain } = folder;

test.each([
  ['half a line', '{"v":1,"node":"gw-1","seq":2,"at":"20'],
  ['zeros', '\0'.repeat(5000)],
])('cuts %s from the end and says so in the next event', async (_name, tail) => {
  const first = open();
  first.append(event('a'));
  await first.close();
  appendFileSync(join(folder.dir, segments()[0]!), tail);
  const second = open();
  expect(second.append(event('b'))).toBe(3);
  await second.close();
  expect(chain()).toEqual(['a', 'journal-cut', 'b']);
});

test('puts complete lines that are no events aside and goes on behind the last good one', async () => {
  const first = open();
  first.append(event('a'));
  await first.close();
  appendFileSync(join(folder.dir, segments()[0]!), 'not an event\nnor this\nhalf');
  const second = open();
  second.append(event('b'));
  await second.close();
  expect(chain()).toEqual(['a', 'journal-cut', 'b']);
  expect(readFileSync(join(folder.dir, 'gw-1-000000000001.jsonl.cut-1'), 'utf8')).toBe(
    'not an event\nnor this\nhalf',
  );
});

test('continues the chain from the bytes of the last line, also where they are damaged', async () => {
  const first = open();
  first.append(event('a\u00fcb'));
  await first.close();
  const path = join(folder.dir, segments()[0]!);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf(0xc3)] = 0xff;
  writeFileSync(path, bytes);
  const second = open();
  second.append(event('b'));
  await second.close();
  const [damaged, next] = readFileSync(path).toString('latin1').split('\n');
  expect(parseLine(next!)?.prev).toBe(hashLine(Buffer.from(damaged!, 'latin1')));
});

test('refuses to open when the newest segment holds no event at all', () => {
  writeFileSync(join(folder.dir, 'gw-1-000000000001.jsonl'), 'nothing\nof\nuse\n');
  expect(codeOf(() => open())).toBe('audit/journal-damaged');
});

test('takes up an earlier segment when the newest one was torn in its first line', async () => {
  const first = open({ segmentBytes: 300 });
  for (const name of ['a', 'b', 'c']) {
    first.append(event(name));
    await written(first);
  }
  await first.close();
  truncateSync(join(folder.dir, segments().at(-1)!), 20);
  const second = open({ segmentBytes: 300 });
  second.append(event('d'));
  await second.close();
  expect(chain()).toEqual(['a', 'b', 'journal-cut', 'd']);
});

test('does not take segments of a node with a longer name for its own', async () => {
  const other = open({ node: 'gw-1-000000000001' });
  other.append(event('other'));
  await other.close();
  const journal = open();
  expect(journal.append(event('a'))).toBe(1);
});
