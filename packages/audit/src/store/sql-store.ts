/** The store over any connection that speaks Postgres. */
import { GatewayError } from '@gatehouse/model';
import { CHECKPOINT } from '../checkpoint/checkpoint.ts';
import { type AuditEvent, parseLine } from '../journal/event-line.ts';
import type {
  AuditStore,
  Holes,
  InsertResult,
  NodeInfo,
  NumberRange,
  SearchFilter,
  StoredEvent,
} from './audit-store.ts';
import { eventColumns } from './event-columns.ts';
import { createFactsOf } from './event-facts.ts';
import { insertParameters, joinInBatch } from './insert-rows.ts';
import { INSERT, JOIN_OUTCOMES, SCHEMA, TABLE } from './schema.ts';
import { boundedLimit, DEFAULT_LIMIT, searchQueries } from './search-query.ts';
import type { SqlConnection, SqlRow } from './sql-connection.ts';

const UNDEFINED_TABLE = '42P01';

/** Creates the store over a connection, which it closes with itself. */
export function createSqlStore(connection: SqlConnection): AuditStore {
  const run = (text: string, ...values: readonly unknown[]) => guarded(connection, text, values);
  const factsOf = createFactsOf();
  let migrated: Promise<void> | null = null;
  const migrate = () => {
    migrated ??= createSchema(run).catch((error: unknown) => {
      migrated = null;
      throw error;
    });
    return migrated;
  };
  return {
    migrate,

    async insert(lines) {
      const events = lines.map(parseOwnLine);
      const { rows, apart } = joinInBatch(events.map((event, index) => eventColumns(event, lines[index]!)));
      await migrate();
      const [counted] = await run(INSERT, ...insertParameters(rows, factsOf)).catch((error: unknown) => {
        // The database was set back or made anew; the next attempt makes the schema again.
        if (error instanceof GatewayError && error.context['reason'] === UNDEFINED_TABLE) migrated = null;
        throw error;
      });
      if (apart.length > 0) await run(JOIN_OUTCOMES, apart);
      const inserted = Number(counted?.['added']);
      if (inserted === rows.length) return { inserted, duplicates: 0, conflicts: [] };
      return compareOld(run, events, lines, inserted);
    },

    async tail(after, limit) {
      if (after !== null) {
        const text = `select id, line from ${TABLE} where id > $1::bigint order by id limit $2::bigint`;
        return (await run(text, after, boundedLimit(limit))).map(storedEvent);
      }
      const text = `select id, line from ${TABLE} order by id desc limit $1::bigint`;
      return (await run(text, boundedLimit(limit))).map(storedEvent).reverse();
    },

    async search(filter: SearchFilter) {
      let found: readonly StoredEvent[] = [];
      for (const { text, values } of searchQueries(filter)) {
        found = (await run(text, ...values)).map(storedEvent);
        if (found.length >= boundedLimit(filter.limit ?? DEFAULT_LIMIT)) break;
      }
      return found;
    },

    async show(requestId) {
      const text = `select id, line from ${TABLE} where request = $1::text
        or kind in ('login', 'violation') and session in (select session from ${TABLE} where request = $1::text)
        order by node, seq limit 1000`;
      return (await run(text, requestId.replaceAll('\0', ''))).map(storedEvent);
    },

    async lines(node, afterSeq, limit) {
      const text = `select line from ${TABLE} where node = $1::text and seq > $2::bigint order by seq limit $3::bigint`;
      return (await run(text, node.replaceAll('\0', ''), afterSeq, boundedLimit(limit))).map((row) =>
        String(row['line']),
      );
    },

    async verifyInfo() {
      const text = `select node, count(*) as events, min(seq) as first, max(seq) as last from ${TABLE} group by node order by node`;
      return (await run(text)).map(nodeInfo);
    },

    async checkpoints() {
      const text = `select distinct on (node) line from ${TABLE} where kind = 'gateway' and code = '${CHECKPOINT}'
        order by node, seq desc`;
      return (await run(text)).map((row) => String(row['line']));
    },

    async nodes() {
      // Leaps from name to name through the index of the key; counting would read all of it.
      const text = `with recursive n (node) as (
          select min(node) from ${TABLE} union all
          select (select min(node) from ${TABLE} e where e.node > n.node) from n where n.node is not null)
        select node from n where node is not null`;
      return (await run(text)).map((row) => String(row['node']));
    },

    async holes(node, from, events) {
      const text = `select seq, prev from (
          select seq, lag(seq) over (order by seq) as prev, lead(seq) over (order by seq) as next from (
            select seq from ${TABLE} where node = $1::text and seq >= $2::bigint order by seq limit $3::bigint) stretch) s
        where prev is null or next is null or seq > prev + 1 order by seq`;
      const rows = await run(text, node, from, boundedLimit(events));
      return holesOf(rows, from);
    },

    async present(node, first, last) {
      const text = `select count(*) as events from ${TABLE} where node = $1::text and seq between $2::bigint and $3::bigint`;
      return Number((await run(text, node, first, last))[0]?.['events']);
    },

    close: () => connection.close(),
  };
}

type Run = (text: string, ...values: readonly unknown[]) => Promise<readonly SqlRow[]>;

async function createSchema(run: Run): Promise<void> {
  const encoding = (await run('show server_encoding'))[0]?.['server_encoding'];
  if (encoding !== 'UTF8') {
    throw new GatewayError('config', 'store-encoding', `expected a database in UTF8, got \`${encoding}\``);
  }
  for (let left = SCHEMA_ATTEMPTS; ; left -= 1) {
    try {
      for (const statement of SCHEMA) await run(statement);
      return;
    } catch (error) {
      if (left === 1 || !isRace(error)) throw error;
    }
  }
}

const SCHEMA_ATTEMPTS = 5;

/** Two who make the same schema at once: `if not exists` looks before the other one commits. */
function isRace(error: unknown): boolean {
  return (
    error instanceof GatewayError && ['23505', '42P07', '40P01'].includes(String(error.context['reason']))
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

function parseOwnLine(line: string): AuditEvent {
  const event = parseLine(line);
  if (event !== null) return event;
  throw new GatewayError('audit', 'line-malformed', 'expected the line of an event', {
    context: { bytes: Buffer.byteLength(line) },
  });
}

async function compareOld(
  run: Run,
  events: readonly AuditEvent[],
  lines: readonly string[],
  inserted: number,
): Promise<InsertResult> {
  const wanted = events.map(({ node, seq }) => ({ node, seq }));
  const text = `select e.node, e.seq, e.line from ${TABLE} e
    join json_to_recordset($1::json) as r (node text, seq bigint) using (node, seq)`;
  const kept = new Map(
    (await run(text, JSON.stringify(wanted))).map((row) => [`${row['node']}/${row['seq']}`, row['line']]),
  );
  const names = events.map(({ node, seq }) => `${node}/${seq}`);
  const conflicts = names.filter((name, index) => kept.get(name) !== lines[index]);
  return {
    inserted,
    duplicates: lines.length - inserted - conflicts.length,
    conflicts: [...new Set(conflicts)],
  };
}

/** Rows are the first event, the last one, and each behind a hole with the number before it. */
function holesOf(rows: readonly SqlRow[], from: number): Holes {
  const holes: NumberRange[] = [];
  let through = from;
  for (const row of rows) {
    const seq = Number(row['seq']);
    const before = row['prev'] === null ? (from === 0 ? seq : from) - 1 : Number(row['prev']);
    if (seq > before + 1) holes.push({ first: before + 1, last: seq - 1 });
    through = seq;
  }
  return { holes, through };
}

function storedEvent(row: SqlRow): StoredEvent {
  return { id: Number(row['id']), line: String(row['line']) };
}

function nodeInfo(row: SqlRow): NodeInfo {
  const events = Number(row['events']);
  const firstSeq = Number(row['first']);
  const lastSeq = Number(row['last']);
  return { node: String(row['node']), events, firstSeq, lastSeq, missing: lastSeq - firstSeq + 1 - events };
}
