/** Several Redis servers of a test's own: a primary with a replica and a Sentinel, or a cluster of three. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';

interface Server {
  readonly port: number;
  /** SIGKILL, and waits until the process is gone. */
  kill9(): Promise<void>;
  start(): Promise<void>;
  ask(...command: readonly [string, ...string[]]): Promise<unknown>;
}

export interface RedisGroup {
  readonly url: string;
  readonly servers: readonly Server[];
  remove(): Promise<void>;
}

const PASSWORD = 'p:a@ss';
const SLOTS = 16_384;

/** The first server is the primary, the second its replica; one Sentinel decides within a second or two. */
export async function startSentinelGroup(): Promise<RedisGroup> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-sentinel-'));
  const login = ['--requirepass', PASSWORD, '--masterauth', PASSWORD];
  const primary = await startServer(dir, PASSWORD, login);
  const replica = await startServer(dir, PASSWORD, [...login, '--replicaof', `127.0.0.1 ${primary.port}`]);
  await until(async () => String(await replica.ask('INFO', 'replication')).includes('master_link_status:up'));
  const config = join(dir, 'sentinel.conf');
  writeFileSync(
    config,
    [
      `sentinel monitor main ${'127.0.0.1'} ${primary.port} 1`,
      `sentinel auth-pass main ${PASSWORD}`,
      'sentinel down-after-milliseconds main 1000',
      'sentinel failover-timeout main 5000',
      '',
    ].join('\n'),
  );
  const sentinel = await startServer(dir, null, [], [config, '--sentinel']);
  await until(async () => String(await sentinel.ask('INFO', 'sentinel')).includes('slaves=1'));
  const servers = [primary, replica, sentinel];
  return {
    url: `redis+sentinel://:${encodeURIComponent(PASSWORD)}@127.0.0.1:1,127.0.0.1:${sentinel.port}/main`,
    servers,
    remove: () => removed(servers, dir),
  };
}

/** Three nodes without replicas, each with a third of the slots. */
export async function startCluster(): Promise<RedisGroup> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-cluster-'));
  const servers: Server[] = [];
  const buses: number[] = [];
  for (let index = 0; index < 3; index += 1) {
    buses.push(await freePort());
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(buses[index])];
    servers.push(
      await startServer(dir, PASSWORD, [
        ...cluster,
        ...['--cluster-config-file', `nodes-${index}.conf`, '--cluster-node-timeout', '2000'],
        ...['--requirepass', PASSWORD],
      ]),
    );
  }
  const [first] = servers;
  for (const [index, server] of servers.entries()) {
    const from = Math.ceil((SLOTS * index) / 3);
    const to = Math.ceil((SLOTS * (index + 1)) / 3) - 1;
    await server.ask('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    if (index > 0)
      await first!.ask('CLUSTER', 'MEET', '127.0.0.1', String(server.port), String(buses[index]));
  }
  for (const server of servers) {
    await until(async () => String(await server.ask('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  }
  const nodes = servers.slice(1).map(({ port }) => `127.0.0.1:${port}`);
  return {
    url: `redis+cluster://:${encodeURIComponent(PASSWORD)}@${nodes.join(',')}`,
    servers,
    remove: () => removed(servers, dir),
  };
}

async function startServer(
  dir: string,
  password: string | null,
  extra: readonly string[],
  before: readonly string[] = [],
): Promise<Server> {
  const port = await freePort();
  const data = mkdtempSync(join(dir, 'server-'));
  let child: ChildProcess | null = null;
  const ask: Server['ask'] = async (...[name, ...args]) => {
    const redis = new Redis(port, '127.0.0.1', {
      ...(password === null ? {} : { password }),
      retryStrategy: () => 50,
      maxRetriesPerRequest: 400,
      // A node that is loading, or that waits for its cluster, answers all the same.
      enableReadyCheck: false,
    });
    redis.on('error', () => undefined);
    try {
      return await redis.call(name, ...args);
    } finally {
      redis.disconnect();
    }
  };
  const start = async () => {
    const keep = before.includes('--sentinel') ? [] : ['--save', '', '--appendonly', 'yes'];
    child = spawn(
      'redis-server',
      [...before, '--port', String(port), '--bind', '127.0.0.1', '--dir', data, ...keep, ...extra],
      { stdio: 'ignore' },
    );
    await ask('PING');
  };
  await start();
  return {
    port,
    ask,
    start,
    async kill9() {
      const running = child;
      child = null;
      if (running === null) return;
      const gone = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGKILL');
      await gone;
    },
  };
}

async function removed(servers: readonly Server[], dir: string): Promise<void> {
  for (const server of servers) await server.kill9();
  rmSync(dir, { recursive: true, force: true });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries += 1) {
    if (tries === 600) throw new Error('the servers do not find each other');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
