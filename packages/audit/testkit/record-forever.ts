/** Records through a whole pipeline in the folder that is its argument, until killed; prints each number that was written. */
import { openAuditPipeline } from '../src/pipeline/audit-pipeline.ts';
import { intent, outcome } from './event-bodies.ts';

async function main(): Promise<void> {
  const write = () => undefined;
  const { journal } = await openAuditPipeline({
    dataDir: process.argv[2]!,
    node: 'gw-1',
    store: 'embedded',
    worker: 'in-process',
    segmentBytes: 1 << 20,
    maxBacklogBytes: 1 << 30,
    log: { info: write, warn: write, error: write },
  });
  for (;;) {
    journal.append(intent(`s1-${journal.written().seq}`));
    const last = journal.append(outcome(`s1-${journal.written().seq}`));
    await new Promise<void>((resolve, reject) =>
      journal.afterWritten((error) => (error === null ? resolve() : reject(error))),
    );
    process.stdout.write(`${last}\n`);
  }
}

await main();
