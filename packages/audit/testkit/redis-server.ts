/** A Redis of a test's own: free port, fresh folder, append-only file, killed at the end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';

export interface TestRedis {
  readonly url: string;
  /** SIGKILL, and waits until the process is gone. */
  kill9(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  /** Kills it and removes its data. */
  remove(): Promise<void>;
}

/** Why these tests cannot run here, or null when they can. */
export function whyNoRedis(): string | null {
  return spawnSync('redis-server', ['--version']).error === undefined ? null : 'no redis-server on the PATH';
}

/** `forgetful`: keeps nothing on disk, so that what was not stored is gone when it is killed. */
export async function startTestRedis(disk: 'append-only' | 'forgetful' = 'append-only'): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const start = async () => {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
    args.push('--appendonly', disk === 'append-only' ? 'yes' : 'no', '--appendfsync', 'everysec');
    args.push('--maxmemory-policy', 'noeviction');
    child = spawn('redis-server', args, { stdio: 'ignore' });
    await answering(url);
  };
  const kill9 = async () => {
    const running = child;
    child = null;
    if (running === null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    url,
    start,
    kill9,
    async remove() {
      await kill9();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function answering(url: string): Promise<void> {
  const redis = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: 100 });
  redis.on('error', () => undefined);
  try {
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
