import type { Socket } from 'node:net';
import pg from 'pg';
import { type ReadResult, type ReplyCounter, readReply } from './long-read.ts';
import { within } from './processes.ts';
import type { Target } from './target.ts';

/** A logged-in client. */
export async function connectPostgres(target: Target): Promise<pg.Client> {
  const { port, user, password, database } = target;
  const client = new pg.Client({ host: '127.0.0.1', port, user, password, database });
  // A session that is cut at the end of a run is no news.
  client.on('error', () => undefined);
  await within(`a Postgres login through ${target.name}`, 30_000, client.connect());
  return client;
}

/** Reads a whole table by a plain query (text) or the extended protocol (binary), with no driver in the way. */
export async function readPostgres(
  target: Target,
  sql: string,
  format: 'text' | 'binary',
): Promise<ReadResult> {
  const client = await connectPostgres(target);
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners('data');
  try {
    return await readReply(
      stream,
      format === 'text' ? simpleQuery(sql) : binaryQuery(sql),
      new MessageCounter(),
    );
  } finally {
    stream.destroy();
  }
}

/** Counts DataRow until ReadyForQuery; throws for ErrorResponse. */
class MessageCounter implements ReplyCounter {
  rows = 0;
  /** Bytes of the current message that are still to come. */
  #skip = 0;
  #rest: Buffer = Buffer.alloc(0);

  take(chunk: Buffer): boolean {
    let at = this.#skip;
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (at + 5 <= bytes.length) {
      const type = bytes[at]!;
      if (type === DATA_ROW) this.rows += 1;
      else if (type === READY_FOR_QUERY) return true;
      else if (type === ERROR_RESPONSE)
        throw new Error(`the read failed: ${bytes.toString('latin1', at + 5, at + 300)}`);
      at += 1 + bytes.readUInt32BE(at + 1);
    }
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : EMPTY;
    this.#skip = at < bytes.length ? 0 : at - bytes.length;
    return false;
  }
}

function simpleQuery(sql: string): Buffer {
  return message('Q', Buffer.from(`${sql}\0`));
}

/** Parse, Bind with all results in binary, Execute, Sync. */
function binaryQuery(sql: string): Buffer {
  return Buffer.concat([
    message('P', Buffer.from(`\0${sql}\0\0\0`)),
    message('B', Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 0, 1])),
    message('E', Buffer.from([0, 0, 0, 0, 0])),
    message('S', EMPTY),
  ]);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const EMPTY = Buffer.alloc(0);
const DATA_ROW = 'D'.charCodeAt(0);
const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const ERROR_RESPONSE = 'E'.charCodeAt(0);
