/** Appends events to the journal in the folder that is its argument, until killed; prints each number that was synced. */
import { openJournal } from '../src/journal/journal.ts';

const journal = openJournal({
  dir: process.argv[2]!,
  node: 'gw-1',
  segmentBytes: 50_000,
  maxBacklogBytes: 1 << 30,
});

function next(): void {
  let last = 0;
  for (let index = 0; index < 7; index += 1) {
    last = journal.append({ kind: 'gateway', what: 'tick', detail: { index } });
  }
  const acknowledge = index % 10 === 0 ? journal.afterSynced : journal.afterWritten;
  index += 1;
  acknowledge.call(journal, (error) => {
    if (error !== null) throw error;
    process.stdout.write(`${last}\n`);
    next();
  });
}

let index = 0;
next();
