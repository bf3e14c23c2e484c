/** Time on the main thread of a gateway for one statement: an intent before it, an outcome after it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditPipeline } from '@gatehouse/audit';
import { intentBody, outcomeBody } from './bodies.ts';

const STATEMENTS = 60_000;
const silent = () => undefined;

/** With checkpoints and shipping to Redis in the same process, at 5,000 statements/s in bundles as busy sessions make them. */
export async function measureThread(redisUrl: string, report: (line: string) => void): Promise<void> {
  for (const bundle of [1, 8, 32]) {
    const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-audit-bench-'));
    const pipeline = await openAuditPipeline({
      dataDir,
      node: `bench-${bundle}`,
      redisUrl,
      store: 'embedded',
      worker: 'separate',
      segmentBytes: 64 << 20,
      maxBacklogBytes: 4 * 2 ** 30,
      log: { info: silent, warn: silent, error: silent },
    });
    const { record, other } = await perStatement(pipeline, bundle);
    report(
      `${bundle} statements a turn: ${record} µs of the main thread for each, ${other} µs of other threads (shipping, collecting garbage, syncing)`,
    );
    await pipeline.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

type Pipeline = Awaited<ReturnType<typeof openAuditPipeline>>;

async function perStatement(pipeline: Pipeline, bundle: number): Promise<{ record: string; other: string }> {
  const { journal } = pipeline;
  for (let warm = 0; warm < 5_000; warm += 1) journal.append(intentBody(warm));
  await drained(pipeline);
  const before = { own: mainThreadMs(), all: processMs() };
  for (let done = 0; done < STATEMENTS; done += bundle) {
    for (let index = 0; index < bundle; index += 1) {
      journal.append(intentBody(done + index));
      journal.append(outcomeBody(done + index));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await drained(pipeline);
  const own = mainThreadMs() - before.own;
  return { record: perEach(own), other: perEach(processMs() - before.all - own) };
}

/** Processor time of this process's first thread, which Linux tells in ticks of 10 ms. */
function mainThreadMs(): number {
  const fields = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function processMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function perEach(ms: number): string {
  return ((ms * 1_000) / STATEMENTS).toFixed(1);
}

async function drained(pipeline: Pipeline): Promise<void> {
  while (pipeline.status().shipper.backlogEvents > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
