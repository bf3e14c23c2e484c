/**
 * Makes the schema, and brings a store over that was made before there were partitions.
 *
 *   old table renamed, new one made (one transaction) ──> oldest rows added as new events are
 *     ──> deleted from the old table ──> … ──> old table empty ──> dropped
 *
 * Interrupted anywhere, the next one goes on: rows that were added and not deleted are known when they
 * come again. Rows keep their ids. Nothing else is stored before all is moved, so that no new event
 * can take the number of one that still waits there; what has not been moved yet is not found but by
 * its number. A gateway does not wait for it: its events stay in the journal meanwhile.
 */
import { GatewayError } from '@gatehouse/model';
import { parseLine } from '../journal/event-line.ts';
import { OLD_TABLE, schemaStatement } from './schema.ts';
import { FUNCTIONS } from './schema-functions.ts';
import type { RunSql, SqlRow } from './sql-connection.ts';
import type { EventWriter } from './write-events.ts';

/** Rows of an old store that hold no event. */
const REFUSED_TABLE = 'gatehouse_audit_refused';
/** Rows moved with one transaction. */
const AT_ONCE = 2_000;

/** Can be run again and again, and by several at once. Throws GatewayError `store-encoding` for a server that does not keep UTF-8. */
export async function makeSchema(run: RunSql): Promise<void> {
  const encoding = (await run('show server_encoding'))[0]?.['server_encoding'];
  if (encoding !== 'UTF8') {
    throw new GatewayError('config', 'store-encoding', `expected a database in UTF8, got \`${encoding}\``);
  }
  await run(schemaStatement(FUNCTIONS));
}

/** Brings over what an older version has stored; resolves when nothing is left of it. Can be run again and again, and by several at once. */
export async function moveOldRows(run: RunSql, write: EventWriter): Promise<void> {
  while (await hasOldRows(run)) await moveSome(run, write);
}

async function hasOldRows(run: RunSql): Promise<boolean> {
  return (await run(`select to_regclass('${OLD_TABLE}') is not null as there`))[0]?.['there'] === true;
}

/** Lines of a node that wait to be brought over, in the order of their numbers, after one. */
export async function oldLines(
  run: RunSql,
  node: string,
  afterSeq: number,
  limit: number,
): Promise<readonly SqlRow[]> {
  if (!(await hasOldRows(run))) return [];
  const text = `select seq, line from ${OLD_TABLE} where node = $1::text and seq > $2::bigint order by seq limit $3::bigint`;
  return run(text, node, afterSeq, limit).catch(ifGone);
}

async function moveSome(run: RunSql, write: EventWriter): Promise<void> {
  const rows = await run(`select id, line from ${OLD_TABLE} order by id limit ${AT_ONCE}`).catch(ifGone);
  if (rows.length === 0) {
    await run(`drop table if exists ${OLD_TABLE}`);
    return;
  }
  // What is no event was not written by a store: kept for whoever wants to know, and not searched.
  const good = rows.filter(({ line }) => parseLine(String(line)) !== null);
  await write(
    good.map(({ line }) => String(line)),
    { ids: good.map(({ id }) => Number(id)) },
  );
  if (good.length < rows.length) {
    const bad = rows.filter((row) => !good.includes(row)).map(({ id, line }) => ({ id: String(id), line }));
    await run(`create table if not exists ${REFUSED_TABLE} (id bigint primary key, line text not null)`);
    await run(
      `insert into ${REFUSED_TABLE} select id, line from json_to_recordset($1::json) as r (id bigint, line text) on conflict do nothing`,
      JSON.stringify(bad),
    );
  }
  await run(`delete from ${OLD_TABLE} where id <= $1::bigint`, rows.at(-1)!['id']).catch(ifGone);
}

/** Another one, that moves the same rows, has moved the last ones. */
function ifGone(error: unknown): readonly [] {
  if (error instanceof GatewayError && error.context['reason'] === '42P01') return [];
  throw error;
}
