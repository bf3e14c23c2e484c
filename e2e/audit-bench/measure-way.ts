/** Events/s from the journal to the store: shipper, Redis, one worker in a process of its own, Postgres. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditPipeline, openStore } from '@gatehouse/audit';
import { intentBody, outcomeBody } from './bodies.ts';

const STATEMENTS = 100_000;
const silent = () => undefined;

interface WayOptions {
  readonly redisUrl: string;
  readonly storeUrl: string;
  /** Runs as `PROGRAM worker REDIS STORE`. */
  readonly program: string;
  readonly report: (line: string) => void;
}

export async function measureWay(options: WayOptions): Promise<void> {
  for (const fsync of ['everysec', 'always']) {
    await tellRedis(options.redisUrl, `CONFIG SET appendfsync ${fsync}`);
    await measureOnce(fsync, options);
  }
}

async function measureOnce(
  fsync: string,
  { redisUrl, storeUrl, program, report }: WayOptions,
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-audit-bench-'));
  const node = `way-${fsync}`;
  const store = await openStore({ kind: 'server', url: storeUrl }, silent);
  await store.migrate();
  const pipeline = await openAuditPipeline({
    dataDir,
    node,
    redisUrl,
    store: 'embedded',
    worker: 'separate',
    segmentBytes: 64 << 20,
    maxBacklogBytes: 4 * 2 ** 30,
    log: { info: silent, warn: silent, error: silent },
  });
  const begun = performance.now();
  for (let done = 0; done < STATEMENTS; done += 50) {
    for (let index = 0; index < 50; index += 1) {
      pipeline.journal.append(intentBody(done + index));
      pipeline.journal.append(outcomeBody(done + index));
    }
    await new Promise<void>((resolve) => pipeline.journal.afterWritten(() => resolve()));
  }
  const written = performance.now();
  while (pipeline.status().shipper.backlogEvents > 0) await sleep(5);
  const queued = performance.now();
  const worker = await startWorker(program, redisUrl, storeUrl);
  const started = performance.now();
  const events = pipeline.journal.written().seq;
  while ((await lastStored(store, node)) < events) await sleep(50);
  const stored = performance.now();
  const rate = (ms: number) => Math.round(events / (ms / 1_000)).toLocaleString('en');
  report(
    `${events} events, appendfsync ${fsync}: journal and queue at once ${rate(queued - begun)}/s (journal alone ${rate(written - begun)}/s), queue to store ${rate(stored - started)}/s`,
  );
  await pipeline.close();
  // The whole way at once, with the worker running.
  const second = await openAuditPipeline({
    dataDir,
    node,
    redisUrl,
    store: 'embedded',
    worker: 'separate',
    segmentBytes: 64 << 20,
    maxBacklogBytes: 4 * 2 ** 30,
    log: { info: silent, warn: silent, error: silent },
  });
  const from = second.journal.written().seq;
  const again = performance.now();
  for (let done = 0; done < STATEMENTS; done += 50) {
    for (let index = 0; index < 50; index += 1) {
      second.journal.append(intentBody(STATEMENTS + done + index));
      second.journal.append(outcomeBody(STATEMENTS + done + index));
    }
    await new Promise<void>((resolve) => second.journal.afterWritten(() => resolve()));
  }
  const more = second.journal.written().seq;
  while ((await lastStored(store, node)) < more) await sleep(50);
  const whole = Math.round((more - from) / ((performance.now() - again) / 1_000)).toLocaleString('en');
  report(`${more - from} events, appendfsync ${fsync}: all stages at once ${whole}/s from journal to store`);
  await second.close();
  await killed(worker);
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
}

type Store = Awaited<ReturnType<typeof openStore>>;

/** Batches arrive in any order: the last number alone is not all of them. */
async function lastStored(store: Store, node: string): Promise<number> {
  return (await store.verifyInfo()).find((info) => info.node === node)?.events ?? 0;
}

function startWorker(program: string, redisUrl: string, storeUrl: string): Promise<ChildProcess> {
  const args = ['--conditions=gatehouse-source', '--import', import.meta.resolve('tsx'), program];
  const child = spawn(process.execPath, [...args, 'worker', redisUrl, storeUrl], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('ready')) resolve(child);
    });
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** One command in the protocol's inline form. */
async function tellRedis(redisUrl: string, command: string): Promise<void> {
  const { hostname, port, password } = new URL(redisUrl);
  const socket = createConnection(Number(port), hostname);
  socket.write(`AUTH ${decodeURIComponent(password)}\r\n${command}\r\nQUIT\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  if (answer.includes('-')) throw new Error(`Redis refuses: ${answer}`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
