/**
 * What the catalog of a large Postgres database costs: how long it loads, what it holds in memory, and how long the
 * thread of the sessions is busy with it in one piece.
 *
 *     node --conditions=gatehouse-source --import tsx e2e/catalog-bench/main.ts [--tables 10000]
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startFleet } from '@gatehouse/fleet';
import {
  buildPostgresCatalogInPieces,
  POSTGRES_CATALOG_QUERIES,
  type PostgresCatalog,
  type PostgresCatalogRows,
} from '@gatehouse/sql';
import pg from 'pg';

const { values } = parseArgs({ options: { tables: { type: 'string', default: '10000' } } });
const tables = Number(values.tables);
if (!Number.isSafeInteger(tables) || tables < 1) throw new Error('--tables must be a number above 0');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const report = (what: string, value: string): boolean =>
  process.stdout.write(`${what.padEnd(52)} ${value.padStart(12)}\n`);

const fleet = await startFleet({ need: ['postgres'], report: () => undefined });
try {
  const { host, port, user, password } = fleet.postgres!;
  const client = new pg.Client({ host, port, user, password, database: 'postgres' });
  await client.connect();
  await fill(client);
  for (const round of ['first load', 'next load']) {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = performance.now();
    const catalog = await load(client);
    const tookMs = performance.now() - started;
    delay.disable();
    collectGarbage();
    const heldMb = (process.memoryUsage().heapUsed - before) / 1e6;
    report(`${round}, ${tables} tables, 10 columns each`, `${tookMs.toFixed(0)} ms`);
    report(`${round}, memory held`, `${heldMb.toFixed(1)} MB`);
    report(`${round}, longest time without a turn`, `${(delay.max / 1e6).toFixed(0)} ms`);
    if (catalog.relation('public', `table_${tables - 1}`) === undefined)
      throw new Error('a table is missing');
  }
  await client.end();
} finally {
  await fleet.stop();
}

/** Tables with foreign keys, a view for every tenth of them, a partition for every hundredth. */
async function fill(client: pg.Client): Promise<void> {
  const columns = Array.from({ length: 9 }, (_, index) => `column_${index} text`).join(', ');
  await client.query('create table parted (id int, at date) partition by range (id)');
  for (let from = 0; from < tables; from += 100) {
    const statements = Array.from({ length: Math.min(100, tables - from) }, (_, index) => {
      const name = `table_${from + index}`;
      const create = `create table ${name} (id int primary key, ${columns});`;
      return index % 10 === 0
        ? `${create} create view shown_${from + index} as select id, column_1 from ${name};`
        : create;
    });
    statements.push(
      `create table part_${from} partition of parted for values from (${from}) to (${from + 100});`,
    );
    await client.query(statements.join('\n'));
  }
}

/** As the adapter does it: question after question. */
async function load(client: pg.Client): Promise<PostgresCatalog> {
  const rows: Record<string, unknown> = {};
  for (const [name, sql] of Object.entries(POSTGRES_CATALOG_QUERIES)) {
    rows[name] = (await client.query(sql)).rows;
  }
  return buildPostgresCatalogInPieces(rows as PostgresCatalogRows, () => setImmediate());
}
