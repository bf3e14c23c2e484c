/**
 * What the audit costs and how fast it is found: events/s from the journal through Redis to the store,
 * time on the gateway's main thread, and searches over many stored events with their plans.
 *
 *   node --conditions=gatehouse-source --import tsx e2e/audit-bench/main.ts [--part way|thread|search] [--events N]
 *
 * Starts its own Redis and Postgres and stops them. Figures of different runs must not be compared.
 */
import { parseArgs } from 'node:util';
import { createAuditWorker, openStore } from '@gatehouse/audit';
import { type Fleet, startFleet } from '@gatehouse/fleet';
import { measureSearch } from './measure-search.ts';
import { measureThread } from './measure-thread.ts';
import { measureWay } from './measure-way.ts';

const PARTS = ['thread', 'way', 'search'] as const;

function report(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { part: { type: 'string' }, events: { type: 'string', default: '5000000' } },
    allowPositionals: true,
  });
  if (positionals[0] === 'worker') return work(positionals[1]!, positionals[2]!);
  const parts = PARTS.filter((part) => values.part === undefined || values.part === part);
  const fleet = await startFleet({ need: ['postgres', 'redis'], report: () => undefined });
  try {
    const { postgres, redis } = fleet;
    report(`Node ${process.versions.node}, ${postgres!.version}, ${redis!.version}`);
    if (parts.includes('thread')) await measureThread(redis!.url, report);
    if (parts.includes('way')) await measureWay({ ...urls(fleet), program: import.meta.filename, report });
    if (parts.includes('search')) await measureSearch(urls(fleet).storeUrl, Number(values.events), report);
  } finally {
    await fleet.stop();
  }
}

function urls({ postgres, redis }: Fleet): { readonly redisUrl: string; readonly storeUrl: string } {
  const { user, password, host, port } = postgres!;
  return { redisUrl: redis!.url, storeUrl: `postgres://${user}:${password}@${host}:${port}/postgres` };
}

/** A worker as a process of its own, until it is killed. */
async function work(redisUrl: string, storeUrl: string): Promise<void> {
  const store = await openStore({ kind: 'server', url: storeUrl }, () => undefined);
  await store.migrate();
  const worker = createAuditWorker({ redisUrl, store, onAlert: (alert) => report(JSON.stringify(alert)) });
  report('ready');
  setInterval(() => report(`stored ${worker.status().storedEvents}`), 100);
}

await main();
