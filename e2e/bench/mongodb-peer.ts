/**
 * A scripted MongoDB as a process of its own: `mongodb-peer.ts USER PASSWORD DATABASE` prints the port that it listens on.
 *
 * It knows hello, SCRAM-SHA-256, one collection, and answers find and getMore with bytes that were built before, so
 * that it takes next to nothing of the time that is measured. It is no database: whatever is asked gets the same answer.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { createScramServer, createVerifiers, type ScramServerExchange } from '@gatehouse/identity';
import type { BSON } from 'mongodb';
import { batchReply, COLLECTION, findReply } from './mongodb-replies.ts';
import {
  answerTo,
  commandNameOf,
  commandOf,
  encodeLegacyReply,
  encodeMessage,
  MessageCutter,
} from './mongodb-wire.ts';

const [, , , password, database] = process.argv as [string, string, string, string, string];
const OP_QUERY = 2004;
const ONE = encodeMessage(1, 0, findReply(database, false));
const FIRST_OF_MANY = encodeMessage(1, 0, findReply(database, true));
const BATCH = encodeMessage(1, 0, batchReply(database));
const salt = randomBytes(28);
const iterations = 4096;
const verifiers = [createVerifiers('peer', password, { salt, iterations })];

const HELLO = {
  isWritablePrimary: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  localTime: new Date(),
  logicalSessionTimeoutMinutes: 30,
  connectionId: 1,
  minWireVersion: 0,
  maxWireVersion: 21,
  readOnly: false,
  ok: 1,
};

function serve(socket: Socket): void {
  const cutter = new MessageCutter();
  const login = new Login();
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    for (const message of cutter.cut(chunk)) socket.write(answer(message, login));
  });
}

function answer(message: Buffer, login: Login): Buffer {
  const requestId = message.readInt32LE(4);
  if (message.readInt32LE(12) === OP_QUERY)
    return encodeLegacyReply(requestId, login.answer(commandOf(message)) ?? HELLO);
  switch (commandNameOf(message)) {
    case 'find':
      return answerTo(message, message.includes('batchSize') ? FIRST_OF_MANY : ONE);
    case 'getMore':
      return answerTo(message, BATCH);
    default: {
      const command = commandOf(message);
      return encodeMessage(1, requestId, login.answer(command) ?? about(command));
    }
  }
}

/** The server's half of one connection's login. */
class Login {
  #exchange: ScramServerExchange | null = null;

  /** Null for what is no part of a login. */
  answer(command: BSON.Document): BSON.Document | null {
    const { speculativeAuthenticate } = command;
    if (speculativeAuthenticate !== undefined)
      return { ...HELLO, speculativeAuthenticate: this.#start(speculativeAuthenticate) };
    if (command['saslStart'] !== undefined) return this.#start(command);
    if (command['saslContinue'] !== undefined) return this.#continue(command);
    return null;
  }

  #start({ payload }: BSON.Document): BSON.Document {
    this.#exchange = createScramServer(
      { mechanism: 'SCRAM-SHA-256', plusOffered: false },
      { salt, iterations, verifiers },
    );
    return step(this.#exchange.first(textOf(payload)), false);
  }

  #continue({ payload }: BSON.Document): BSON.Document {
    const result = this.#exchange?.final(textOf(payload));
    return step(result?.ok === true ? result.serverFinal : null, true);
  }
}

function step(text: string | null, done: boolean): BSON.Document {
  return text === null
    ? { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' }
    : { ok: 1, conversationId: 1, done, payload: Buffer.from(text) };
}

function textOf(payload: BSON.Binary): string {
  return Buffer.from(payload.buffer).toString('utf8', 0, payload.position);
}

function about(command: BSON.Document): BSON.Document {
  if (
    command['hello'] !== undefined ||
    command['isMaster'] !== undefined ||
    command['ismaster'] !== undefined
  )
    return HELLO;
  if (command['listDatabases'] !== undefined)
    return { databases: [{ name: database, sizeOnDisk: 1, empty: false }], totalSize: 1, ok: 1 };
  if (command['listCollections'] !== undefined) {
    const firstBatch = [{ name: COLLECTION, type: 'collection', options: {}, info: { readOnly: false } }];
    return { cursor: { id: 0n, ns: `${database}.$cmd.listCollections`, firstBatch }, ok: 1 };
  }
  return { version: '7.0.0', versionArray: [7, 0, 0, 0], ok: 1 };
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as { port: number }).port}\n`));
