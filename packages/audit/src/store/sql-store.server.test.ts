import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { intent, outcome } from '../../testkit/event-bodies.ts';
import { startTestPostgres, type TestPostgres, whyNoPostgres } from '../../testkit/postgres-server.ts';
import { parseLine } from '../journal/event-line.ts';
import type { AuditStore } from './audit-store.ts';
import { openStore } from './open-store.ts';
import { TABLE } from './schema.ts';

const reason = whyNoPostgres();

describe.skipIf(reason !== null)(
  `the store on a real Postgres${reason === null ? '' : ` (${reason})`}`,
  () => {
    let postgres: TestPostgres;
    let databases = 0;

    beforeAll(async () => {
      postgres = await startTestPostgres();
    }, 60_000);
    afterAll(() => postgres.remove(), 30_000);

    async function freshDatabase(options = ''): Promise<string> {
      databases += 1;
      await postgres.run('postgres', `create database d${databases} ${options}`);
      return `d${databases}`;
    }

    function open(database: string): Promise<AuditStore> {
      return openStore({ kind: 'server', url: postgres.url(database) }, () => undefined);
    }

    test('keeps lines byte for byte, once, and finds them', async () => {
      const store = await open(await freshDatabase());
      const lines = chainedLines([
        intent('r1', { text: 'a \u2028 \0 \ud800 \u00fc' }),
        outcome('r1'),
        intent('r2'),
      ]);
      expect(await store.insert(lines)).toEqual({ inserted: 3, duplicates: 0, conflicts: [], broken: [] });
      expect(await store.insert(lines)).toEqual({ inserted: 0, duplicates: 3, conflicts: [], broken: [] });
      expect(await store.lines('gw-1', 0, 10)).toEqual(lines);
      expect((await store.show('r1')).map(({ line }) => line)).toEqual(lines.slice(0, 2));
      expect((await store.search({ who: 'ada', result: 'ok' })).map(({ line }) => line)).toEqual([lines[1]]);
      await store.close();
    });

    test('takes the same batches from several workers at once, and lets a follower see each event once', async () => {
      const database = await freshDatabase();
      const workers = await Promise.all([open(database), open(database), open(database)]);
      const reader = await open(database);
      const batches = ['gw-1', 'gw-2'].flatMap((node) => inBatches(chainedLines(bodies(600), node), 20));
      const followed: string[] = [];
      let done = false;
      const follow = async () => {
        for (let after = 0, last = false; ; ) {
          last = done;
          const events = await reader.tail(after, 1000);
          for (const { line } of events) followed.push(line);
          after = events.at(-1)?.id ?? after;
          if (last && events.length === 0) return;
        }
      };
      await workers[0]!.migrate();
      const following = follow();
      const results = await Promise.all(
        workers.map(async (store, index) => {
          let inserted = 0;
          for (const batch of index === 1 ? batches.toReversed() : batches) {
            inserted += (await store.insert(batch)).inserted;
          }
          return inserted;
        }),
      );
      done = true;
      await following;
      expect(results.reduce((sum, count) => sum + count, 0)).toBe(1200);
      expect(followed).toHaveLength(1200);
      expect(new Set(followed).size).toBe(1200);
      for (const store of [...workers, reader]) await store.close();
    }, 60_000);

    test('has everything that it took after the server was killed', async () => {
      const store = await open(await freshDatabase());
      const batches = inBatches(chainedLines(bodies(2000)), 10);
      let taken = 0;
      let killing: Promise<void> | null = null;
      try {
        for (const batch of batches) {
          await store.insert(batch);
          taken += batch.length;
          if (taken === 500) killing = postgres.kill9();
        }
      } catch (error) {
        expect(error).toMatchObject({ kind: 'unavailable', code: 'store-unavailable' });
      }
      expect(taken).toBeLessThan(2000);
      await killing;
      await postgres.start();
      const seqs = (await store.lines('gw-1', 0, 10_000)).map((line) => parseLine(line)!.seq);
      expect(seqs.length).toBeGreaterThanOrEqual(taken);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
      for (const batch of batches) await store.insert(batch);
      expect(await store.verifyInfo()).toEqual([
        { node: 'gw-1', events: 2000, firstSeq: 1, lastSeq: 2000, missing: 0 },
      ]);
      await store.close();
    }, 60_000);

    test('makes its schema again in a database that was made anew', async () => {
      const database = await freshDatabase();
      const store = await open(database);
      const lines = chainedLines(bodies(2));
      await store.insert(lines);
      await postgres.run(database, `drop table ${TABLE}`);
      await expect(store.insert(lines)).rejects.toMatchObject({ code: 'store-unavailable' });
      expect((await store.insert(lines)).inserted).toBe(2);
      await store.close();
    });

    test('refuses a database that does not keep every character', async () => {
      const database = await freshDatabase(
        `template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'`,
      );
      const store = await open(database);
      await expect(store.insert(chainedLines(bodies(1)))).rejects.toMatchObject({
        kind: 'config',
        code: 'store-encoding',
      });
      await store.close();
    });
  },
);

function bodies(count: number) {
  return Array.from({ length: count }, (_, index) => intent(`s1-${index + 1}`));
}

function inBatches(lines: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(lines.length / size) }, (_, index) =>
    lines.slice(index * size, (index + 1) * size),
  );
}
