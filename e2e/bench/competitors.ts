/**
 * What others put between a client and a server: a plain relay in Node, HAProxy, PgBouncer. Each is a
 * process of its own; null where the program is not installed.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@gatehouse/fleet';
import { type Processes, untilListening, untilPrinted } from './processes.ts';
import { findTool } from './run-tool.ts';
import type { Target } from './target.ts';

const STARTS_WITHIN_MS = 20_000;

/** Bytes in, bytes out, in an event loop: what any gateway in Node pays at least. */
export async function startRelay(processes: Processes, direct: Target): Promise<Target> {
  const file = fileURLToPath(new URL('relay.mjs', import.meta.url));
  const relay = processes.start({
    name: 'the plain relay',
    command: process.execPath,
    args: [file, '127.0.0.1', String(direct.port)],
  });
  const [port] = await untilPrinted(relay, /^\d+(?=\n)/, STARTS_WITHIN_MS);
  return { ...direct, name: 'plain Node relay', port: Number(port), pid: relay.pid };
}

export async function startHaproxy(processes: Processes, direct: Target): Promise<Target | null> {
  const command = findTool('haproxy');
  if (command === null) return null;
  const port = await freePort();
  const file = join(processes.folder, `haproxy-${port}.cfg`);
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 2000
defaults
  mode tcp
  timeout connect 5s
  timeout client 300s
  timeout server 300s
listen front
  bind 127.0.0.1:${port}
  server back 127.0.0.1:${direct.port}
`,
  );
  const haproxy = processes.start({ name: 'HAProxy', command, args: ['-db', '-f', file] });
  await untilListening(haproxy, port, STARTS_WITHIN_MS);
  return { ...direct, name: 'HAProxy (tcp)', port, pid: haproxy.pid };
}

export async function startPgbouncer(processes: Processes, direct: Target): Promise<Target | null> {
  const command = findTool('pgbouncer');
  if (command === null) return null;
  const port = await freePort();
  const users = join(processes.folder, 'pgbouncer-users.txt');
  const file = join(processes.folder, 'pgbouncer.ini');
  writeFileSync(users, `"${direct.user}" "${direct.password}"\n`);
  // PgBouncer refuses to run as root and reads its files again as the user that it becomes.
  const asRoot = process.getuid?.() === 0;
  if (asRoot) chmodSync(processes.folder, 0o711);
  writeFileSync(
    file,
    `[databases]
${direct.database} = host=127.0.0.1 port=${direct.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = session
max_client_conn = 1000
default_pool_size = 100
unix_socket_dir =
log_connections = 0
log_disconnections = 0
${asRoot ? 'user = nobody\n' : ''}`,
  );
  const pgbouncer = processes.start({ name: 'PgBouncer', command, args: [file] });
  await untilListening(pgbouncer, port, STARTS_WITHIN_MS);
  return { ...direct, name: 'PgBouncer (session)', port, pid: pgbouncer.pid };
}
