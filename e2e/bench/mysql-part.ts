import type { MysqlServer } from '@gatehouse/fleet';
import mysql from 'mysql2/promise';
import type { Bench } from './bench.ts';
import { startHaproxy, startRelay } from './competitors.ts';
import { DATABASE, startGateway } from './gateway.ts';
import { measureIdle } from './idle-sessions.ts';
import { measureReads } from './long-read.ts';
import { measureCase, warmUp } from './measure.ts';
import { connectMysql, readMysql } from './mysql-read.ts';
import { findTool } from './run-tool.ts';
import { SYSBENCH_MODES, sysbench } from './sysbench.ts';
import type { Target } from './target.ts';

const NAME = 'MariaDB';

/** `sysbench oltp_point_select` with texts and prepared, a long read, idle sessions. */
export async function measureMysql(bench: Bench, server: MysqlServer): Promise<void> {
  const { options, results, report, processes } = bench;
  const command = findTool('sysbench');
  if (command === null) {
    results.notes.push('MariaDB was not measured: no `sysbench` on the PATH (Debian: sysbench)');
    return;
  }
  report(`${NAME}: filling sbtest1`);
  await fill(server, options.rows);
  const direct: Target = { name: 'direct', port: server.port, ...server.app, database: DATABASE };
  const relay = await startRelay(processes, direct);
  const haproxy = await startHaproxy(processes, direct);
  if (haproxy === null) results.notes.push('HAProxy is not installed');
  const gateway = await startGateway(processes, {
    dialect: 'mysql',
    direct,
    own: server,
    redisUrl: bench.redisUrl,
    nodeOptions: bench.nodeOptions,
  });
  const targets = [direct, relay, haproxy, gateway.plain, gateway.masked].filter((target) => target !== null);

  report(`${NAME}: ${options.idleSessions} idle sessions`);
  results.idle.push(
    await measureIdle(
      NAME,
      gateway.pid,
      options.idleSessions,
      () => connectMysql(gateway.masked),
      (connection) => connection.end(),
    ),
  );
  const { seconds, rows: tableRows, rounds } = options;
  const compiled = [relay, gateway.plain, gateway.masked];
  for (const mode of SYSBENCH_MODES) {
    const warm = { command, mode, threads: 8, seconds: options.warmUpSeconds, tableRows };
    await warmUp(`${NAME}, ${mode}`, compiled, (target) => sysbench(target, warm), report);
    for (const clients of options.clients) {
      const point = {
        database: NAME,
        load: `sysbench point select, ${mode}`,
        clients,
        seconds,
        run: (target: Target) => sysbench(target, { command, mode, threads: clients, seconds, tableRows }),
      };
      results.points.push(...(await measureCase(point, targets, rounds, report)));
    }
  }
  for (const format of ['text', 'binary'] as const) {
    const what = { database: NAME, rows: options.rows, format };
    const read = (target: Target) => readMysql(target, 'SELECT id, k, c, pad FROM sbtest1', format);
    results.reads.push(...(await measureReads(what, targets, read, report)));
  }
}

/** The table of sysbench, filled by the server itself; the program's own way takes minutes for a million rows. */
async function fill(server: MysqlServer, rows: number): Promise<void> {
  const { host, port, user, password } = server;
  const connection = await mysql.createConnection({ host, port, user, password });
  const digits =
    '(select 0 d union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6 union all select 7 union all select 8 union all select 9)';
  const number = 'a.d + 10*b.d + 100*c.d + 1000*e.d + 10000*f.d + 100000*g.d';
  try {
    // The default is for a test's few sessions.
    await connection.query('set global max_connections = 700');
    await connection.query(`create database ${DATABASE}`);
    await connection.query(`use ${DATABASE}`);
    await connection.query(
      "create table sbtest1 (id int not null auto_increment primary key, k int not null default 0, c char(120) not null default '', pad char(60) not null default '', key k_1 (k))",
    );
    await connection.query(
      `insert into sbtest1 select n + 1, n % 1000, concat(repeat(concat(md5(n), '-'), 3), '1234567890'), repeat(md5(n), 1)
         from (select ${number} n from ${digits} a, ${digits} b, ${digits} c, ${digits} e, ${digits} f, ${digits} g) numbers
        where n < ${rows}`,
    );
    await connection.query('analyze table sbtest1');
  } finally {
    await connection.end();
  }
}
