import type { Socket } from 'node:net';
import { within } from './processes.ts';
import type { ReadRow } from './rows.ts';
import type { Target } from './target.ts';

/** Looks at the bytes of a reply as they come; true when the last one is there. */
export interface ReplyCounter {
  rows: number;
  take(chunk: Buffer): boolean;
}

export interface ReadResult {
  readonly rows: number;
  readonly megabytes: number;
  readonly seconds: number;
}

const READS_WITHIN_MS = 120_000;

/** Sends a request on a logged-in connection and counts the reply without making anything of its values. */
export function readReply(socket: Socket, request: Buffer, counter: ReplyCounter): Promise<ReadResult> {
  const started = performance.now();
  let bytes = 0;
  const done = new Promise<ReadResult>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        if (!counter.take(chunk)) return;
      } catch (error) {
        reject(error);
        return;
      }
      const seconds = (performance.now() - started) / 1000;
      resolve({ rows: counter.rows, megabytes: bytes / 1e6, seconds });
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection closed in the middle of a reply')));
  });
  socket.write(request);
  return within('the last row of a long read', READS_WITHIN_MS, done);
}

/** One long read through every target; the first target is the direct way. */
export async function measureReads(
  what: { readonly database: string; readonly rows: number; readonly format: string },
  targets: readonly Target[],
  read: (target: Target) => Promise<ReadResult>,
  report: (line: string) => void,
): Promise<readonly ReadRow[]> {
  const rows: ReadRow[] = [];
  for (const target of targets) {
    const result = await read(target);
    if (result.rows !== what.rows)
      throw new Error(`expected ${what.rows} rows through ${target.name}, got ${result.rows}`);
    const megabytesPerSecond = result.megabytes / result.seconds;
    const rowsPerSecond = result.rows / result.seconds;
    rows.push({
      ...what,
      target: target.name,
      megabytesPerSecond,
      rowsPerSecond,
      ofDirect: rowsPerSecond / (rows[0]?.rowsPerSecond ?? rowsPerSecond),
    });
    report(
      `${what.database}, ${what.rows} rows, ${what.format}, ${target.name}: ${megabytesPerSecond.toFixed(0)} MB/s`,
    );
  }
  return rows;
}
