/** Two nodes with one store: what each has seen of the other keeps it from being cut off or made up. */
import { copyFileSync, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline as streamed } from 'node:stream/promises';
import {
  type AuditPipeline,
  exportEvents,
  openAuditPipeline,
  parseLine,
  parsePublicKey,
  publicKeyPath,
  storedLines,
  verifyFiles,
} from '@gatehouse/audit';
import { type Fleet, startFleet } from '@gatehouse/fleet';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

const silent = () => undefined;
const dir = mkdtempSync(join(tmpdir(), 'gatehouse-witness-'));
const file = (node: string) => join(dir, `${node}.jsonl`);

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ need: ['postgres'], report: silent });
  const { user, password, host, port } = fleet.postgres!;
  const store = `postgres://${user}:${password}@${host}:${port}/postgres`;
  const open = (node: string) =>
    openAuditPipeline({
      dataDir: join(dir, node),
      node,
      store,
      worker: 'in-process',
      segmentBytes: 1 << 20,
      maxBacklogBytes: 1 << 30,
      witnessMs: 200,
      log: { info: silent, warn: silent, error: silent },
    });
  const nodes = { 'gw-1': await open('gw-1'), 'gw-2': await open('gw-2') };
  for (const node of Object.values(nodes)) work(node, 1_500);
  // The second thousand makes a checkpoint due; each sees the other's once the store has it.
  for (const node of Object.values(nodes)) {
    await vi.waitUntil(async () => (await witnessed(node)) > 1_000, { timeout: 60_000, interval: 100 });
  }
  for (const node of Object.values(nodes)) work(node, 50);
  for (const node of Object.values(nodes)) {
    await vi.waitUntil(() => node.status().shipper.backlogEvents === 0, { timeout: 60_000, interval: 50 });
  }
  for (const [name, node] of Object.entries(nodes)) {
    await streamed(exportEvents(storedLines(node.store!, name), 'jsonl'), createWriteStream(file(name)));
    copyFileSync(publicKeyPath(join(dir, name), name), join(dir, `${name}.pub`));
  }
  await Promise.all(Object.values(nodes).map((node) => node.close()));
}, 180_000);

afterAll(async () => {
  await fleet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

function work({ journal }: AuditPipeline, events: number): void {
  for (let index = 0; index < events; index += 1) {
    journal.append({ kind: 'gateway', what: 'tick', detail: { index } });
    journal.flush();
  }
}

/** The last number of the other node that is witnessed in this node's stored events. */
async function witnessed({ store, journal }: AuditPipeline): Promise<number> {
  let last = 0;
  for await (const line of storedLines(store!, journal.status().node)) {
    const { body } = parseLine(line)!;
    if (body.kind !== 'gateway' || body.what !== 'witnessed') continue;
    const { checkpoint } = body.detail as { checkpoint: { to: number } };
    last = checkpoint.to;
  }
  return last;
}

function keys() {
  return ['gw-1', 'gw-2'].map((node) => parsePublicKey(readFileSync(join(dir, `${node}.pub`), 'utf8'))!);
}

it('proves the exports of both together', async () => {
  const results = await verifyFiles([file('gw-1'), file('gw-2')], { keys: keys() });
  expect(results).toMatchObject([
    { node: 'gw-1', problem: null, signed: { pinned: true } },
    { node: 'gw-2', problem: null, signed: { pinned: true } },
  ]);
});

it('finds a cut behind a checkpoint by what the other node has seen', async () => {
  const lines = readFileSync(file('gw-1'), 'utf8').split('\n').slice(0, -1);
  const first = lines.findIndex((line) => line.includes('"what":"checkpoint"'));
  const cut = join(dir, 'cut.jsonl');
  writeFileSync(
    cut,
    lines
      .slice(0, first + 1)
      .map((line) => `${line}\n`)
      .join(''),
  );
  expect(await verifyFiles([cut], { keys: keys() })).toMatchObject([{ node: 'gw-1', problem: null }]);
  expect(await verifyFiles([cut, file('gw-2')], { keys: keys() })).toMatchObject([
    { node: 'gw-1', problem: { kind: 'truncated', seq: first + 2 } },
    { node: 'gw-2', problem: null },
  ]);
});
