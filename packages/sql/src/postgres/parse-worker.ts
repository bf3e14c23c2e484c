import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Refusal } from '../analysis.ts';
import { type ParsedText, syntaxError, tooDeep } from './parse-text.ts';

/**
 * Parses large texts in a thread with a larger stack, one at a time.
 *
 * The thread is started for the first large text and kept while it answers. After anything but a result
 * or a syntax error, and after the time-out, it is terminated and the next text gets a new one. Its
 * source is a string so that it runs the same from TypeScript and from the build.
 */
const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads');
const pg = require(workerData.parser);
// Long lists of constants (IN, VALUES) say nothing beyond their first ones and would cost the caller dearly.
// Parameters, names and everything else stay. False for a tree that is too deep to be handed over.
const isConstant = (node) =>
  node !== null && typeof node === 'object' &&
  ('A_Const' in node || ('List' in node && (node.List.items ?? []).every((item) => 'A_Const' in item)));
function prune(root) {
  const pending = [root];
  const depths = [0];
  while (pending.length > 0) {
    const value = pending.pop();
    const depth = depths.pop();
    if (depth > 12000) return false;
    if (Array.isArray(value) && value.length > 64) {
      let kept = 64;
      for (let i = 64; i < value.length; i += 1) if (!isConstant(value[i])) value[kept++] = value[i];
      value.length = kept;
    }
    for (const child of Object.values(value)) {
      if (child === null || typeof child !== 'object') continue;
      pending.push(child);
      depths.push(depth + 1);
    }
  }
  return true;
}
parentPort.on('message', async ({ id, text }) => {
  try {
    await pg.loadModule();
    const trees = pg.parseSync(text).stmts ?? [];
    const byteLength = Buffer.byteLength(text, 'utf8');
    if (!prune(trees)) throw new RangeError('too deep');
    const statements = trees.map((tree) => {
      const start = tree.stmt_location ?? 0;
      return { tree, start, end: tree.stmt_len ? start + tree.stmt_len : byteLength };
    });
    // As text: a deep tree does not survive a structured clone.
    parentPort.postMessage({ id, kind: 'parsed', statements: JSON.stringify(statements) });
  } catch (error) {
    parentPort.postMessage({ id, kind: error instanceof pg.SqlError ? 'syntax-error' : 'broken' });
  }
});
`;

export interface WorkerParserOptions {
  readonly timeoutMs: number;
  /** Texts waiting for the thread; more are refused. */
  readonly maxWaiting: number;
}

export interface WorkerParser {
  parse(text: string): Promise<ParsedText | Refusal>;
  /** Ends the thread; texts that wait are refused. */
  close(): Promise<void>;
}

type Reply =
  | { readonly id: number; readonly kind: 'parsed'; readonly statements: string }
  | { readonly id: number; readonly kind: 'syntax-error' | 'broken' };

/** Creates the parser for large texts; no thread is started yet. */
export function createWorkerParser({ timeoutMs, maxWaiting }: WorkerParserOptions): WorkerParser {
  let worker: Worker | null = null;
  let waiting = 0;
  let sequence = 0;
  let closed = false;
  let tail: Promise<unknown> = Promise.resolve();

  const discard = async (broken: Worker) => {
    if (worker === broken) worker = null;
    await broken.terminate();
  };

  const run = async (text: string): Promise<ParsedText | Refusal> => {
    if (closed) return unavailable();
    worker ??= openWorker();
    const current = worker;
    sequence += 1;
    const reply = await ask(current, { id: sequence, text }, timeoutMs);
    if (reply?.kind === 'parsed') {
      current.unref();
      return { kind: 'parsed', statements: JSON.parse(reply.statements) as ParsedText['statements'] };
    }
    if (reply?.kind === 'syntax-error') {
      current.unref();
      return syntaxError();
    }
    await discard(current);
    return tooDeep();
  };

  return {
    parse(text) {
      if (waiting >= maxWaiting) return Promise.resolve(unavailable());
      waiting += 1;
      const result = tail.then(
        () => run(text),
        () => run(text),
      );
      tail = result.catch(() => {});
      return result
        .catch(() => tooDeep())
        .finally(() => {
          waiting -= 1;
        });
    },
    async close() {
      closed = true;
      if (worker !== null) await discard(worker);
    },
  };
}

function unavailable(): Refusal {
  return { kind: 'refused', code: 'too-large', message: 'too many large texts are waiting to be parsed' };
}

function openWorker(): Worker {
  const parser = createRequire(import.meta.url).resolve('libpg-query');
  return new Worker(SOURCE, {
    eval: true,
    workerData: { parser },
    resourceLimits: { stackSizeMb: 16, maxOldGenerationSizeMb: 512 },
    stdout: false,
    stderr: true,
  });
}

/** One question, one answer; null for silence, a dead thread or an answer to something else. */
function ask(
  worker: Worker,
  question: { id: number; text: string },
  timeoutMs: number,
): Promise<Reply | null> {
  return new Promise((resolve) => {
    const finish = (reply: Reply | null) => {
      clearTimeout(timer);
      worker.removeAllListeners('message').removeAllListeners('exit').removeAllListeners('messageerror');
      resolve(reply);
    };
    const timer = setTimeout(() => finish(null), timeoutMs);
    // Stays for good: an unheard 'error' would end the process.
    if (worker.listenerCount('error') === 0) worker.on('error', () => {});
    worker.ref();
    worker.once('message', (reply: Reply) => finish(reply.id === question.id ? reply : null));
    worker.once('messageerror', () => finish(null));
    worker.once('exit', () => finish(null));
    worker.postMessage(question);
  });
}
