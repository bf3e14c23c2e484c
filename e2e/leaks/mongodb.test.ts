import type { Demo } from '@gatehouse/cli';
import { type Document, Long, MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { SHIPPED_POLICIES } from '../stage/policies.ts';
import { createValueFinder } from './find-values.ts';
import { MONGODB_LEAKS, type MongoLeak } from './mongodb-rows.ts';

interface Answer {
  readonly error: string | null;
  /** Everything that came back, over all batches, as text. */
  readonly text: string;
}

describe('no masked value of MongoDB leaves', () => {
  let stage: Demo;
  let client: MongoClient;
  let findSecrets: (received: Buffer) => readonly string[];

  beforeAll(async () => {
    stage = await openStage({ need: ['mongodb'], policies: SHIPPED_POLICIES, upstreamAs: 'owner' });
    const direct = await MongoClient.connect(stage.fleet.mongodb!.url);
    const tickets = await direct.db('support').collection('tickets').find().toArray();
    const events = await direct.db('support').collection('events').find().toArray();
    findSecrets = createValueFinder([
      ...tickets.flatMap(({ customer }) => [customer?.email, customer?.phone]),
      ...events.map(({ actor }) => actor?.email),
    ]);
    await direct.close();
    client = new MongoClient(
      `mongodb://ana:${stage.token('ana')}@127.0.0.1:${stage.port('mongodb')}/support?authSource=admin`,
    );
    await client.connect();
  });

  afterAll(async () => {
    await client?.close();
    await stage?.close();
  });

  /** Runs a command, and `getMore` until its cursor is done. */
  async function run({ $db, ...command }: Document): Promise<Answer> {
    const database = client.db($db ?? 'support');
    const texts: string[] = [];
    try {
      let reply = await database.command(command);
      texts.push(JSON.stringify(reply));
      for (
        let batches = 0;
        batches < 20 && reply['cursor']?.id !== undefined && !Long.fromValue(reply['cursor'].id).isZero();
        batches++
      ) {
        const [, collection] = /^[^.]+\.(.*)$/.exec(reply['cursor'].ns) ?? [];
        reply = await database.command({ getMore: Long.fromValue(reply['cursor'].id), collection });
        texts.push(JSON.stringify(reply));
      }
      return { error: null, text: texts.join('\n') };
    } catch (error) {
      const { message, errorResponse } = error as Error & { errorResponse?: Document };
      return { error: message, text: [...texts, message, JSON.stringify(errorResponse ?? {})].join('\n') };
    }
  }

  it.each(
    MONGODB_LEAKS.map(
      (leak) =>
        [
          leak.expect,
          JSON.stringify(leak.command, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
          leak,
        ] as const,
    ),
  )('%s: %s', async (_expect, _text, { command, expect: expected }: MongoLeak) => {
    const { error, text } = await run(command);
    expect(findSecrets(Buffer.from(text))).toEqual([]);
    if (expected === 'denied' || expected === 'depth') expect(error).toMatch(/^gatehouse: /);
    else expect(error).toBeNull();
  });

  it('goes on in step afterwards', async () => {
    expect((await client.db('support').command({ ping: 1 })).ok).toBe(1);
  });
});
