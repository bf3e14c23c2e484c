/**
 * A client that says exactly the bytes it is told to, for what no driver says: server-side cursors, commands
 * sent without waiting, statements by ids that nobody gave.
 *
 * Logs in without TLS by mysql_native_password or caching_sha2_password. Reads replies by the form that the
 * command has; packets of 16 MB and more are not put together.
 */
import { createHash } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import type { Side } from './mysql-sides.ts';

export const COM = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  fieldList: 0x04,
  statistics: 0x09,
  processKill: 0x0c,
  ping: 0x0e,
  changeUser: 0x11,
  stmtPrepare: 0x16,
  stmtExecute: 0x17,
  stmtSendLongData: 0x18,
  stmtClose: 0x19,
  stmtReset: 0x1a,
  setOption: 0x1b,
  stmtFetch: 0x1c,
  resetConnection: 0x1f,
} as const;

/** The id by which MariaDB executes the statement that was prepared last. */
export const LAST_STATEMENT = 0xffff_ffff;

const PROTOCOL_41 = 1 << 9;
const DEPRECATE_EOF = 1 << 24;
const FLAGS =
  1 | PROTOCOL_41 | (1 << 3) | (1 << 13) | (1 << 15) | (1 << 16) | (1 << 17) | (1 << 18) | (1 << 19);
const MORE_RESULTS = 0x08;
const CURSOR_EXISTS = 0x40;
const LAST_ROW_SENT = 0x80;

/** What came back: packets as they were, without their headers, and the error if one was among them. */
export interface WireReply {
  readonly packets: readonly Buffer[];
  readonly sequences: readonly number[];
  readonly error: { readonly code: number; readonly sqlState: string; readonly message: string } | null;
  /** Server status of the last OK or EOF. */
  readonly status: number;
}

export type ReplyForm = 'result' | 'prepare' | 'rows' | 'single' | 'columns';

export interface WireOptions {
  readonly deprecateEof?: boolean;
}

export class WireClient {
  readonly #socket: Socket;
  readonly #deprecateEof: boolean;
  #received = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #closed = false;
  /** Everything that arrived since the last call of `takeBytes`. */
  #bytes: Buffer[] = [];

  private constructor(socket: Socket, deprecateEof: boolean) {
    this.#socket = socket;
    this.#deprecateEof = deprecateEof;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes.push(chunk);
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    for (const event of ['error', 'close'])
      socket.on(event, () => {
        this.#closed = true;
        this.#wake();
      });
  }

  /** Connects and logs in; an error packet at the login is thrown. */
  static async open(side: Side, { deprecateEof = false }: WireOptions = {}): Promise<WireClient> {
    const socket = createConnection({ host: side.host, port: side.port });
    const client = new WireClient(socket, deprecateEof);
    await client.#login(side);
    return client;
  }

  /** Writes commands without waiting; each is one packet with sequence id 0. */
  send(...commands: readonly Buffer[]): void {
    this.#socket.write(
      Buffer.concat(commands.map((payload) => Buffer.concat([header(payload.length, 0), payload]))),
    );
  }

  async ask(command: Buffer, form: ReplyForm): Promise<WireReply> {
    this.send(command);
    return this.reply(form);
  }

  /** Reads one whole reply. */
  async reply(form: ReplyForm): Promise<WireReply> {
    const reply = new ReplyReader(form, this.#deprecateEof);
    while (!reply.take(await this.#packet()));
    return reply.done();
  }

  /** The bytes that arrived since the last call. */
  takeBytes(): Buffer {
    const bytes = Buffer.concat(this.#bytes);
    this.#bytes = [];
    return bytes;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #packet(): Promise<{ readonly sequence: number; readonly payload: Buffer }> {
    for (;;) {
      if (this.#received.length >= 4) {
        const length = this.#received.readUIntLE(0, 3);
        if (this.#received.length >= 4 + length) {
          const packet = {
            sequence: this.#received[3]!,
            payload: Buffer.from(this.#received.subarray(4, 4 + length)),
          };
          this.#received = this.#received.subarray(4 + length);
          return packet;
        }
      }
      if (this.#closed) throw new Error('the connection was closed');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #login({ user, password, database }: Side): Promise<void> {
    const greeting = (await this.#packet()).payload;
    const rest = greeting.indexOf(0, 1) + 1 + 4;
    const nonce = Buffer.concat([greeting.subarray(rest, rest + 8), greeting.subarray(rest + 27, rest + 39)]);
    const plugin = cstring(greeting, rest + 40);
    const proof = prove(plugin, password, nonce);
    const flags = FLAGS | (this.#deprecateEof ? DEPRECATE_EOF : 0);
    const response = Buffer.concat([
      uint32(flags),
      uint32(1 << 24),
      Buffer.of(45),
      Buffer.alloc(23),
      Buffer.from(`${user}\0`),
      Buffer.of(proof.length),
      proof,
      Buffer.from(`${database}\0${plugin}\0`),
    ]);
    this.#write(1, response);
    for (;;) {
      const { sequence, payload } = await this.#packet();
      if (payload[0] === 0x00) return;
      if (payload[0] === 0xff) throw new Error(errorOf(payload).message);
      if (payload[0] !== 0xfe) continue;
      const asked = cstring(payload, 1);
      this.#write(
        sequence + 1,
        prove(asked, password, payload.subarray(2 + asked.length, 22 + asked.length)),
      );
    }
  }

  #write(sequence: number, payload: Buffer): void {
    this.#socket.write(Buffer.concat([header(payload.length, sequence), payload]));
  }
}

/** Knows where a reply ends. */
class ReplyReader {
  readonly #form: ReplyForm;
  readonly #deprecateEof: boolean;
  readonly #packets: Buffer[] = [];
  readonly #sequences: number[] = [];
  #phase: 'head' | 'columns' | 'rows' | 'prepared' = 'head';
  #status = 0;
  #error: WireReply['error'] = null;
  #left = 0;

  constructor(form: ReplyForm, deprecateEof: boolean) {
    this.#form = form;
    this.#deprecateEof = deprecateEof;
    if (form === 'rows' || form === 'columns') this.#phase = 'rows';
  }

  /** True when it was the last one. */
  take({ sequence, payload }: { readonly sequence: number; readonly payload: Buffer }): boolean {
    this.#packets.push(payload);
    this.#sequences.push(sequence);
    if (payload[0] === 0xff) {
      this.#error = errorOf(payload);
      return true;
    }
    if (this.#form === 'single') return true;
    switch (this.#phase) {
      case 'head':
        return this.#form === 'prepare' ? this.#prepared(payload) : this.#head(payload);
      case 'prepared':
        this.#left -= 1;
        return this.#left === 0;
      case 'columns':
        return this.#column(payload);
      case 'rows':
        return this.#isEnd(payload) && this.#ended(payload);
    }
  }

  done(): WireReply {
    const [packets, sequences, error, status] = [this.#packets, this.#sequences, this.#error, this.#status];
    return { packets, sequences, error, status };
  }

  #prepared(payload: Buffer): boolean {
    const [columns, parameters] = [payload.readUInt16LE(5), payload.readUInt16LE(7)];
    const ends = this.#deprecateEof ? 0 : 1;
    this.#left = [columns, parameters].reduce((sum, count) => sum + (count === 0 ? 0 : count + ends), 0);
    this.#phase = 'prepared';
    return this.#left === 0;
  }

  #head(payload: Buffer): boolean {
    if (payload[0] === 0x00) {
      this.#status = okStatus(payload);
      return (this.#status & MORE_RESULTS) === 0;
    }
    this.#left = payload[0]! < 0xfb ? payload[0]! : payload.readUInt16LE(1);
    this.#phase = 'columns';
    return false;
  }

  #column(payload: Buffer): boolean {
    if (this.#left > 0) {
      this.#left -= 1;
      if (this.#left === 0 && this.#deprecateEof) this.#phase = 'rows';
      return false;
    }
    this.#phase = 'rows';
    this.#status = payload.readUInt16LE(3);
    return (this.#status & CURSOR_EXISTS) !== 0;
  }

  #isEnd(payload: Buffer): boolean {
    return payload[0] === 0xfe && payload.length < (this.#deprecateEof ? 0xff_ffff : 9);
  }

  #ended(payload: Buffer): boolean {
    this.#status = this.#deprecateEof ? okStatus(payload) : payload.readUInt16LE(3);
    if ((this.#status & MORE_RESULTS) === 0) return true;
    this.#phase = 'head';
    return false;
  }
}

// ---- commands ----

export function command(byte: number, argument: Buffer | string = ''): Buffer {
  return Buffer.concat([Buffer.of(byte), typeof argument === 'string' ? Buffer.from(argument) : argument]);
}

/** COM_STMT_EXECUTE without parameters; `cursor` asks for a read-only one. */
export function execute(id: number, cursor = false): Buffer {
  return command(COM.stmtExecute, Buffer.concat([uint32(id), Buffer.of(cursor ? 1 : 0), uint32(1)]));
}

export function fetch(id: number, rows: number): Buffer {
  return command(COM.stmtFetch, Buffer.concat([uint32(id), uint32(rows)]));
}

/** A prepared statement's answer without its id, which the server counts over all sessions. */
export function withoutId(reply: WireReply): WireReply {
  const [head, ...rest] = reply.packets;
  if (head === undefined || head[0] !== 0 || head.length !== 12) return reply;
  const blank = Buffer.concat([head.subarray(0, 1), Buffer.alloc(4), head.subarray(5)]);
  return { ...reply, packets: [blank, ...rest] };
}

/** The id in the answer to a COM_STMT_PREPARE. */
export function preparedId({ packets }: WireReply): number {
  return packets[0]!.readUInt32LE(1);
}

/**
 * Prepares, executes with a cursor, and fetches a few rows at a time to the end; gives every reply, up to the
 * first error.
 */
export async function walkCursor(client: WireClient, sql: string, rows = 2): Promise<readonly WireReply[]> {
  const prepared = await client.ask(command(COM.stmtPrepare, sql), 'prepare');
  if (prepared.error !== null) return [prepared];
  const id = preparedId(prepared);
  const replies = [prepared, await client.ask(execute(id, true), 'result')];
  for (;;) {
    const { error, status } = replies.at(-1)!;
    const isOpen = (status & CURSOR_EXISTS) !== 0 && (status & LAST_ROW_SENT) === 0;
    if (error !== null || !isOpen) break;
    replies.push(await client.ask(fetch(id, rows), 'rows'));
  }
  client.send(command(COM.stmtClose, uint32(id)));
  return replies;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

// ---- pieces of packets ----

function header(length: number, sequence: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUIntLE(length, 0, 3);
  bytes[3] = sequence & 0xff;
  return bytes;
}

function cstring(bytes: Buffer, start: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('latin1', start, end < 0 ? bytes.length : end);
}

function errorOf(payload: Buffer): { code: number; sqlState: string; message: string } {
  return {
    code: payload.readUInt16LE(1),
    sqlState: payload.toString('latin1', 4, 9),
    message: payload.toString('utf8', 9),
  };
}

/** Behind affected rows and insert id, which are length-encoded. */
function okStatus(payload: Buffer): number {
  let at = 1;
  for (let n = 0; n < 2; n++) at += { 252: 3, 253: 4, 254: 9 }[payload[at]!] ?? 1;
  return payload.readUInt16LE(at);
}

function prove(plugin: string, password: string, nonce: Buffer): Buffer {
  const native = plugin === 'mysql_native_password';
  const hash = (...parts: readonly (Buffer | string)[]): Buffer => {
    const digest = createHash(native ? 'sha1' : 'sha256');
    for (const part of parts) digest.update(part);
    return digest.digest();
  };
  const once = hash(password);
  const mask = native ? hash(nonce, hash(once)) : hash(hash(once), nonce);
  return Buffer.from(once.map((byte, at) => byte ^ mask[at]!));
}
