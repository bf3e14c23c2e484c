import type { PostgresServer } from '@gatehouse/fleet';
import type { Bench } from './bench.ts';
import { startHaproxy, startPgbouncer, startRelay } from './competitors.ts';
import { DATABASE, startGateway } from './gateway.ts';
import { measureIdle } from './idle-sessions.ts';
import { measureReads } from './long-read.ts';
import { measureCase, warmUp } from './measure.ts';
import { PGBENCH_MODES, pgbench } from './pgbench.ts';
import { askPostgres, createDatabase } from './postgres-database.ts';
import { connectPostgres, readPostgres } from './postgres-read.ts';
import { findTool, runTool } from './run-tool.ts';
import type { Target } from './target.ts';

/** Rows of one unit of pgbench's scale. */
const ROWS_PER_SCALE = 100_000;
const NAME = 'Postgres';

/** `pgbench -S` simple and prepared, a long read in text and binary, idle sessions. */
export async function measurePostgres(bench: Bench, server: PostgresServer): Promise<void> {
  const { options, results, report, processes } = bench;
  const command = findTool('pgbench');
  if (command === null) {
    results.notes.push('Postgres was not measured: no `pgbench` on the PATH (Debian: postgresql-contrib)');
    return;
  }
  report('Postgres: filling pgbench_accounts');
  await fill(server, command, options.rows);
  const direct: Target = { name: 'direct', port: server.port, ...server.app, database: DATABASE };
  const relay = await startRelay(processes, direct);
  const haproxy = await startHaproxy(processes, direct);
  const pgbouncer = await startPgbouncer(processes, direct);
  if (haproxy === null) results.notes.push('HAProxy is not installed');
  if (pgbouncer === null) results.notes.push('PgBouncer is not installed');
  const gateway = await startGateway(processes, {
    dialect: 'postgres',
    direct,
    own: server,
    redisUrl: bench.redisUrl,
    nodeOptions: bench.nodeOptions,
  });
  const targets = [direct, relay, haproxy, pgbouncer, gateway.plain, gateway.masked].filter(
    (target) => target !== null,
  );

  report(`${NAME}: ${options.idleSessions} idle sessions`);
  results.idle.push(
    await measureIdle(
      NAME,
      gateway.pid,
      options.idleSessions,
      () => connectPostgres(gateway.masked),
      (client) => client.end(),
    ),
  );
  const compiled = [relay, gateway.plain, gateway.masked];
  for (const mode of PGBENCH_MODES) {
    const warm = { command, folder: processes.folder, mode, clients: 8, seconds: options.warmUpSeconds };
    await warmUp(`${NAME}, ${mode}`, compiled, (target) => pgbench(target, warm), report);
    for (const clients of options.clients) {
      const run = { command, folder: processes.folder, mode, clients, seconds: options.seconds };
      const point = {
        database: NAME,
        load: `pgbench -S, ${mode}`,
        clients,
        seconds: options.seconds,
        run: (target: Target) => pgbench(target, run),
      };
      results.points.push(...(await measureCase(point, targets, options.rounds, report)));
    }
  }
  const sql = 'SELECT aid, bid, abalance, filler FROM pgbench_accounts';
  for (const format of ['text', 'binary'] as const) {
    const what = { database: NAME, rows: options.rows, format };
    const read = (target: Target) => readPostgres(target, sql, format);
    results.reads.push(...(await measureReads(what, targets, read, report)));
  }
}

async function fill(server: PostgresServer, command: string, rows: number): Promise<void> {
  await createDatabase(server, DATABASE);
  // The default is for a test's few sessions.
  await askPostgres(server, 'postgres', 'alter system set max_connections = 700');
  await server.restart();
  const { host, port, user, password } = server;
  const scale = String(rows / ROWS_PER_SCALE);
  const place = ['-h', host, '-p', String(port), '-U', user, DATABASE];
  await runTool(
    command,
    ['-i', '-q', '-I', 'dtGvp', '-s', scale, ...place],
    { PGPASSWORD: password },
    120_000,
  );
  await askPostgres(server, DATABASE, `grant select on all tables in schema public to ${server.app.user}`);
  await askPostgres(server, DATABASE, 'checkpoint');
}
