import {
  type AdapterBench,
  type ConformanceHarness,
  describeConformance,
  fakeCredentials,
  fakeUpstreamCredential,
  type Message,
  PLAIN_VALUES,
  SECRET_VALUES,
} from '@gatehouse/adapter/testkit';
import { createMongodbAdapter } from './mongodb-adapter.ts';
import { commandMessage, errorsIn } from './testing/messages.ts';
import { ScriptedMongod } from './testing/scripted-mongod.ts';

const PEOPLE = PLAIN_VALUES.map((name, i) => ({ _id: i, name, secret: SECRET_VALUES[i] }));

function createServer(): ScriptedMongod {
  return new ScriptedMongod((command) => {
    if ('find' in command) {
      return command['filter']?.fail === true
        ? {
            ok: 0,
            code: 2,
            codeName: 'BadValue',
            errmsg: `cannot compare ${SECRET_VALUES[0]}`,
            keyValue: { secret: SECRET_VALUES[0] },
          }
        : { ok: 1, cursor: { id: 0n, ns: 'conformance.people', firstBatch: PEOPLE } };
    }
    if ('insert' in command) return { ok: 1, n: 1 };
    return null;
  });
}

const MESSAGES: Readonly<Record<Message, () => Buffer>> = {
  read: () => commandMessage(11, { find: 'people', filter: { _id: 0 }, $db: 'conformance' }),
  write: () => commandMessage(12, { insert: 'people', documents: [{ name: 'x' }], $db: 'conformance' }),
  'failing-read': () => commandMessage(13, { find: 'people', filter: { fail: true }, $db: 'conformance' }),
  malformed: () => Buffer.concat([commandMessage(14, { ping: 1 }).subarray(0, 20), Buffer.alloc(30, 0xee)]),
  oversized: () => {
    const header = Buffer.alloc(16);
    header.writeInt32LE(2 * 1024 * 1024, 0);
    header.writeInt32LE(2013, 12);
    return header;
  },
};

const harness = (): ConformanceHarness => ({
  adapter: createMongodbAdapter(),
  catalog: {
    views: new Map(),
    collections: new Set(['conformance.people']),
    unread: new Set(),
  },
  serverFacts: { version: '7.0.0', details: { minWireVersion: 0, maxWireVersion: 21, hasSessions: true } },
  upstreamCredential: fakeUpstreamCredential,
  createServer,
  credentials: fakeCredentials,
  login: (bench: AdapterBench) => {
    const payload = (text: string) => Buffer.from(text);
    bench.send(commandMessage(1, { hello: 1, $db: 'admin' }));
    bench.send(
      commandMessage(2, {
        saslStart: 1,
        mechanism: 'SCRAM-SHA-256',
        payload: payload('n,,n=ana,r=nonce'),
        options: { skipEmptyExchange: true },
        $db: 'admin',
      }),
    );
    // A refused login is told apart from the server's first words by the test, not by the client here.
    bench.takeClient();
    bench.send(
      commandMessage(3, { saslContinue: 1, conversationId: 1, payload: payload('c=biws'), $db: 'admin' }),
    );
  },
  message: (kind) => MESSAGES[kind](),
  countErrors: (received) => errorsIn(received).length,
  expect: { readRows: 3, writtenRows: 1, rowsBeforeCut: 0 },
});

describeConformance('the MongoDB adapter', harness);
