/**
 * A scripted client: logs in, then sends messages that were built before as fast as the answers come.
 */
import { connect, type Socket } from 'node:net';
import { createScramClient, scramKeysOf } from '@gatehouse/identity';
import type { BSON } from 'mongodb';
import { COLLECTION } from './mongodb-replies.ts';
import { documentOf, encodeMessage, MessageCutter } from './mongodb-wire.ts';
import { within } from './processes.ts';
import { type Measured, percentile, type Target } from './target.ts';

const ANSWERS_WITHIN_MS = 30_000;

/** A logged-in connection that has one message on its way at a time. */
export class ScriptedClient {
  readonly #socket: Socket;
  readonly #cutter = new MessageCutter();
  #answered: (message: Buffer) => void = () => undefined;
  #lost: (error: Error) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      for (const message of this.#cutter.cut(chunk)) this.#answered(message);
    });
    socket.on('error', (error) => this.#lost(error));
    socket.on('close', () => this.#lost(new Error('the connection closed while an answer was awaited')));
  }

  static async open(target: Target): Promise<ScriptedClient> {
    const socket = connect({ host: '127.0.0.1', port: target.port, noDelay: true });
    const client = new ScriptedClient(socket);
    await within(`a MongoDB login through ${target.name}`, ANSWERS_WITHIN_MS, client.#login(target));
    return client;
  }

  /** Sends a message and gives the answer, which is good until the next one. */
  ask(message: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#lost = reject;
      this.#socket.write(message);
    });
  }

  /** Sends the message again and again until the time is over; calls back with the milliseconds of each. */
  repeat(message: Buffer, until: number, took: (ms: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let sentAt = performance.now();
      this.#lost = reject;
      this.#answered = (answer) => {
        const now = performance.now();
        took(now - sentAt);
        if (answer.length < MIN_ANSWER_BYTES)
          reject(new Error(`expected a document, got ${failureOf(answer)}`));
        else if (now >= until) resolve();
        else {
          sentAt = now;
          this.#socket.write(message);
        }
      };
      this.#socket.write(message);
    });
  }

  close(): void {
    this.#lost = () => undefined;
    this.#socket.destroy();
  }

  async #login({ user, password }: Target): Promise<void> {
    const scram = createScramClient({ mechanism: 'SCRAM-SHA-256' }, { user, keys: scramKeysOf(password) });
    await this.#command({ hello: 1, client: CLIENT });
    const first = await this.#command({
      saslStart: 1,
      mechanism: 'SCRAM-SHA-256',
      payload: Buffer.from(scram.first()),
      options: { skipEmptyExchange: true },
    });
    const final = scram.final(textOf(first));
    const last = await this.#command({
      saslContinue: 1,
      conversationId: first['conversationId'],
      payload: Buffer.from(final),
    });
    if (!scram.verify(textOf(last))) throw new Error('the server could not sign');
  }

  async #command(command: BSON.Document): Promise<BSON.Document> {
    const reply = documentOf(await this.ask(encodeMessage(1, 0, { ...command, $db: 'admin' })));
    if (reply['ok'] !== 1) throw new Error(`login: ${String(reply['errmsg'])}`);
    return reply;
  }
}

/** Finds one document over and over on so many connections. */
export async function measureFinds(target: Target, clients: number, seconds: number): Promise<Measured> {
  const find = encodeMessage(7, 0, {
    find: COLLECTION,
    filter: { _id: 17 },
    limit: 1,
    singleBatch: true,
    $db: target.database,
  });
  const opened = await Promise.all(Array.from({ length: clients }, () => ScriptedClient.open(target)));
  const times: number[] = [];
  const started = performance.now();
  try {
    await within(
      `the answers to finds through ${target.name}`,
      seconds * 1000 + ANSWERS_WITHIN_MS,
      Promise.all(
        opened.map((client) => client.repeat(find, started + seconds * 1000, (ms) => times.push(ms))),
      ),
    );
  } finally {
    for (const client of opened) client.close();
  }
  const perSecond = times.length / ((performance.now() - started) / 1000);
  const sorted = Float64Array.from(times).sort();
  return { perSecond, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
}

function textOf({ payload }: BSON.Document): string {
  const { buffer, position } = payload as BSON.Binary;
  return Buffer.from(buffer).toString('utf8', 0, position);
}

function failureOf(answer: Buffer): string {
  return JSON.stringify(documentOf(answer)).slice(0, 300);
}

/** The answer with the document is longer than this, one with an empty batch is not. */
const MIN_ANSWER_BYTES = 150;
const CLIENT = {
  application: { name: 'bench' },
  driver: { name: 'bench', version: '0' },
  os: { type: 'any' },
};
