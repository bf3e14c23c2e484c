/**
 * Events/s from the journal to the store: each stage alone, then all at once, with the processor time
 * that an event takes of every process. A busy machine lowers the rates; the processor time it hardly
 * does, and what two cores could do follows from it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuditWorker, openAuditPipeline, openStore } from '@gatehouse/audit';
import pg from 'pg';
import { intentBody, outcomeBody } from './bodies.ts';
import { type CpuMeter, familyCpu, ownCpu } from './cpu-meter.ts';

const STATEMENTS = 60_000;
const ROWS_AT_ONCE = 1_000;
const silent = () => undefined;

interface WayOptions {
  readonly redisUrl: string;
  readonly storeUrl: string;
  /** Runs as `PROGRAM worker REDIS STORE`. */
  readonly program: string;
  readonly report: (line: string) => void;
}

type Meters = Readonly<Record<string, CpuMeter>>;

export async function measureWay(options: WayOptions): Promise<void> {
  const client = new pg.Client({ connectionString: options.storeUrl });
  await client.connect();
  const servers = {
    redis: familyCpu(await redisPid(options.redisUrl)),
    postgres: familyCpu(await postgresPid(client)),
  };
  try {
    await measureStore(options, servers);
    for (const fsync of ['everysec', 'always']) {
      await askRedis(options.redisUrl, `CONFIG SET appendfsync ${fsync}`);
      await measureQueue(fsync, options, servers);
      await measureAll(fsync, options, servers);
    }
  } finally {
    await client.end();
  }
}

/** The insert alone: lines in memory, one after the other. */
async function measureStore({ storeUrl, report }: WayOptions, { postgres }: Meters): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-audit-bench-'));
  const embedded = await openPipeline(dataDir, 'alone', 'redis://127.0.0.1:1');
  await append(embedded, STATEMENTS);
  const lines = journalLines(dataDir);
  const store = await openStore({ kind: 'server', url: storeUrl }, silent);
  await store.migrate();
  const stop = start({ client: ownCpu, postgres: postgres! });
  for (let from = 0; from < lines.length; from += ROWS_AT_ONCE) {
    await store.insert(lines.slice(from, from + ROWS_AT_ONCE));
  }
  report(`store alone, one insert of ${ROWS_AT_ONCE} after the other: ${stop(lines.length)}`);
  await store.close();
  await embedded.close();
  rmSync(dataDir, { recursive: true, force: true });
}

/** The journal; journal and shipper; and a worker whose store takes everything at once. */
async function measureQueue(
  fsync: string,
  { redisUrl, report }: WayOptions,
  { redis }: Meters,
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-audit-bench-'));
  const pipeline = await openPipeline(dataDir, `queue-${fsync}`, redisUrl);
  const stopWritten = start({ gateway: ownCpu });
  const stopQueued = start({ gateway: ownCpu, redis: redis! });
  await append(pipeline, STATEMENTS);
  const events = pipeline.journal.written().seq;
  if (fsync === 'everysec') report(`journal, with its shipper beside it: ${stopWritten(events)}`);
  while (pipeline.status().shipper.backlogEvents > 0) await sleep(5);
  report(`appendfsync ${fsync}, journal to queue: ${stopQueued(events)}`);
  let taken = 0;
  const stopTaken = start({ worker: ownCpu, redis: redis! });
  const worker = createAuditWorker({
    redisUrl,
    store: {
      async insert(lines) {
        taken += lines.length;
        return { inserted: lines.length, duplicates: 0, conflicts: [], broken: [] };
      },
    },
    onAlert: (alert) => report(JSON.stringify(alert)),
  });
  while (taken < events) await sleep(5);
  report(`appendfsync ${fsync}, queue to a worker without a store: ${stopTaken(events)}`);
  await worker.close();
  await pipeline.close();
  rmSync(dataDir, { recursive: true, force: true });
}

/** All stages at once, the worker in a process of its own. */
async function measureAll(
  fsync: string,
  { redisUrl, storeUrl, program, report }: WayOptions,
  { redis, postgres }: Meters,
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-audit-bench-'));
  const node = `all-${fsync}`;
  const worker = await startWorker(program, redisUrl, storeUrl);
  const pipeline = await openPipeline(dataDir, node, redisUrl);
  const meters = {
    gateway: ownCpu,
    redis: redis!,
    worker: familyCpu(worker.child.pid!),
    postgres: postgres!,
  };
  const stop = start(meters);
  await append(pipeline, STATEMENTS);
  const events = pipeline.journal.written().seq;
  while (worker.stored() < events) await sleep(20);
  report(`appendfsync ${fsync}, journal to store, all stages at once: ${stop(events)}`);
  const store = await openStore({ kind: 'server', url: storeUrl }, silent);
  const held = (await store.verifyInfo()).find((info) => info.node === node);
  if ((held?.events ?? 0) < events) throw new Error(`the store has ${held?.events} of ${events} events`);
  await store.close();
  await pipeline.close();
  await killed(worker.child);
  rmSync(dataDir, { recursive: true, force: true });
}

type Pipeline = Awaited<ReturnType<typeof openPipeline>>;

function openPipeline(dataDir: string, node: string, redisUrl: string) {
  return openAuditPipeline({
    dataDir,
    node,
    redisUrl,
    store: 'embedded',
    worker: 'separate',
    segmentBytes: 64 << 20,
    maxBacklogBytes: 4 * 2 ** 30,
    log: { info: silent, warn: silent, error: silent },
  });
}

async function append({ journal }: Pipeline, statements: number): Promise<void> {
  for (let done = 0; done < statements; done += 50) {
    for (let index = 0; index < 50; index += 1) {
      journal.append(intentBody(done + index));
      journal.append(outcomeBody(done + index));
    }
    await new Promise<void>((resolve) => journal.afterWritten(() => resolve()));
  }
}

function journalLines(dataDir: string): readonly string[] {
  const text = readFileSync(join(dataDir, 'journal', 'alone-000000000001.jsonl'), 'utf8');
  return text.split('\n').slice(0, -1);
}

/** Gives a function that says how fast so many events went since then, and what they took of each process. */
function start(meters: Meters): (events: number) => string {
  const before = Object.entries(meters).map(([name, meter]) => ({ name, meter, ms: meter() }));
  const begun = performance.now();
  return (events) => {
    const perSecond = Math.round(events / ((performance.now() - begun) / 1_000));
    const each = before.map(({ name, meter, ms }) => ({ name, us: ((meter() - ms) * 1_000) / events }));
    const sum = each.reduce((all, { us }) => all + us, 0);
    const costs = each.map(({ name, us }) => `${name} ${us.toFixed(1)}`).join(', ');
    const could = Math.round(2_000_000 / sum);
    return `${perSecond.toLocaleString('en')}/s; µs an event: ${costs}; two cores could do ${could.toLocaleString('en')}/s`;
  };
}

interface Worker {
  readonly child: ChildProcess;
  /** Events that it has stored, a tenth of a second ago. */
  stored(): number;
}

function startWorker(program: string, redisUrl: string, storeUrl: string): Promise<Worker> {
  const args = ['--conditions=gatehouse-source', '--import', import.meta.resolve('tsx'), program];
  const child = spawn(process.execPath, [...args, 'worker', redisUrl, storeUrl], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stored = 0;
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      stored = Number(/stored (\d+)\n$/.exec(text)?.[1] ?? stored);
      if (text.includes('ready')) resolve({ child, stored: () => stored });
    });
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

async function redisPid(redisUrl: string): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await askRedis(redisUrl, 'INFO server'))![1]);
}

/** One command in the protocol's inline form. */
async function askRedis(redisUrl: string, command: string): Promise<string> {
  const { hostname, port, password } = new URL(redisUrl);
  const socket = createConnection(Number(port), hostname);
  socket.write(`AUTH ${decodeURIComponent(password)}\r\n${command}\r\nQUIT\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  if (/^-/m.test(answer)) throw new Error(`Redis refuses: ${answer}`);
  return answer;
}

async function postgresPid(client: pg.Client): Promise<number> {
  const { rows } = await client.query('show data_directory');
  return Number(readFileSync(join(rows[0].data_directory, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
