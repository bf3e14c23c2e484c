/**
 * Copies of one small database that differ in a single value each, with a connection to every one.
 *
 * The rows of every copy are put in in the same order, and nothing moves them afterwards: what a statement gives in two
 * copies differs by the changed value only.
 */
import pg from 'pg';
import { logIn, type Message, message, openRaw, type RawClient } from '../clients/postgres-wire.ts';
import type { Draw } from './draw.ts';
import { NASTY_MATERIALIZED, NASTY_ROWS, NASTY_SCHEMA, NASTY_SEARCH_PATH } from './nasty-schema.ts';

export interface ScratchServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** One value that is another one in its copy. */
export interface Change {
  /** The table that holds the row itself, not its parent. */
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** What a statement gave: its rows as text, or the code of its error. */
export type Outcome =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly (string | null)[])[] }
  | { readonly kind: 'error'; readonly code: string };

export interface Copy {
  /** Null for the copy that nothing is changed in. */
  readonly change: Change | null;
  /** Runs the statement in a transaction that is rolled back. */
  run(text: string): Promise<Outcome>;
  /** Puts all rows in anew: what rolled back statements left in the files can change the order of a join. */
  refill(): Promise<void>;
}

export interface ScratchDatabases {
  /** The copy without a change comes first. */
  readonly copies: readonly Copy[];
  /** A client of the database that nothing is changed in. */
  readonly client: pg.Client;
  close(): Promise<void>;
}

/** Statistics that appear in one copy alone would change the order of its rows. */
const QUIET = `do $$ declare made regclass; begin
  for made in select c.oid from pg_class c where c.relkind in ('r', 'm') and c.oid >= 16384 loop
    execute format('alter table %s set (autovacuum_enabled = false)', made);
  end loop;
end $$`;

const TEMPLATE = 'taint_template';

/** One copy for each column of every base table, with another value in a row that is drawn. */
export async function openScratchDatabases(server: ScratchServer, draw: Draw): Promise<ScratchDatabases> {
  const owner = await connect(server, server.database);
  await owner.query(`drop database if exists ${TEMPLATE} with (force)`);
  await owner.query(`create database ${TEMPLATE}`);
  await owner.query(`alter database ${TEMPLATE} set search_path = ${NASTY_SEARCH_PATH}`);
  const template = await connect(server, TEMPLATE);
  await template.query(NASTY_SCHEMA);
  await template.query(QUIET);
  await template.end();
  await fill(server, TEMPLATE, null, Object.keys(NASTY_ROWS));

  const copies: Copy[] = [];
  const clients: RawClient[] = [];
  const plans = [null, ...planChanges(draw)];
  for (const [index, plan] of plans.entries()) {
    const database = `taint_${index}`;
    await owner.query(`drop database if exists ${database} with (force)`);
    await owner.query(`create database ${database} template ${TEMPLATE} strategy wal_log`);
    await owner.query(`alter database ${database} set search_path = ${NASTY_SEARCH_PATH}`);
    const change = plan === null ? null : await fill(server, database, plan, [plan.into]);
    const raw = openRaw(server.port);
    await logIn(raw, { ...server, database });
    raw.send(message('Q', "set statement_timeout = '2s'"));
    await raw.untilReady();
    clients.push(raw);
    copies.push({
      change,
      run: (text) => run(raw, text),
      refill: async () => void (await fill(server, database, plan, Object.keys(NASTY_ROWS))),
    });
  }
  const client = await connect(server, 'taint_0');
  return {
    copies,
    client,
    async close() {
      await client.end();
      for (const raw of clients) raw.end();
      await owner.end();
    },
  };
}

async function connect({ host, port, user, password }: ScratchServer, database: string): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  return client;
}

interface Plan {
  /** A key of the rows, `schema.table(columns)`. */
  readonly into: string;
  readonly row: number;
  readonly column: number;
  readonly value: string;
}

function planChanges(draw: Draw): readonly Plan[] {
  return Object.entries(NASTY_ROWS).flatMap(([into, rows]) =>
    rows[0]!.map((_, column) => {
      const row = draw.below(rows.length);
      return { into, row, column, value: changed(draw, rows[row]![column]!) };
    }),
  );
}

/** Another value of the same type, often one that other rows have. */
function changed(draw: Draw, value: string): string {
  const others = (list: readonly string[]) => draw.pick(list.filter((each) => each !== value));
  if (/^\d{2,}$/.test(value)) return String(Number(value) + 1);
  if (/^\d+$/.test(value)) return others(['1', '2', '3', '9', 'null']);
  if (value === 'true' || value === 'false') return others(['true', 'false']);
  if (value.startsWith('array[row')) return `array[row(5, 'x')]::two.pair[]`;
  if (value.startsWith('row')) return others([`row(3, 'x')`, `row(1, 'y')`]);
  if (value.startsWith(`array['`)) return others([`array['z', 'w']`, `array['x']`]);
  if (value.startsWith('array[')) return others(['array[9]', 'array[1, 3, 2]']);
  if (value.startsWith(`'{`)) return `'{"k": "z", "o": {"a": [9]}, "a": 4}'`;
  return others([`'x'`, `'y'`, `'zzz'`, 'null']);
}

/** Puts the rows of the tables in anew; the change that was made, in the table that really holds the row. */
async function fill(
  server: ScratchServer,
  database: string,
  plan: Plan | null,
  tables: readonly string[],
): Promise<Change | null> {
  const client = await connect(server, database);
  let change: Change | null = null;
  try {
    for (const into of tables) {
      // A parent keeps what its children hold; the table with partitions holds nothing else.
      const only = into.startsWith('public.parts(') ? '' : 'only ';
      await client.query(`truncate ${only}${into.slice(0, into.lastIndexOf('('))}`);
      const rows = NASTY_ROWS[into]!;
      for (const [index, values] of rows.entries()) {
        const isPlanned = plan?.into === into && plan.row === index;
        const row = isPlanned ? values.with(plan.column, plan.value) : values;
        const place = await client.query<{ readonly schema: string; readonly name: string }>(
          `with put as (insert into ${into} values (${row.join(', ')}) returning tableoid)
            select n.nspname::text as schema, c.relname::text as name from put
            join pg_class c on c.oid = put.tableoid join pg_namespace n on n.oid = c.relnamespace`,
        );
        const { schema, name } = place.rows[0]!;
        if (isPlanned) change = { schema, table: name, column: columnNames(into)[plan.column]! };
      }
    }
    await client.query(`refresh materialized view ${NASTY_MATERIALIZED}`);
    return change;
  } finally {
    await client.end();
  }
}

function columnNames(into: string): readonly string[] {
  const list = /\((?<list>[^()]*)\)$/.exec(into)!.groups!['list']!;
  return list.split(', ').map((name) => name.replace(/^"(.*)"$/, '$1'));
}

async function run(client: RawClient, text: string): Promise<Outcome> {
  client.send(message('Q', 'begin'), message('Q', text), message('Q', 'rollback'));
  const messages = await client.untilReady(3);
  const error = messages.find(({ type }) => type === 'E');
  if (error !== undefined) {
    const code = error.body
      .toString('utf8')
      .split('\0')
      .find((field) => field.startsWith('C'));
    return { kind: 'error', code: code?.slice(1) ?? '' };
  }
  return { kind: 'rows', rows: messages.filter(({ type }) => type === 'D').map(rowOf) };
}

function rowOf({ body }: Message): readonly (string | null)[] {
  const values: (string | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left -= 1) {
    const size = body.readInt32BE(at);
    at += 4;
    values.push(size < 0 ? null : body.toString('utf8', at, at + size));
    at += Math.max(size, 0);
  }
  return values;
}
