import type { Adapter, PendingRequest } from '@gatehouse/adapter';
import {
  AdapterBench,
  type BenchVerdict,
  fakeCredentials,
  fakeUpstreamCredential,
} from '@gatehouse/adapter/testkit';
import type { Document } from 'bson';
import { createMongodbAdapter } from '../mongodb-adapter.ts';
import { SUPPORT } from './facts-text.ts';
import { commandMessage, type Reply, repliesIn } from './messages.ts';
import { ScriptedMongod } from './scripted-mongod.ts';

/** A logged-in session of the adapter over a scripted server. */
export class MongoBench {
  readonly bench: AdapterBench;
  readonly server: ScriptedMongod;
  #requestId = 100;

  constructor(
    answer: (command: Document) => Document | null,
    decide: (pending: PendingRequest) => BenchVerdict = () => ({ effect: 'permit' }),
    adapter: Adapter = createMongodbAdapter(),
  ) {
    this.server = new ScriptedMongod(answer);
    this.bench = new AdapterBench({
      adapter,
      catalog: SUPPORT,
      serverFacts: {
        version: '7.0.0',
        details: { minWireVersion: 0, maxWireVersion: 21, hasSessions: true },
      },
      server: this.server,
      credentials: fakeCredentials(true),
      upstreamCredential: fakeUpstreamCredential,
      decide,
    });
    const payload = (text: string) => Buffer.from(text);
    this.bench.send(
      commandMessage(1, {
        saslStart: 1,
        mechanism: 'SCRAM-SHA-256',
        payload: payload('n,,n=ana,r=nonce'),
        options: { skipEmptyExchange: true },
        $db: 'admin',
      }),
    );
    this.bench.send(
      commandMessage(2, { saslContinue: 1, conversationId: 1, payload: payload('c=biws'), $db: 'admin' }),
    );
    this.bench.takeClient();
  }

  /** Sends a command in `support` and gives what comes back. */
  run(command: Document): Document {
    this.#requestId += 1;
    return this.send(commandMessage(this.#requestId, { ...command, $db: command['$db'] ?? 'support' }))[0]!
      .document;
  }

  /** Sends bytes and gives all replies. */
  send(bytes: Buffer): readonly Reply[] {
    this.bench.send(bytes);
    this.bench.settle();
    return repliesIn(this.bench.takeClient());
  }
}
