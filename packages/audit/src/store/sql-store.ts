/** The store over any connection that speaks Postgres. */
import { GatewayError } from '@gatehouse/model';
import { CHECKPOINT } from '../checkpoint/checkpoint.ts';
import { planRetention } from '../retention/plan-retention.ts';
import type { AuditStore, Holes, NodeInfo, NumberRange, SearchFilter, StoredEvent } from './audit-store.ts';
import { BETWEEN_ROWS } from './insert-rows.ts';
import { makeSchema, moveOldRows, oldLines } from './make-schema.ts';
import { DAYS_AT_ONCE, inDays, readInOrder } from './over-days.ts';
import { byArrival, byNumber, type FoundDays, newestFirst, readDays } from './read-days.ts';
import { readTrims, storeFacts } from './retention-facts.ts';
import { RUNS, TABLE } from './schema.ts';
import { DROP_DAYS } from './schema-functions.ts';
import { boundedLimit, DEFAULT_LIMIT, searchParts, searchQuery, windowStart } from './search-query.ts';
import type { RunSql, SqlConnection, SqlRow } from './sql-connection.ts';
import { createEventWriter } from './write-events.ts';

/** A table or a function that is not there: the database was set back or made anew. */
const UNDEFINED = ['42P01', '42883'];
/** Where only the newest are wanted, the first few partitions have them. */
const FEW_DAYS = 4;
const MAX_SHOWN = 1_000;

/** Creates the store over a connection, which it closes with itself. */
export function createSqlStore(connection: SqlConnection): AuditStore {
  const run: RunSql = (text, ...values) => guarded(connection, text, values);
  const write = createEventWriter(run);
  const schema = once(() => makeSchema(run));
  const moved = once(() => moveOldRows(run, write));
  return {
    migrate: schema.run,

    async insert(lines) {
      await schema.run();
      await moved.run();
      return write(lines).catch((error: unknown) => {
        // The next attempt makes the schema again.
        if (error instanceof GatewayError && UNDEFINED.includes(String(error.context['reason']))) {
          schema.forget();
          moved.forget();
        }
        throw error;
      });
    },

    async tail(after, limit) {
      const found = await readDays(run, after === null ? {} : { above: after });
      const back = after === null;
      const rows = await readInOrder<SqlRow>({
        days: back ? newestFirst(found) : byArrival(found),
        limit: boundedLimit(limit),
        placeOf: (row) => (back ? -Number(row['id']) : Number(row['id'])),
        read: (days) =>
          run(
            `select id, line from ${TABLE} e where ${inDays('e', days)} and id > $1::bigint and id <= $2::bigint
              order by id ${back ? 'desc' : ''} limit $3::bigint`,
            ...[after ?? 0, found.newest, boundedLimit(limit)],
          ),
        atOnce: FEW_DAYS,
      });
      return back ? rows.map(storedEvent).reverse() : rows.map(storedEvent);
    },

    async search(filter) {
      const { node, from, to, before } = filter;
      const limit = boundedLimit(filter.limit ?? DEFAULT_LIMIT);
      const found = await readDays(run, { node: node?.replaceAll('\0', ''), from, to, below: before });
      let rows: readonly SqlRow[] = [];
      for (const part of searchParts(filter)) {
        rows = await searchPart(run, filter, part, found);
        if (rows.length >= limit) break;
      }
      return rows.map(storedEvent);
    },

    async show(requestId) {
      const request = requestId.replaceAll('\0', '');
      const found = await readDays(run);
      const everywhere = async (condition: string, value: unknown) => {
        const rows: SqlRow[] = [];
        for (const days of chunked(newestFirst(found))) {
          const text = `select id, node, seq, session, line from ${TABLE} e
            where ${inDays('e', days)} and id <= $2::bigint and ${condition} order by node, seq limit ${MAX_SHOWN}`;
          rows.push(...(await run(text, value, found.newest)));
        }
        return rows;
      };
      const own = await everywhere('request = $1::text', request);
      const sessions = [...new Set(own.map(({ session }) => session).filter((one) => one !== null))];
      const around =
        sessions.length === 0
          ? []
          : await everywhere(`session = any($1::text[]) and kind in ('login', 'violation')`, sessions);
      const all = new Map([...own, ...around].map((row) => [Number(row['id']), row]));
      return [...all.values()].sort(compareNumbers).slice(0, MAX_SHOWN).map(storedEvent);
    },

    async lines(node, afterSeq, limit) {
      const most = boundedLimit(limit);
      const rows = await numbered(run, node, afterSeq + 1, most, 'line');
      const old = moved.isDone() ? [] : await oldLines(run, node.replaceAll('\0', ''), afterSeq, most);
      const all = new Map([...old, ...rows].map((row) => [Number(row['seq']), String(row['line'])]));
      const inOrder = old.length === 0 ? [...all] : [...all].sort(([a], [b]) => a - b);
      return inOrder.slice(0, most).map(([, line]) => line);
    },

    async verifyInfo() {
      const counted = new Map<string, NodeInfo>();
      const found = await readDays(run);
      for (const days of chunked(byArrival(found))) {
        const text = `select node, count(*) as events, min(seq) as first, max(seq) as last from ${TABLE} e
          where ${inDays('e', days)} group by node`;
        for (const row of await run(text)) {
          const node = String(row['node']);
          counted.set(node, nodeInfo(row, counted.get(node)));
        }
      }
      return [...counted.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
    },

    checkpoints,

    planRetention: (limits, now) => planRetention(storeFacts(run, checkpoints), limits, now),

    async dropDays({ days, nodes: leaving }) {
      const [row] = await run(
        DROP_DAYS,
        ...[
          days,
          ...(['node', 'through', 'head', 'signedBy'] as const).map((name) =>
            leaving.map((one) => one[name]),
          ),
        ].map((values) => values.join(BETWEEN_ROWS)),
      );
      return row?.['dropped'] === true;
    },

    nodes,

    async holes(node, from, events) {
      // What was taken away on purpose is no hole.
      const start = from === 0 ? 0 : Math.max(from, ((await readTrims(run)).get(node) ?? 0) + 1);
      const rows = await numbered(run, node, start, boundedLimit(events), 'seq');
      return holesOf(
        rows.map((row) => Number(row['seq'])),
        start,
      );
    },

    async present(node, first, last) {
      const { days } = await readDays(run, { node, first, last });
      let events = 0;
      for (const some of chunked(days)) {
        const text = `select count(*) as events from ${TABLE} e
          where ${inDays('e', some)} and node = $1::text and seq between $2::bigint and $3::bigint`;
        events += Number((await run(text, node, first, last))[0]?.['events']);
      }
      return events;
    },

    close: () => connection.close(),
  };

  async function checkpoints(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (const node of await nodes()) {
      const found = await readDays(run, { node });
      const [newest] = await readInOrder<SqlRow>({
        days: found.days.map(({ day, last }) => ({ day, start: -last })),
        limit: 1,
        placeOf: (row) => -Number(row['seq']),
        read: (days) =>
          run(
            `select seq, line from ${TABLE} e where ${inDays('e', days)} and kind = 'gateway' and code = '${CHECKPOINT}'
              and node = $1::text order by seq desc limit 1`,
            node,
          ),
        atOnce: FEW_DAYS,
      });
      if (newest !== undefined) lines.push(String(newest['line']));
    }
    return lines;
  }

  async function nodes(): Promise<readonly string[]> {
    const rows = await run(`select distinct node from ${RUNS} order by node`);
    return rows.map((row) => String(row['node']));
  }
}

interface Once {
  /** Runs it, unless it has been done; again when it failed. */
  run(): Promise<void>;
  isDone(): boolean;
  forget(): void;
}

function once(work: () => Promise<void>): Once {
  let running: Promise<void> | null = null;
  let done = false;
  const forget = () => {
    running = null;
    done = false;
  };
  return {
    run() {
      running ??= work().then(
        () => {
          done = true;
        },
        (error: unknown) => {
          forget();
          throw error;
        },
      );
      return running;
    },
    isDone: () => done,
    forget,
  };
}

async function searchPart(
  run: RunSql,
  filter: SearchFilter,
  part: ReturnType<typeof searchParts>[number],
  found: FoundDays,
): Promise<readonly SqlRow[]> {
  const start = part === 'window' ? windowStart(filter, found.newest) : 0;
  const days = found.days.filter(({ newest }) => newest >= start);
  return readInOrder<SqlRow>({
    days: newestFirst({ ...found, days }),
    limit: boundedLimit(filter.limit ?? DEFAULT_LIMIT),
    placeOf: (row) => -Number(row['id']),
    read: (some) => {
      const { text, values } = searchQuery(filter, part, found.newest, some);
      return run(text, ...values);
    },
    atOnce: part === 'all' ? DAYS_AT_ONCE : FEW_DAYS,
  });
}

/** The first rows of a node from a number on, in order. */
async function numbered(
  run: RunSql,
  name: string,
  from: number,
  limit: number,
  column: 'seq' | 'line',
): Promise<readonly SqlRow[]> {
  const node = name.replaceAll('\0', '');
  const found = await readDays(run, { node, first: from });
  return readInOrder<SqlRow>({
    days: byNumber(found),
    limit,
    placeOf: (row) => Number(row['seq']),
    read: (days) =>
      run(
        `select ${column === 'seq' ? 'seq' : 'seq, line'} from ${TABLE} e
          where ${inDays('e', days)} and node = $1::text and seq >= $2::bigint and id <= $3::bigint order by seq limit $4::bigint`,
        ...[node, from, found.newest, limit],
      ),
    atOnce: FEW_DAYS,
  });
}

function chunked(days: readonly { readonly day: string }[]): readonly (readonly string[])[] {
  const names = days.map(({ day }) => day);
  return Array.from({ length: Math.ceil(names.length / DAYS_AT_ONCE) }, (_, index) =>
    names.slice(index * DAYS_AT_ONCE, (index + 1) * DAYS_AT_ONCE),
  );
}

async function guarded(
  connection: SqlConnection,
  text: string,
  values: readonly unknown[],
): Promise<readonly SqlRow[]> {
  try {
    return await connection.query({ text, values });
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    throw new GatewayError(
      'unavailable',
      'store-unavailable',
      'the audit store does not answer as it should',
      {
        retry: 'safe',
        context: { reason: typeof code === 'string' ? code : 'unknown' },
        cause,
      },
    );
  }
}

/** What is missing between these numbers, and before the first of them from where they were to begin. */
function holesOf(numbers: readonly number[], from: number): Holes {
  const holes: NumberRange[] = [];
  let through = from;
  let before = from === 0 ? (numbers[0] ?? 0) - 1 : from - 1;
  for (const seq of numbers) {
    if (seq > before + 1) holes.push({ first: before + 1, last: seq - 1 });
    before = seq;
    through = seq;
  }
  return { holes, through };
}

function compareNumbers(a: SqlRow, b: SqlRow): number {
  if (a['node'] !== b['node']) return String(a['node']) < String(b['node']) ? -1 : 1;
  return Number(a['seq']) - Number(b['seq']);
}

function storedEvent(row: SqlRow): StoredEvent {
  return { id: Number(row['id']), line: String(row['line']) };
}

function nodeInfo(row: SqlRow, before: NodeInfo | undefined): NodeInfo {
  const events = Number(row['events']) + (before?.events ?? 0);
  const firstSeq = Math.min(Number(row['first']), before?.firstSeq ?? Number.POSITIVE_INFINITY);
  const lastSeq = Math.max(Number(row['last']), before?.lastSeq ?? 0);
  return { node: String(row['node']), events, firstSeq, lastSeq, missing: lastSeq - firstSeq + 1 - events };
}
