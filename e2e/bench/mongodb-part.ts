import { fileURLToPath } from 'node:url';
import { Long } from 'mongodb';
import type { Bench } from './bench.ts';
import { startHaproxy, startRelay } from './competitors.ts';
import { DATABASE, sourceArguments, startGateway } from './gateway.ts';
import { measureIdle } from './idle-sessions.ts';
import { measureReads, type ReadResult } from './long-read.ts';
import { measureCase, warmUp } from './measure.ts';
import { measureFinds, ScriptedClient } from './mongodb-client.ts';
import { BATCH, COLLECTION } from './mongodb-replies.ts';
import { encodeMessage } from './mongodb-wire.ts';
import { untilPrinted, within } from './processes.ts';
import type { Target } from './target.ts';

const NAME = 'MongoDB (scripted peer)';
const ACCOUNT = { user: 'app', password: 'app-of-the-bench' };

/** Finds of one document between a scripted client and a scripted peer, a long read by getMore, idle sessions. */
export async function measureMongodb(bench: Bench): Promise<void> {
  const { options, results, report, processes } = bench;
  const peer = processes.start({
    name: 'the scripted MongoDB',
    command: process.execPath,
    args: [
      ...sourceArguments(fileURLToPath(new URL('mongodb-peer.ts', import.meta.url))),
      ...[ACCOUNT.user, ACCOUNT.password, DATABASE],
    ],
  });
  const [port] = await untilPrinted(peer, /^\d+(?=\n)/m, 30_000);
  const direct: Target = { name: 'direct', port: Number(port), ...ACCOUNT, database: DATABASE };
  const relay = await startRelay(processes, direct);
  const haproxy = await startHaproxy(processes, direct);
  const gateway = await startGateway(processes, {
    dialect: 'mongodb',
    direct,
    own: ACCOUNT,
    redisUrl: bench.redisUrl,
    nodeOptions: bench.nodeOptions,
  });
  const targets = [direct, relay, haproxy, gateway.plain, gateway.masked].filter((target) => target !== null);

  report(`${NAME}: ${options.idleSessions} idle sessions`);
  results.idle.push(
    await measureIdle(
      NAME,
      gateway.pid,
      options.idleSessions,
      () => ScriptedClient.open(gateway.masked),
      (client) => client.close(),
    ),
  );
  const { seconds, rounds, rows } = options;
  const compiled = [direct, relay, gateway.plain, gateway.masked];
  await warmUp(NAME, compiled, (target) => measureFinds(target, 8, options.warmUpSeconds), report);
  for (const clients of options.clients) {
    const run = (target: Target) => measureFinds(target, clients, seconds);
    const point = { database: NAME, load: 'find of one document', clients, seconds, run };
    results.points.push(...(await measureCase(point, targets, rounds, report)));
  }
  const what = { database: NAME, rows, format: 'BSON' };
  results.reads.push(...(await measureReads(what, targets, (target) => readMany(target, rows), report)));
}

/** One find with an open cursor and as many getMore as give the rows. */
async function readMany(target: Target, rows: number): Promise<ReadResult> {
  const client = await ScriptedClient.open(target);
  const find = { find: COLLECTION, filter: {}, batchSize: BATCH, $db: target.database };
  const more = {
    getMore: Long.fromNumber(4711),
    collection: COLLECTION,
    batchSize: BATCH,
    $db: target.database,
  };
  try {
    const started = performance.now();
    await within('the first batch', 30_000, client.ask(encodeMessage(1, 0, find)));
    let bytes = 0;
    let read = 0;
    for (; read < rows; read += BATCH) {
      const reply = await within('a batch', 30_000, client.ask(encodeMessage(2, 0, more)));
      if (reply.length < BATCH * 50)
        throw new Error(`expected a batch of ${BATCH}, got ${reply.length} bytes`);
      bytes += reply.length;
    }
    return { rows: read, megabytes: bytes / 1e6, seconds: (performance.now() - started) / 1000 };
  } finally {
    client.close();
  }
}
