/** Reads a store that belongs to another process, through the socket that it serves. */
import { createConnection, type Socket } from 'node:net';
import { ERROR_KINDS, GatewayError } from '@gatehouse/model';
import type { AuditReader, NodeInfo, RetentionPlan, StoredEvent } from './audit-store.ts';
import { assertSocketPath } from './serve-store.ts';
import { createLineSplitter } from './split-lines.ts';

interface Waiter {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Ten thousand lines of the largest size would be more; such an answer ends the connection. */
const MAX_ANSWER_CHARACTERS = 256 * 1024 * 1024;

/** Connects. Throws GatewayError `store-unavailable` when nobody serves the socket. */
export async function connectStore(socketPath: string): Promise<AuditReader> {
  assertSocketPath(socketPath);
  const socket = createConnection(socketPath);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  }).catch((cause: unknown) => {
    throw unavailable(`nobody serves the store on \`${socketPath}\``, cause);
  });
  const ask = createAsker(socket);
  return {
    tail: (after, limit) => ask('tail', [after, limit]) as Promise<readonly StoredEvent[]>,
    search: (filter) => ask('search', [filter]) as Promise<readonly StoredEvent[]>,
    show: (requestId) => ask('show', [requestId]) as Promise<readonly StoredEvent[]>,
    lines: (node, afterSeq, limit) => ask('lines', [node, afterSeq, limit]) as Promise<readonly string[]>,
    verifyInfo: () => ask('verifyInfo', []) as Promise<readonly NodeInfo[]>,
    checkpoints: () => ask('checkpoints', []) as Promise<readonly string[]>,
    planRetention: (limits, now) => ask('planRetention', [limits, now]) as Promise<RetentionPlan>,
    async close() {
      socket.destroy();
    },
  };
}

function createAsker(socket: Socket): (method: string, params: readonly unknown[]) => Promise<unknown> {
  const waiters = new Map<number, Waiter>();
  let lastId = 0;
  const split = createLineSplitter(MAX_ANSWER_CHARACTERS, (line) => {
    const reply = JSON.parse(line) as { id: number; result?: unknown; error?: Record<string, unknown> };
    const waiter = waiters.get(reply.id);
    waiters.delete(reply.id);
    if (reply.error === undefined) waiter?.resolve(reply.result);
    else waiter?.reject(restoreError(reply.error));
  });
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    try {
      split(text);
    } catch {
      socket.destroy();
    }
  });
  socket.on('close', () => {
    for (const waiter of waiters.values()) waiter.reject(unavailable('the owner of the store has gone'));
    waiters.clear();
  });
  return (method, params) =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) {
        reject(unavailable('the owner of the store has gone'));
        return;
      }
      lastId += 1;
      waiters.set(lastId, { resolve, reject });
      socket.write(`${JSON.stringify({ id: lastId, method, params })}\n`);
    });
}

function restoreError(error: Readonly<Record<string, unknown>>): GatewayError {
  const kind = ERROR_KINDS.find((known) => known === error['kind']) ?? 'internal';
  return new GatewayError(kind, String(error['code']), String(error['message']));
}

function unavailable(message: string, cause?: unknown): GatewayError {
  return new GatewayError('unavailable', 'store-unavailable', message, { retry: 'safe', cause });
}
