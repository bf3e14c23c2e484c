/**
 * The program of the shipper's thread: reads the journal's files and puts them on the queue, while the
 * gateway's own thread only says how far the journal has come. Computes Merkle roots for it, too, over
 * the hashes that it names: never over what the files say.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { GatewayError } from '@gatehouse/model';
import { merkleRoot } from '../checkpoint/merkle-tree.ts';
import { createQueueProducer } from '../queue/queue-producer.ts';
import { type ShippedJournal, startShipper } from './shipper.ts';
import {
  errorText,
  type FromShipper,
  restoreError,
  type ShipperThreadOptions,
  type ToShipper,
} from './thread-messages.ts';

const SAFE_EVERY_MS = 500;

function run(options: ShipperThreadOptions): void {
  const { dir, node, cursorPath, redisUrl } = options;
  const send = (message: FromShipper) => parentPort!.postMessage(message);
  let { written, synced } = options;
  let lastId = 0;
  const waiting = new Map<number, (error: GatewayError | null) => void>();
  const listeners = new Set<() => void>();
  const journal: ShippedJournal = {
    written: () => written,
    synced: () => synced,
    afterSynced(callback) {
      lastId += 1;
      waiting.set(lastId, callback);
      send({ kind: 'sync', id: lastId });
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    acknowledge: (position) => send({ kind: 'delivered', position }),
    backdate: (sinceMs) => send({ kind: 'backdate', sinceMs }),
    status: () => ({ backlogBytes: 0 }),
  };
  const producer = createQueueProducer(redisUrl);
  const shipper = startShipper({
    journal,
    dir,
    node,
    cursorPath,
    deliver: (batch) => producer.add(node, batch),
    confirm: () => producer.confirm(),
    onTrouble: (error) => send({ kind: 'trouble', failed: error === null ? null : errorText(error) }),
  });
  const tell = () => send({ kind: 'safe', seq: shipper.status().safeSeq });
  const timer = setInterval(tell, SAFE_EVERY_MS);
  const close = async (graceMs: number) => {
    await shipper.close(graceMs);
    clearInterval(timer);
    await producer.close();
    tell();
    send({ kind: 'closed' });
    parentPort!.close();
  };
  parentPort!.on('message', (message: ToShipper) => {
    switch (message.kind) {
      case 'journal':
        ({ written, synced } = message);
        for (const listener of [...listeners]) listener();
        return;
      case 'synced': {
        const { id, failed } = message;
        waiting.get(id)?.(failed === null ? null : restoreError(failed));
        waiting.delete(id);
        return;
      }
      case 'hashes':
        send({ kind: 'root', id: message.id, root: merkleRoot(splitHashes(message.hashes)) });
        return;
      case 'close':
        void close(message.graceMs);
    }
  });
}

const HASH_DIGITS = 64;

function* splitHashes(joined: string): Generator<string> {
  for (let at = 0; at < joined.length; at += HASH_DIGITS) yield joined.slice(at, at + HASH_DIGITS);
}

run(workerData as ShipperThreadOptions);
