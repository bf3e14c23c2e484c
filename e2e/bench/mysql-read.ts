import type { Socket } from 'node:net';
import mysql from 'mysql2/promise';
import { type ReadResult, type ReplyCounter, readReply } from './long-read.ts';
import { within } from './processes.ts';
import type { Target } from './target.ts';

/** A logged-in client. */
export function connectMysql(target: Target): Promise<mysql.Connection> {
  const { port, user, password, database } = target;
  const options = { host: '127.0.0.1', port, user, password, database };
  return within(`a MariaDB login through ${target.name}`, 30_000, mysql.createConnection(options));
}

/** Reads a whole table by COM_QUERY (text) or COM_STMT_EXECUTE (binary), with no driver in the way. */
export async function readMysql(target: Target, sql: string, format: 'text' | 'binary'): Promise<ReadResult> {
  const connection = await connectMysql(target);
  const { stream } = (connection as unknown as { connection: { stream: Socket } }).connection;
  try {
    let request = packet(Buffer.concat([Buffer.from([COM_QUERY]), Buffer.from(sql)]));
    if (format === 'binary') {
      const prepared = await connection.prepare(sql);
      const { id } = (prepared as unknown as { statement: { id: number } }).statement;
      request = executePacket(id);
    }
    stream.removeAllListeners('data');
    return await readReply(stream, request, new PacketCounter());
  } finally {
    stream.destroy();
  }
}

/**
 * Counts the rows of one result set; throws for an error.
 *
 * ```text
 * column count, columns, [EOF], rows, EOF or OK
 * ```
 * Rows begin with a length or with 0x00, so a short packet with 0xFE ends something: the first one in a server
 * that sends EOF behind the columns ends those, which is known by there being no rows yet.
 */
class PacketCounter implements ReplyCounter {
  rows = 0;
  #columns: number | null = null;
  #seenColumns = 0;
  #skip = 0;
  #rest: Buffer = EMPTY;

  take(chunk: Buffer): boolean {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = this.#skip;
    while (at + 5 <= bytes.length) {
      const length = bytes.readUIntLE(at, 3);
      if (this.#packet(bytes[at + 4]!, length, bytes, at)) return true;
      at += 4 + length;
    }
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : EMPTY;
    this.#skip = at < bytes.length ? 0 : at - bytes.length;
    return false;
  }

  #packet(first: number, length: number, bytes: Buffer, at: number): boolean {
    if (first === 0xff) throw new Error(`the read failed: ${bytes.toString('latin1', at + 7, at + 300)}`);
    if (this.#columns === null) this.#columns = first;
    else if (this.#seenColumns < this.#columns) this.#seenColumns += 1;
    else if (first === 0xfe && length < 9) return this.rows > 0;
    else this.rows += 1;
    return false;
  }
}

function packet(body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  return Buffer.concat([head, body]);
}

/** No cursor, one iteration, no parameters. */
function executePacket(id: number): Buffer {
  const body = Buffer.alloc(10);
  body[0] = COM_STMT_EXECUTE;
  body.writeUInt32LE(id, 1);
  body.writeUInt32LE(1, 6);
  return packet(body);
}

const EMPTY = Buffer.alloc(0);
const COM_QUERY = 3;
const COM_STMT_EXECUTE = 0x17;
