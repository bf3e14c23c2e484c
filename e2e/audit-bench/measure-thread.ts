/** Time on the main thread of a gateway for one statement: an intent before it, an outcome after it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
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
    const micros = await perStatement(pipeline, bundle);
    report(
      `main thread, ${bundle} statements a turn: ${micros.append} µs to record, ${micros.all} µs with shipping`,
    );
    await pipeline.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

type Pipeline = Awaited<ReturnType<typeof openAuditPipeline>>;

async function perStatement(pipeline: Pipeline, bundle: number): Promise<{ append: string; all: string }> {
  const { journal } = pipeline;
  for (let warm = 0; warm < 5_000; warm += 1) journal.append(intentBody(warm));
  await drained(pipeline);
  let appendMs = 0;
  const before = performance.eventLoopUtilization();
  for (let done = 0; done < STATEMENTS; done += bundle) {
    const begun = performance.now();
    for (let index = 0; index < bundle; index += 1) {
      journal.append(intentBody(done + index));
      journal.append(outcomeBody(done + index));
    }
    journal.flush();
    appendMs += performance.now() - begun;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await drained(pipeline);
  const { active } = performance.eventLoopUtilization(before);
  return { append: perEach(appendMs), all: perEach(active) };
}

function perEach(ms: number): string {
  return ((ms * 1_000) / STATEMENTS).toFixed(1);
}

async function drained(pipeline: Pipeline): Promise<void> {
  while (pipeline.status().shipper.backlogEvents > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
