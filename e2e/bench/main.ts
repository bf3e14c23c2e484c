import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Fleet, fillDemo, freePort, startFleet } from '@gatehouse/fleet';
import pg from 'pg';
import { stringify } from 'yaml';
import { allowAllPolicies, SHIPPED_POLICIES } from '../stage/policies.ts';
import { type Measured, pgbench, type Target } from './pgbench.ts';

/**
 * Direct, a plain relay, poolers and Gatehouse in one run: figures of different runs must not be compared, ratios
 * inside one may. `--seconds N` per point (default 3); `--json` prints the rows. Every competitor is a process of its own.
 */
const seconds = Number(argument('--seconds') ?? 3);
const asJson = process.argv.includes('--json');
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
const children: ChildProcess[] = [];

const PLAIN = '\\set id random(1, 5000)\nSELECT status FROM orders WHERE id = :id;\n';
const MASKED = '\\set id random(1, 5000)\nSELECT id, full_name, email FROM customers WHERE id = :id;\n';

interface Row extends Measured {
  readonly target: string;
  readonly query: string;
  readonly mode: string;
  readonly clients: number;
  readonly ofDirect: number;
}

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** Starts a process and resolves when its output has the text; gives the output. */
function start(command: string, args: readonly string[], ready: RegExp): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let output = '';
    const look = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      if (ready.test(output)) resolve(output);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`${command} ended: ${output.slice(-500)}`)));
  });
}

async function relayTarget(direct: Target, host: string): Promise<Target> {
  const args = [
    '--import',
    import.meta.resolve('tsx'),
    join(ROOT, 'e2e/bench/relay.ts'),
    host,
    String(direct.port),
  ];
  return {
    ...direct,
    name: 'plain Node relay',
    port: Number(await start(process.execPath, args, /^\d+\n/m)),
  };
}

async function pgbouncerTarget(direct: Target): Promise<Target | null> {
  const port = await freePort();
  writeFileSync(join(folder, 'users.txt'), `"${direct.user}" "${direct.password}"\n`);
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]\n${direct.database} = host=127.0.0.1 port=${direct.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nauth_type = scram-sha-256\nauth_file = ${join(folder, 'users.txt')}\npool_mode = session\nmax_client_conn = 200\ndefault_pool_size = 64\nunix_socket_dir =\nuser = nobody\n`,
  );
  try {
    await start('pgbouncer', [join(folder, 'pgbouncer.ini')], /process up/);
    return { ...direct, name: 'PgBouncer (session)', port };
  } catch {
    return null;
  }
}

async function haproxyTarget(direct: Target): Promise<Target | null> {
  const port = await freePort();
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `global\n  nbthread 1\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\nlisten pg\n  bind 127.0.0.1:${port}\n  server s 127.0.0.1:${direct.port}\n`,
  );
  try {
    await start(
      'haproxy',
      ['-V', '-db', '-f', join(folder, 'haproxy.cfg')],
      /Loading success|started|worker/i,
    );
    return { ...direct, name: 'HAProxy (tcp)', port };
  } catch {
    return null;
  }
}

async function gatewayTarget(name: string, fleet: Fleet, policies: string): Promise<Target> {
  const { host, port, app, user, password } = fleet.postgres!;
  const dir = mkdtempSync(join(folder, 'gw-'));
  const listen = await freePort();
  const secret = (file: string, value: string): string => {
    writeFileSync(join(dir, file), value);
    return `file:${file}`;
  };
  const own = { user, password: secret('own', password) };
  const config = join(dir, 'gatehouse.yaml');
  writeFileSync(
    join(dir, 'principals.yaml'),
    'principals: [{ name: ana, kind: human, groups: [analysts] }]\n',
  );
  writeFileSync(
    config,
    stringify({
      policies,
      principals: './principals.yaml',
      databases: [
        {
          name: 'shop',
          dialect: 'postgres',
          labels: { env: 'production' },
          upstream: {
            host,
            port,
            user: app.user,
            password: secret('app', app.password),
            own,
            tls: { mode: 'disable' },
          },
        },
      ],
      listeners: [{ name: 'pg', dialect: 'postgres', port: listen, databases: ['shop'] }],
      admin: { port: 0 },
      audit: { redis: secret('redis', fleet.redis!.url), worker: 'separate' },
      log: { level: 'error' },
    }),
  );
  const bin = join(ROOT, 'packages/cli/dist/bin.js');
  await start(process.execPath, [bin, 'serve', '--config', config], /admin:/);
  const token = spawn(process.execPath, [bin, 'token', 'create', 'ana', '--config', config], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  for await (const chunk of token.stdout) output += chunk;
  return { name, port: listen, user: 'ana', password: output.trim(), database: 'shop' };
}

async function measurePoints(
  targets: readonly Target[],
  masked: ReadonlySet<string>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [query, script] of [
    ['plain column', PLAIN],
    ['masked column', MASKED],
  ] as const) {
    for (const mode of ['simple', 'prepared'] as const) {
      for (const clients of [1, 8, 32]) {
        let direct = Number.NaN;
        for (const target of targets) {
          if (query === 'masked column' && target.name !== 'direct' && !masked.has(target.name)) continue;
          const measured = await pgbench(target, script, mode, clients, seconds);
          if (target.name === 'direct') direct = measured.tps;
          const row = {
            target: target.name,
            query,
            mode,
            clients,
            ...measured,
            ofDirect: measured.tps / direct,
          };
          rows.push(row);
          if (!asJson)
            process.stderr.write(
              `${query}, ${mode}, ${clients} clients, ${target.name}: ${Math.round(measured.tps)}/s\n`,
            );
        }
      }
    }
  }
  return rows;
}

/** A million rows through one connection, in MB of row data a second. */
async function measureScan(
  targets: readonly Target[],
  sql: string,
): Promise<
  readonly {
    readonly target: string;
    readonly binary: boolean;
    readonly rowsPerSecond: number;
    readonly ofDirect: number;
  }[]
> {
  const results = [];
  for (const binary of [false, true]) {
    let direct = Number.NaN;
    for (const target of targets) {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: target.port,
        user: target.user,
        password: target.password,
        database: target.database,
      });
      await client.connect();
      const started = performance.now();
      let rows = 0;
      const { connection } = client as unknown as {
        connection: { on(event: string, listener: () => void): void };
      };
      connection.on('dataRow', () => {
        rows += 1;
      });
      await client.query({ text: sql, binary, queryMode: 'extended', rowMode: 'array' } as pg.QueryConfig);
      const rowsPerSecond = rows / ((performance.now() - started) / 1000);
      if (target.name === 'direct') direct = rowsPerSecond;
      results.push({ target: target.name, binary, rowsPerSecond, ofDirect: rowsPerSecond / direct });
      await client.end();
    }
  }
  return results;
}

/** Resident memory of the gateway's process for each idle session, in KB. */
async function measureIdle(target: Target, pid: number): Promise<number> {
  const resident = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const before = resident();
  const clients = Array.from(
    { length: IDLE },
    () =>
      new pg.Client({
        host: '127.0.0.1',
        port: target.port,
        user: target.user,
        password: target.password,
        database: target.database,
      }),
  );
  for (const client of clients) await client.connect();
  const each = (resident() - before) / IDLE;
  await Promise.all(clients.map((client) => client.end()));
  return each;
}

const IDLE = 100;
const SCAN = 'SELECT o.id, o.status, o.total FROM orders o CROSS JOIN generate_series(1, 60) g';

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ query, mode, clients, target, tps, p50Ms, p99Ms, ofDirect }) =>
      `| ${query} | ${mode} | ${clients} | ${target} | ${Math.round(tps)} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} | ${ofDirect.toFixed(2)} |`,
  );
  return [
    '| query | protocol | clients | through | statements/s | p50 ms | p99 ms | of direct |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

const fleet = await startFleet({
  need: ['postgres', 'redis'],
  report: (line) => process.stderr.write(`${line}\n`),
});
try {
  await fillDemo(fleet);
  const { host, port, app } = fleet.postgres!;
  const direct: Target = { name: 'direct', port, ...app, database: 'shop' };
  const others = [
    await relayTarget(direct, host),
    await haproxyTarget(direct),
    await pgbouncerTarget(direct),
  ].filter((target) => target !== null);
  const open = await gatewayTarget('Gatehouse, all allowed', fleet, allowAllPolicies());
  const openPid = children.at(-1)!.pid!;
  const shipped = await gatewayTarget('Gatehouse, shipped policies', fleet, SHIPPED_POLICIES);
  const points = await measurePoints([direct, ...others, open, shipped], new Set([open.name, shipped.name]));
  const scans = await measureScan([direct, ...others, open, shipped], SCAN);
  const idleKb = await measureIdle(open, openPid);
  if (asJson) process.stdout.write(`${JSON.stringify({ points, scans, idleKb })}\n`);
  else {
    process.stdout.write(
      `${table(points)}\n\n| read of many rows | format | rows/s | of direct |\n|---|---|---|---|\n`,
    );
    for (const { target, binary, rowsPerSecond, ofDirect } of scans)
      process.stdout.write(
        `| ${target} | ${binary ? 'binary' : 'text'} | ${Math.round(rowsPerSecond)} | ${ofDirect.toFixed(2)} |\n`,
      );
    process.stdout.write(
      `\nMemory of the gateway per idle session: ${Math.round(idleKb)} KB (${IDLE} sessions)\n`,
    );
  }
} finally {
  for (const child of children) child.kill('SIGKILL');
  await fleet.stop();
  rmSync(folder, { recursive: true, force: true });
}
