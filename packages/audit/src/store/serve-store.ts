/**
 * Lets other processes of the same user read a store that belongs to this one.
 *
 * SECURITY: the socket is created in a folder that only its owner may enter and is readable for
 * the owner only; who can connect can read the audit. There is no method that writes.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { GatewayError } from '@gatehouse/model';
import type { AuditReader } from './audit-store.ts';
import { createLineSplitter } from './split-lines.ts';
import { parseStoreRequest, type StoreRequest } from './store-request.ts';

const MAX_REQUEST_CHARACTERS = 64 * 1024;
/** Linux takes 107 bytes, macOS 103. */
const MAX_PATH_BYTES = 103;

/** Listens until the returned function is called. Throws GatewayError `store-socket`. A file that lies at the path is replaced. */
export async function serveStore(store: AuditReader, socketPath: string): Promise<() => Promise<void>> {
  assertSocketPath(socketPath);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveSocket(store, socket);
  });
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
  rmSync(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  }).catch((cause: unknown) => {
    throw socketError(`cannot listen on \`${socketPath}\``, socketPath, cause);
  });
  chmodSync(socketPath, 0o600);
  server.unref();
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
}

/** Throws GatewayError `store-socket` for a path that the system would cut. */
export function assertSocketPath(socketPath: string): void {
  const bytes = Buffer.byteLength(socketPath);
  if (bytes <= MAX_PATH_BYTES) return;
  throw socketError(
    `expected a path of at most ${MAX_PATH_BYTES} bytes for a socket, got ${bytes}`,
    socketPath,
  );
}

function socketError(message: string, socketPath: string, cause?: unknown): GatewayError {
  return new GatewayError('config', 'store-socket', message, { context: { path: socketPath }, cause });
}

function serveSocket(store: AuditReader, socket: Socket): void {
  // One question at a time: a reader that does not read its answers gets no further ones.
  let last = Promise.resolve();
  const split = createLineSplitter(MAX_REQUEST_CHARACTERS, (line) => {
    const request = parseStoreRequest(line);
    if (request === null) {
      socket.destroy();
      return;
    }
    last = last.then(() => answer(store, request, socket));
  });
  socket.setEncoding('utf8');
  socket.unref();
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    try {
      split(text);
    } catch {
      socket.destroy();
    }
  });
}

async function answer(store: AuditReader, { id, ask }: StoreRequest, socket: Socket): Promise<void> {
  const reply = await ask(store).then(
    (result) => ({ id, result }),
    (error: unknown) => ({ id, error: describe(error) }),
  );
  if (socket.destroyed) return;
  if (socket.write(`${JSON.stringify(reply)}\n`)) return;
  await new Promise<void>((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', resolve);
  });
}

function describe(error: unknown): object {
  if (!(error instanceof GatewayError))
    return { kind: 'internal', code: 'store-failed', message: 'the store failed' };
  const { kind, code, message, retry, context } = error;
  return { kind, code, message, retry, context };
}
