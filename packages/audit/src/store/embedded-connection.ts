/**
 * A store inside this process: PGlite in a thread of its own, because a batch would hold up the
 * gateway's thread for milliseconds. One query at a time, in order.
 *
 * The thread's program is a text, so that it runs the same from source, from a build and in tests.
 */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Results } from '@electric-sql/pglite';
import { GatewayError } from '@gatehouse/model';
import type { SqlConnection, SqlRow } from './sql-connection.ts';

const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads');
const { PGlite } = require(workerData.module);
const opened = PGlite.create(workerData.dir);
opened.then(() => parentPort.postMessage({ id: 0, rows: [] }), (error) => fail(0, error));
const fail = (id, error) =>
  parentPort.postMessage({ id, error: { message: String(error && error.message), code: error && error.code } });
let last = opened;
parentPort.on('message', ({ id, text, values }) => {
  last = last.catch(() => {}).then(async () => {
    const db = await opened;
    if (text === null) {
      await db.close();
      parentPort.postMessage({ id, rows: [] });
    } else {
      parentPort.postMessage({ id, rows: (await db.query(text, values)).rows });
    }
  }).catch((error) => fail(id, error));
});
`;

interface Reply {
  readonly id: number;
  readonly rows?: Results<SqlRow>['rows'];
  readonly error?: { readonly message: string; readonly code?: unknown };
}

interface Waiter {
  readonly resolve: (rows: readonly SqlRow[]) => void;
  readonly reject: (error: Error) => void;
}

/** Opens or creates a database in a folder. Throws GatewayError `store-unusable` when it cannot be opened. */
export async function openEmbeddedConnection(dir: string): Promise<SqlConnection> {
  const module = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const worker = new Worker(SOURCE, { eval: true, execArgv: [], workerData: { module, dir } });
  worker.unref();
  const waiters = new Map<number, Waiter>();
  let broken: Error | null = null;
  let lastId = 0;

  const wait = (id: number) =>
    new Promise<readonly SqlRow[]>((resolve, reject) => {
      waiters.set(id, { resolve, reject });
      worker.ref();
    });
  const settle = ({ id, rows, error }: Reply) => {
    const waiter = waiters.get(id);
    waiters.delete(id);
    if (waiters.size === 0) worker.unref();
    if (error === undefined) waiter?.resolve(rows ?? []);
    else waiter?.reject(Object.assign(new Error(error.message), { code: error.code }));
  };
  const breakOff = (error: Error) => {
    broken ??= error;
    for (const waiter of waiters.values()) waiter.reject(broken);
    waiters.clear();
  };
  const send = (text: string | null, values: readonly unknown[]) => {
    if (broken !== null) return Promise.reject(broken);
    lastId += 1;
    const answer = wait(lastId);
    worker.postMessage({ id: lastId, text, values });
    return answer;
  };

  worker.on('message', settle);
  worker.on('error', breakOff);
  worker.on('exit', () => breakOff(new Error('the thread of the embedded store has ended')));
  try {
    await wait(0);
  } catch (cause) {
    await worker.terminate();
    throw new GatewayError(
      'unavailable',
      'store-unusable',
      `the embedded store in \`${dir}\` cannot be opened`,
      {
        context: { dir },
        cause,
      },
    );
  }
  return {
    query: ({ text, values }) => send(text, values),
    async close() {
      if (broken === null) await send(null, []);
      await worker.terminate();
    },
  };
}
