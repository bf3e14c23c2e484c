import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { intent } from '../../testkit/event-bodies.ts';
import { startTestPostgres, type TestPostgres, whyNoPostgres } from '../../testkit/postgres-server.ts';
import { parseLine } from '../journal/event-line.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import type { AuditStore } from '../store/audit-store.ts';
import { openStore } from '../store/open-store.ts';
import { journalLines } from '../verify/verify-journal.ts';
import { type GapWatch, startGapWatch } from './watch-gaps.ts';

const reason = whyNoPostgres();
const LINES = chainedLines(
  Array.from({ length: 600 }, (_, index) => intent(`r${index}`)),
  'other',
);
const GRACE_MS = 1_000;

describe.skipIf(reason !== null)(
  `what a node says of gaps in the store${reason === null ? '' : ` (${reason})`}`,
  () => {
    let postgres: TestPostgres;
    let databases = 0;
    let dir: string;
    let journal: Journal;
    let store: AuditStore;
    let now: number;
    let watches: GapWatch[];

    beforeAll(async () => {
      postgres = await startTestPostgres();
    }, 60_000);
    afterAll(() => postgres.remove(), 30_000);

    beforeEach(async () => {
      databases += 1;
      await postgres.run('postgres', `create database g${databases}`);
      store = await openStore({ kind: 'server', url: postgres.url(`g${databases}`) }, () => undefined);
      await store.migrate();
      dir = mkdtempSync(join(tmpdir(), 'gatehouse-gaps-'));
      journal = openJournal({ dir, node: 'gw-1', segmentBytes: 1 << 20, maxBacklogBytes: 1 << 24 });
      now = 0;
      watches = [];
    });
    afterEach(async () => {
      for (const watch of watches) watch.stop();
      await journal.close();
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    });

    function watch(): GapWatch {
      const made = startGapWatch({
        ...{ node: 'gw-1', journal, store, clock: () => now },
        ...{ everyMs: 1_000_000, graceMs: GRACE_MS },
      });
      watches.push(made);
      return made;
    }

    /** Looks twice, so that what was there the first time has been there for long enough. */
    async function lookLater(gaps: GapWatch): Promise<void> {
      await gaps.look();
      now += GRACE_MS;
      await gaps.look();
    }

    async function told(): Promise<readonly unknown[]> {
      journal.flush();
      const found: unknown[] = [];
      for await (const line of journalLines(dir, 'gw-1')) {
        const body = parseLine(line.toString())!.body;
        if (body.kind === 'gateway') found.push([body.what, body.detail]);
      }
      return found;
    }

    test('tells a gap once, and that it is closed when all of it has come', async () => {
      const gaps = watch();
      await store.insert([...LINES.slice(2, 5), ...LINES.slice(7, 9)]);
      await gaps.look();
      expect(await told()).toEqual([]);
      now += GRACE_MS;
      await gaps.look();
      await gaps.look();
      const gap = ['gap', { node: 'other', first: 6, last: 7, missing: 2 }];
      expect(await told()).toEqual([gap]);
      await store.insert([LINES[5]!]);
      await gaps.look();
      expect(await told()).toEqual([gap]);
      await store.insert([LINES[6]!]);
      await gaps.look();
      await gaps.look();
      expect(await told()).toEqual([gap, ['gap-closed', { node: 'other', first: 6, last: 7 }]]);
    });

    test('says nothing of what comes late, nor of what is before the first event', async () => {
      const gaps = watch();
      await store.insert([LINES[3]!, LINES[5]!]);
      await gaps.look();
      await store.insert([LINES[4]!]);
      now += GRACE_MS;
      await gaps.look();
      expect(await told()).toEqual([]);
    });

    test('finds a gap behind what was looked at before', async () => {
      const gaps = watch();
      await store.insert(LINES.slice(0, 3));
      await gaps.look();
      await store.insert([LINES[6]!]);
      await lookLater(gaps);
      expect(await told()).toEqual([['gap', { node: 'other', first: 4, last: 6, missing: 3 }]]);
    });

    test('goes on with what an earlier process has told', async () => {
      await store.insert([LINES[0]!, LINES[2]!, LINES[4]!]);
      await lookLater(watch());
      const before = await told();
      expect(before).toHaveLength(2);
      const own: string[] = [];
      for await (const line of journalLines(dir, 'gw-1')) own.push(line.toString());
      await store.insert(own);
      const later = watch();
      await lookLater(later);
      expect(await told()).toEqual(before);
      await store.insert([LINES[1]!]);
      await later.look();
      expect(await told()).toEqual([...before, ['gap-closed', { node: 'other', first: 2, last: 2 }]]);
    });

    test('tells hundreds of holes as a hundred, the last of which spans the rest', async () => {
      await store.insert(LINES.filter((_, index) => index % 2 === 0));
      await lookLater(watch());
      const gaps = await told();
      expect(gaps).toHaveLength(100);
      expect(gaps.at(-1)).toEqual(['gap', { node: 'other', first: 200, last: 598, missing: 200 }]);
    });

    test('tells the next time what the journal did not take', async () => {
      const closed = openJournal({
        ...{ dir: join(dir, 'closed'), node: 'gw-2', segmentBytes: 1 << 20, maxBacklogBytes: 1 << 20 },
      });
      await closed.close();
      let takes: Journal = closed;
      const gaps = startGapWatch({
        ...{ node: 'gw-1', store, clock: () => now, everyMs: 1_000_000, graceMs: 0 },
        journal: { append: (body) => takes.append(body) },
      });
      watches.push(gaps);
      await store.insert([LINES[0]!, LINES[2]!]);
      await expect(gaps.look()).rejects.toMatchObject({ code: 'journal-failed' });
      takes = journal;
      await gaps.look();
      expect(await told()).toEqual([['gap', { node: 'other', first: 2, last: 2, missing: 1 }]]);
    });
  },
);
