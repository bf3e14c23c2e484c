/**
 * A MongoDB client that says exactly the messages it is told to, for what no driver says: several messages without
 * waiting, sections in any order, opcodes of long ago. Logs in by SCRAM-SHA-256.
 */
import { connect, type Socket } from 'node:net';
import { createUpstreamCredential } from '@gatehouse/identity';
import { BSON, type Document } from 'mongodb';

const OP_MSG = 2013;

/** One OP_MSG with a body and, behind or before it, sequences of documents. */
export function opMsg(
  body: Document,
  sequences: Readonly<Record<string, readonly Document[]>> = {},
  order: 'body first' | 'body last' = 'body first',
): Buffer {
  const main = Buffer.concat([Buffer.from([0]), BSON.serialize(body)]);
  const others = Object.entries(sequences).map(([name, documents]) => {
    const content = Buffer.concat([
      Buffer.from(`${name}\0`),
      ...documents.map((each) => BSON.serialize(each)),
    ]);
    const size = Buffer.alloc(4);
    size.writeInt32LE(content.length + 4);
    return Buffer.concat([Buffer.from([1]), size, content]);
  });
  const sections = order === 'body first' ? [main, ...others] : [...others, main];
  return message(OP_MSG, Buffer.concat([Buffer.alloc(4), ...sections]));
}

/** A message of any opcode around these bytes. */
export function message(opcode: number, content: Buffer): Buffer {
  const head = Buffer.alloc(16);
  head.writeInt32LE(16 + content.length, 0);
  head.writeInt32LE(7, 4);
  head.writeInt32LE(opcode, 12);
  return Buffer.concat([head, content]);
}

export class RawMongo {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.#closed = true;
    });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  send(...messages: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(messages));
  }

  /** The bodies of the next `count` replies, in their order; fewer when the connection ends. */
  async replies(count: number): Promise<readonly Document[]> {
    const deadline = Date.now() + 20_000;
    const found: Document[] = [];
    for (;;) {
      while (found.length < count && this.#received.length >= 4) {
        const size = this.#received.readInt32LE(0);
        if (this.#received.length < size) break;
        found.push(BSON.deserialize(this.#received.subarray(21, size)));
        this.#received = this.#received.subarray(size);
      }
      if (found.length === count || this.#closed) return found;
      if (Date.now() > deadline) throw new Error(`waited in vain for reply ${found.length + 1}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async logIn(user: string, password: string): Promise<void> {
    const scram = createUpstreamCredential({ user, password }).scram({ mechanism: 'SCRAM-SHA-256' });
    const start = await this.#ask({
      ...{
        saslStart: 1,
        mechanism: 'SCRAM-SHA-256',
        payload: new BSON.Binary(Buffer.from(scram.first())),
        $db: 'admin',
      },
    });
    const final = scram.final(Buffer.from(start['payload'].buffer).toString());
    const end = await this.#ask({
      ...{ saslContinue: 1, conversationId: start['conversationId'] },
      ...{ payload: new BSON.Binary(Buffer.from(final)), $db: 'admin' },
    });
    if (end['ok'] !== 1) throw new Error(`login failed: ${end['errmsg']}`);
    if (end['done'] === true) return;
    await this.#ask({
      ...{ saslContinue: 1, conversationId: start['conversationId'] },
      ...{ payload: new BSON.Binary(Buffer.alloc(0)), $db: 'admin' },
    });
  }

  end(): void {
    this.#socket.destroy();
  }

  async #ask(body: Document): Promise<Document> {
    this.send(opMsg(body));
    const [reply] = await this.replies(1);
    if (reply === undefined) throw new Error('the connection ended');
    return reply;
  }
}
