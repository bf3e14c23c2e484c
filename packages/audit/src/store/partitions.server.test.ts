import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { intent, login, outcome } from '../../testkit/event-bodies.ts';
import { OLD_STORE } from '../../testkit/old-store.ts';
import { startTestPostgres, type TestPostgres, whyNoPostgres } from '../../testkit/postgres-server.ts';
import { formatLine, GENESIS, hashLine, parseLine } from '../journal/event-line.ts';
import type { AuditStore } from './audit-store.ts';
import { dayAfter, dayOf } from './event-day.ts';
import { openStore } from './open-store.ts';
import { OLD_TABLE, RUNS, TABLE } from './schema.ts';

const reason = whyNoPostgres();

describe.skipIf(reason !== null)(
  `a store in partitions on a real Postgres${reason === null ? '' : ` (${reason})`}`,
  () => {
    let postgres: TestPostgres;
    let database: string;
    let databases = 0;
    const opened: AuditStore[] = [];

    beforeAll(async () => {
      postgres = await startTestPostgres();
    }, 60_000);
    afterAll(async () => {
      for (const store of opened) await store.close();
      await postgres.remove();
    }, 30_000);

    async function fresh(): Promise<void> {
      databases += 1;
      database = `p${databases}`;
      await postgres.run('postgres', `create database ${database}`);
    }

    async function open(): Promise<AuditStore> {
      const store = await openStore({ kind: 'server', url: postgres.url(database) }, () => undefined);
      opened.push(store);
      return store;
    }

    async function partitions(): Promise<readonly string[]> {
      const rows = await postgres.run(
        database,
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = '${TABLE}'::regclass order by name`,
      );
      return (rows as { name: string }[]).map(({ name }) => name.replace(`${TABLE}_`, ''));
    }

    test('puts each event into the partition of its day, whatever its clock says, and finds it', async () => {
      await fresh();
      const store = await open();
      const lines = linesAt([
        '2026-01-30T23:59:59.999Z',
        '2026-01-31T00:00:00.000Z',
        '0000-01-01T00:00:00.000Z',
        '1999-12-31T00:00:00.000Z',
        '9999-12-31T23:59:59.999Z',
        '2026-01-30T12:00:00.000Z',
      ]);
      expect(await store.insert(lines)).toEqual({ inserted: 6, duplicates: 0, conflicts: [], broken: [] });
      const tomorrow = dayAfter(dayOf(Date.now())).replaceAll('-', '');
      expect(await partitions()).toEqual(['20200101', '20260130', '20260131', tomorrow]);
      expect(await store.lines('gw-1', 0, 10)).toEqual(lines);
      expect(await store.insert(lines)).toEqual({ inserted: 0, duplicates: 6, conflicts: [], broken: [] });
      const since = async (from: string, to?: string) =>
        (await store.search({ from, ...(to === undefined ? {} : { to }) })).map(
          ({ line }) => parseLine(line)!.seq,
        );
      expect(await since('9999-01-01T00:00:00Z')).toEqual([5]);
      expect(await since('2026-01-30T13:00:00Z', '2026-02-01T00:00:00Z')).toEqual([2, 1]);
      expect(await since('0001-01-01T00:00:00Z', '2000-01-01T00:00:00Z')).toEqual([4, 3]);
    });

    test('has the partition of tomorrow before tomorrow comes', async () => {
      await fresh();
      const store = await open();
      const now = Date.now();
      await store.insert(linesAt([new Date(now).toISOString()]));
      expect(await partitions()).toEqual(
        [dayOf(now), dayAfter(dayOf(now))].map((day) => day.replaceAll('-', '')),
      );
    });

    test('lets several workers make days and schema at once, each event once', async () => {
      await fresh();
      const workers = await Promise.all(Array.from({ length: 4 }, open));
      const times = Array.from({ length: 120 }, (_, index) =>
        new Date(Date.UTC(2026, 0, 1) + index * 6 * 3_600_000).toISOString(),
      );
      const lines = linesAt(times);
      const results = await Promise.all(
        workers.map(async (store, index) => {
          let inserted = 0;
          const step = 3 + index;
          for (let from = 0; from < lines.length; from += step)
            inserted += (await store.insert(lines.slice(from, from + step))).inserted;
          return inserted;
        }),
      );
      expect(results.reduce((sum, count) => sum + count)).toBe(120);
      const [reader] = workers;
      expect(await reader!.lines('gw-1', 0, 1_000)).toEqual(lines);
      expect(await partitions()).toHaveLength(31);
      expect(await postgres.run(database, `select node, first, last from ${RUNS}`)).toEqual([
        { node: 'gw-1', first: '1', last: '120' },
      ]);
      expect(await reader!.verifyInfo()).toMatchObject([{ events: 120, missing: 0 }]);
      expect(await reader!.holes('gw-1', 0, 1_000)).toEqual({ holes: [], through: 120 });
      expect(await reader!.present('gw-1', 10, 100)).toBe(91);
    }, 60_000);

    test('pages through all days, backwards and forwards, though old events came late', async () => {
      await fresh();
      const store = await open();
      const late = linesAt(daysFrom('2026-01-01', 40), 'late');
      const early = linesAt(daysFrom('2026-03-01', 40), 'early');
      await store.insert(early.slice(0, 25));
      await store.insert(late.slice(0, 30));
      await store.insert(early.slice(25));
      await store.insert(late.slice(30));
      const order = [...early.slice(0, 25), ...late.slice(0, 30), ...early.slice(25), ...late.slice(30)];
      // A batch is stored in the order of its numbers.
      const back: string[] = [];
      for (let before: number | undefined; ; ) {
        const page = await store.search({
          kind: 'gateway',
          limit: 7,
          ...(before === undefined ? {} : { before }),
        });
        back.push(...page.map(({ line }) => line));
        if (page.length < 7) break;
        before = page.at(-1)!.id;
      }
      expect(back.toReversed()).toEqual(order);
      const forward: string[] = [];
      for (let after = 0; ; ) {
        const page = await store.tail(after, 9);
        forward.push(...page.map(({ line }) => line));
        if (page.length === 0) break;
        after = page.at(-1)!.id;
      }
      expect(forward).toEqual(order);
      expect((await store.tail(null, 12)).map(({ line }) => line)).toEqual(order.slice(-12));
      expect(await store.lines('late', 5, 10)).toEqual(late.slice(5, 15));
    }, 60_000);

    test('shows a statement that ran over midnight as one, and finds its end by what its beginning says', async () => {
      await fresh();
      const store = await open();
      const [first, second, third] = at(chainedLines([login(), intent('r1'), outcome('r1')]), [
        '2026-01-30T08:00:00.000Z',
        '2026-01-30T23:59:59.000Z',
        '2026-02-03T00:00:01.000Z',
      ]);
      await store.insert([first!, second!]);
      await store.insert([third!]);
      expect((await store.show('r1')).map(({ line }) => line)).toEqual([first, second, third]);
      expect((await store.search({ who: 'ada', kind: 'outcome' })).map(({ line }) => line)).toEqual([third]);
    });

    test('puts back what was lost with its partition, and lets no other event take its place unseen', async () => {
      await fresh();
      const store = await open();
      const lines = linesAt(daysFrom('2026-01-01', 5));
      await store.insert(lines);
      await postgres.run(database, `drop table ${TABLE}_20260103`);
      expect(await store.holes('gw-1', 0, 100)).toEqual({ holes: [{ first: 3, last: 3 }], through: 5 });
      const altered = lines[2]!.replace('"n":2', '"n":7');
      expect(await store.insert([altered])).toEqual({
        inserted: 1,
        duplicates: 0,
        conflicts: [],
        broken: ['gw-1/4'],
      });
      await postgres.run(database, `delete from ${TABLE} where seq = 3`);
      expect(await store.insert(lines)).toEqual({ inserted: 1, duplicates: 4, conflicts: [], broken: [] });
      expect(await store.lines('gw-1', 0, 10)).toEqual(lines);
    });

    describe('made before there were partitions', () => {
      const bodies = Array.from({ length: 2_500 }, (_, n) => [intent(`m${n}`), outcome(`m${n}`)]).flat();
      const lines = at(
        chainedLines(bodies),
        bodies.map((_, index) => new Date(Date.UTC(2026, 0, 1) + index * 200_000).toISOString()),
      );

      async function oldStore(): Promise<void> {
        await fresh();
        for (const statement of OLD_STORE) await postgres.run(database, statement);
        const values = lines.map((line) => {
          const { seq, at: time } = parseLine(line)!;
          return { node: 'gw-1', seq, at: time, line };
        });
        await postgres.run(
          database,
          `insert into ${TABLE} (node, seq, at, kind, objects, line) select node, seq, at, '', '{}', line
            from json_to_recordset($old$${JSON.stringify(values)}$old$) as r (node text, seq bigint, at timestamptz, line text)`,
        );
      }

      async function expectAll(store: AuditStore): Promise<void> {
        expect(await store.lines('gw-1', 0, 10_000)).toEqual(lines);
        expect((await store.tail(0, 10_000)).map(({ line }) => line)).toEqual(lines);
        expect(await store.search({ who: 'ada', kind: 'outcome', limit: 10_000 })).toHaveLength(2_500);
        expect(await store.insert(lines.slice(100, 300))).toEqual({
          inserted: 0,
          duplicates: 200,
          conflicts: [],
          broken: [],
        });
        expect(await postgres.run(database, `select to_regclass('${OLD_TABLE}') as old`)).toEqual([
          { old: null },
        ]);
      }

      test('is moved over with the first use, in the order in which it was filled', async () => {
        await oldStore();
        const store = await open();
        const next = linesAt(['2026-02-01T00:00:00.000Z'], 'gw-2');
        await store.insert(next);
        expect((await store.tail(null, 1)).map(({ line }) => line)).toEqual(next);
        expect((await store.tail(null, 2))[0]!.id).toBe(5_000);
        await postgres.run(database, `delete from ${TABLE} where node = 'gw-2'`);
        await expectAll(store);
      }, 60_000);

      test('loses and doubles nothing when the move is interrupted, and when two move at once', async () => {
        await oldStore();
        // Refuses to give rows away after the first of several steps: what was added stands in both tables then.
        await postgres.run(
          database,
          `create function stop() returns trigger language plpgsql as $f$ begin
            if old.seq > 2000 then raise exception 'interrupted'; end if; return old; end $f$`,
        );
        await postgres.run(
          database,
          `create trigger stop before delete on ${TABLE} for each row execute function stop()`,
        );
        const store = await open();
        await expect(store.insert([])).rejects.toMatchObject({ code: 'store-unavailable' });
        const [both] = (await postgres.run(
          database,
          `select (select count(*) from ${TABLE}) as moved, (select count(*) from ${OLD_TABLE}) as left`,
        )) as { moved: string; left: string }[];
        expect(both).toEqual({ moved: '4000', left: '3000' });
        await postgres.run(database, `drop trigger stop on ${OLD_TABLE}`);
        const another = await open();
        await Promise.all([store.insert([]), another.insert([])]);
        await expectAll(another);
      }, 60_000);

      test('goes on after the server was killed in the middle', async () => {
        await oldStore();
        const store = await open();
        const moving = store.insert([]).then(
          () => 'moved',
          () => 'interrupted',
        );
        await postgres.kill9();
        await moving;
        await postgres.start();
        const again = await open();
        await again.insert([]);
        await expectAll(again);
      }, 60_000);

      test('is known by its numbers before it is moved', async () => {
        await oldStore();
        const store = await open();
        await store.migrate();
        expect(await store.lines('gw-1', 4_998, 10)).toEqual(lines.slice(4_998));
        expect(await store.lines('gw-1', 5_000, 10)).toEqual([]);
        expect(await store.lines('gw-1', 0, 3)).toEqual(lines.slice(0, 3));
        expect(await store.search({})).toEqual([]);
        await store.insert([]);
        await expectAll(store);
      }, 60_000);

      test('keeps a line apart that is no event', async () => {
        await oldStore();
        await postgres.run(database, `update ${TABLE} set line = 'spoilt' where seq = 7`);
        const store = await open();
        await store.insert([]);
        expect(await store.holes('gw-1', 0, 10_000)).toEqual({
          holes: [{ first: 7, last: 7 }],
          through: 5_000,
        });
        expect(await postgres.run(database, 'select id, line from gatehouse_audit_refused')).toEqual([
          { id: '7', line: 'spoilt' },
        ]);
        expect(await store.insert([lines[6]!])).toMatchObject({ inserted: 1, broken: [] });
      }, 60_000);
    });
  },
);

/** Events of one chain at these times. */
function linesAt(times: readonly string[], node = 'gw-1'): readonly string[] {
  let prev = GENESIS;
  return times.map((time, n) => {
    const line = formatLine(
      node,
      n + 1,
      time,
      prev,
      JSON.stringify({ kind: 'gateway', what: 'test', detail: { n } }),
    );
    prev = hashLine(line);
    return line;
  });
}

/** The same events, chained anew at other times. */
function at(lines: readonly string[], times: readonly string[]): readonly string[] {
  let prev = GENESIS;
  return lines.map((text, index) => {
    const { node, seq, body } = parseLine(text)!;
    const line = formatLine(node, seq, times[index]!, prev, JSON.stringify(body));
    prev = hashLine(line);
    return line;
  });
}

function daysFrom(day: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${dayAfter(day, index)}T12:00:00.000Z`);
}
