import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { merkleRoot } from '../checkpoint/merkle-tree.ts';
import { openJournal } from '../journal/journal.ts';
import { startThreadedShipper } from './threaded-shipper.ts';

test('gives roots from its thread, also while there is no queue, and rejects when the thread has ended', {
  timeout: 120_000,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-shipper-'));
  const journal = openJournal({ dir, node: 'gw-1', segmentBytes: 1 << 20, maxBacklogBytes: 1 << 20 });
  const cursorPath = join(dir, 'gw-1.cursor');
  const onTrouble = () => undefined;
  const redisUrl = 'redis://127.0.0.1:1';
  const shipper = startThreadedShipper({ journal, dir, node: 'gw-1', cursorPath, redisUrl, onTrouble });
  const hashes = Array.from({ length: 1_001 }, (_, index) =>
    createHash('sha256').update(String(index)).digest('hex'),
  );
  const counts = [1_001, 1, 2, 7];
  const roots = await Promise.all(counts.map((count) => shipper.findRoot(hashes.slice(0, count))));
  expect(roots).toEqual(counts.map((count) => merkleRoot(hashes.slice(0, count))));
  const late = shipper.findRoot(hashes);
  await shipper.close(100);
  await expect(late).resolves.toBe(merkleRoot(hashes));
  await expect(shipper.findRoot(hashes)).rejects.toThrow('the thread of the shipper has ended');
  await journal.close();
  rmSync(dir, { recursive: true });
});
