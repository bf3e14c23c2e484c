import type { Demo } from '@gatehouse/cli';
import { createToken } from '@gatehouse/identity';
import { BSON, type Document, MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { message, opMsg, RawMongo } from '../clients/mongodb-wire.ts';
import { openStage } from '../stage/open-stage.ts';
import { SHIPPED_POLICIES } from '../stage/policies.ts';
import { MONGODB_BYPASSES } from './mongodb-rows.ts';

describe('no forbidden MongoDB action gets through in disguise', () => {
  let stage: Demo;
  let owner: MongoClient;
  let client: MongoClient;
  let before = '';

  beforeAll(async () => {
    stage = await openStage({ need: ['mongodb'], policies: SHIPPED_POLICIES, upstreamAs: 'owner' });
    owner = await MongoClient.connect(stage.fleet.mongodb!.url);
    const support = owner.db('support');
    await support
      .collection<Document>('victims')
      .insertMany(Array.from({ length: 20 }, (_, n) => ({ _id: n, note: `note ${n}` })) as never);
    await support.collection('victims').createIndex({ note: 1 });
    client = new MongoClient(
      `mongodb://ci-migrate:${stage.token('ci-migrate')}@127.0.0.1:${stage.port('mongodb')}/support?authSource=admin`,
    );
    await client.connect();
    before = await state();
  });

  afterAll(async () => {
    await Promise.allSettled([client?.close(), owner?.close()]);
    await stage?.close();
  });

  /** Documents, collections, indexes and users, as they are at the server. */
  async function state(): Promise<string> {
    const support = owner.db('support');
    const collections = (await support.listCollections().toArray())
      .map(({ name, type }) => `${name}:${type}`)
      .sort();
    const indexes = (await support.collection('victims').indexes()).map(({ name }) => name).sort();
    const users = (await owner.db('admin').command({ usersInfo: 1 }))['users']
      .map(({ user }: Document) => user)
      .sort();
    const databases = (await owner.db('admin').admin().listDatabases()).databases
      .map(({ name }) => name)
      .sort();
    return JSON.stringify([
      await support.collection('victims').find().sort({ _id: 1 }).toArray(),
      collections,
      indexes,
      users,
      databases,
    ]);
  }

  /** Alone, and inside a transaction of a session; some of these cannot be in one, and are refused here all the same. */
  const ways = {
    alone: (command: Document, database: string) => client.db(database).command(command),
    'with a session': async (command: Document, database: string) => {
      const session = client.startSession();
      try {
        return await client.db(database).command(command, { session });
      } finally {
        await session.endSession();
      }
    },
  } as const;

  describe.each(Object.keys(ways) as (keyof typeof ways)[])('%s', (way) => {
    it.each(MONGODB_BYPASSES.map((command) => [JSON.stringify(command), command] as const))(
      'refuses %s',
      async (_text, { $db, ...command }) => {
        await expect(ways[way](command, $db ?? 'support')).rejects.toMatchObject({
          message: expect.stringMatching(/^gatehouse: /),
        });
        expect(await state()).toBe(before);
      },
    );
  });

  it('refuses the driver’s own bulk and unacknowledged forms', async () => {
    const victims = client.db('support').collection('victims');
    await expect(victims.bulkWrite([{ deleteMany: { filter: {} } }])).rejects.toThrow(/^gatehouse: /);
    await expect(
      client.bulkWrite([{ namespace: 'support.victims', name: 'deleteMany', filter: {} }]),
    ).rejects.toMatchObject({ cause: { message: expect.stringMatching(/^gatehouse: /) } });
    await client
      .db('support')
      .command({ delete: 'victims', deletes: [{ q: {}, limit: 0 }], writeConcern: { w: 0 } })
      .catch(() => undefined);
    await victims.deleteMany({}, { writeConcern: { w: 0 } }).catch(() => undefined);
    await client.db('support').command({ ping: 1 });
    expect(await state()).toBe(before);
  });

  it('refuses inside a transaction, which goes on and is committed or aborted as its client says', async () => {
    // Production is written to with a purpose, which travels with the token.
    const { identity } = stage.running;
    const { principal } = identity.principals().find('ci-migrate')!;
    const request = { principal, label: 'transactions', purpose: 'SHOP-1' };
    const { secret } = await createToken(request, identity.tokens, Date.now);
    const writer = await MongoClient.connect(
      `mongodb://ci-migrate:${secret}@127.0.0.1:${stage.port('mongodb')}/support?authSource=admin`,
    );
    const notes = writer.db('support').collection<Document>('notes_of_ci');
    await owner.db('support').createCollection('notes_of_ci');
    const session = writer.startSession();
    for (const end of ['commit', 'abort'] as const) {
      session.startTransaction();
      await notes.insertOne({ _id: end } as never, { session });
      for (const refused of [
        { delete: 'victims', deletes: [{ q: {}, limit: 0 }] },
        { update: 'victims', updates: [{ q: {}, u: { $set: { note: '' } }, multi: true }] },
      ])
        await expect(writer.db('support').command(refused, { session })).rejects.toThrow(/^gatehouse: /);
      expect(await notes.countDocuments({ _id: end as never }, { session })).toBe(1);
      await (end === 'commit' ? session.commitTransaction() : session.abortTransaction());
    }
    await session.endSession();
    await writer.close();
    expect(await owner.db('support').collection('notes_of_ci').find().toArray()).toEqual([{ _id: 'commit' }]);
    await owner.db('support').dropCollection('notes_of_ci');
    expect(await state()).toBe(before);
  });

  describe('as no driver says it', () => {
    let raw: RawMongo;

    beforeAll(async () => {
      raw = new RawMongo(stage.port('mongodb'));
      await raw.logIn('ci-migrate', stage.token('ci-migrate'));
    });

    afterAll(() => raw?.end());

    const FORBIDDEN: readonly (readonly [string, Buffer])[] = [
      ['a body', opMsg({ delete: 'victims', deletes: [{ q: {}, limit: 0 }], $db: 'support' })],
      ['a sequence', opMsg({ delete: 'victims', $db: 'support' }, { deletes: [{ q: {}, limit: 0 }] })],
      [
        'a sequence before the body',
        opMsg({ delete: 'victims', $db: 'support' }, { deletes: [{ q: {}, limit: 0 }] }, 'body last'),
      ],
      [
        'a sequence with something harmless first',
        opMsg(
          { delete: 'victims', $db: 'support' },
          {
            deletes: [
              { q: { _id: -1 }, limit: 1 },
              { q: {}, limit: 0 },
            ],
          },
        ),
      ],
      [
        'a sequence of updates',
        opMsg(
          { update: 'victims', $db: 'support' },
          { updates: [{ q: {}, u: { $set: { note: '' } }, multi: true }] },
        ),
      ],
      ['a drop', opMsg({ drop: 'victims', $db: 'support' })],
    ];

    it.each(FORBIDDEN)(
      'refuses %s among messages that nobody waits for, and answers those in their order',
      async (_what, bytes) => {
        const ping = opMsg({ ping: 1, $db: 'support' });
        raw.send(ping, bytes, ping, bytes, ping);
        const replies = await raw.replies(5);
        expect(replies.map(({ ok }) => ok)).toEqual([1, 0, 1, 0, 1]);
        for (const reply of [replies[1], replies[3]]) expect(reply?.['errmsg']).toMatch(/^gatehouse: /);
        expect(await state()).toBe(before);
      },
    );

    it.each([
      ['OP_DELETE', 2006],
      ['OP_UPDATE', 2001],
      ['OP_INSERT', 2002],
      ['OP_QUERY', 2004],
      ['an opcode that nobody knows', 4711],
    ])('ends a connection that says %s', async (_name, opcode) => {
      const old = new RawMongo(stage.port('mongodb'));
      await old.logIn('ci-migrate', stage.token('ci-migrate'));
      old.send(
        message(
          opcode,
          Buffer.concat([
            Buffer.alloc(4),
            Buffer.from('support.victims\0'),
            Buffer.alloc(8),
            BSON.serialize({}),
          ]),
        ),
      );
      await expect.poll(() => old.isClosed, { timeout: 20_000 }).toBe(true);
      expect(await state()).toBe(before);
    });
  });

  it('goes on in step', async () => {
    expect((await client.db('support').command({ ping: 1 })).ok).toBe(1);
  });
});
