import {
  Binary,
  Decimal128,
  Double,
  Int32,
  Long,
  MongoClient,
  type MongoClientOptions,
  ObjectId,
} from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BULK_STEPS } from './mongodb-bulk-steps.ts';
import { openSides, outcome, type Side, type Sides, type Step } from './mongodb-sides.ts';

const ID = new ObjectId('65a1b2c3d4e5f60718293a4b');
const numbers = (count: number) =>
  Array.from({ length: count }, (_, _id) => ({ _id, n: _id % 7, text: `t${_id}` }));

/** Every type that a document can hold. */
const TYPES = {
  _id: ID,
  double: new Double(1.5),
  whole: new Double(3),
  int: new Int32(-7),
  long: Long.fromString('9007199254740993'),
  decimal: Decimal128.fromString('0.1000000000000000000000000000001'),
  text: 'ünï "quoted" \u0001',
  empty: '',
  nothing: null,
  yes: true,
  date: new Date('2026-02-28T23:59:59.999Z'),
  bytes: new Binary(Buffer.from('00ff10', 'hex'), 5),
  pattern: /^a.b$/im,
  nested: { deep: [{ er: [1, [2, { three: null }]] }] },
  'key.with.dots': 1,
};

const STEPS: Readonly<Record<string, Step>> = {
  ...BULK_STEPS,
  'keeps every type': async (_db, _client, c) => {
    await c.insertOne(TYPES);
    return c.findOne({ _id: ID }, { promoteValues: false, promoteLongs: false });
  },
  'tells what was written': async (_db, _client, c) => [
    await c.insertMany(numbers(5) as never),
    await c.updateMany({ n: { $gte: 2 } }, { $set: { hit: true }, $inc: { n: 1 } }),
    await c.updateOne({ _id: 99 as never }, { $set: { n: 1 } }, { upsert: true }),
    await c.replaceOne({ _id: 0 as never }, { n: 5 }),
    await c.deleteMany({ n: { $lt: 3 } }),
    await c.find().sort({ _id: 1 }).toArray(),
  ],
  'names a duplicate key': async (_db, _client, c) => {
    await c.createIndex({ n: 1 }, { unique: true, name: 'one_n' });
    await c.insertOne({ _id: 1 as never, n: 1 });
    return c.insertOne({ _id: 2 as never, n: 1 });
  },
  'reads a cursor in batches': async (_db, _client, c) => {
    await c.insertMany(numbers(250) as never);
    const cursor = c.find({}, { batchSize: 40 }).sort({ _id: -1 });
    const seen: unknown[] = [];
    for await (const { _id } of cursor) seen.push(_id);
    return seen;
  },
  'closes a cursor early': async (_db, _client, c) => {
    await c.insertMany(numbers(100) as never);
    const cursor = c.find({}, { batchSize: 10 });
    const first = await cursor.next();
    await cursor.close();
    return [first, await c.countDocuments({ n: 3 })];
  },
  'limits, skips, projects, sorts, hints and collates': async (_db, _client, c) => {
    await c.insertMany(numbers(30) as never);
    await c.createIndex({ n: 1, _id: -1 });
    return c
      .find({ n: { $in: [1, 2] } })
      .project({ text: 1, n: 1, _id: 0 })
      .sort({ n: 1, _id: -1 })
      .skip(2)
      .limit(4)
      .hint({ n: 1, _id: -1 })
      .toArray();
  },
  'finds and modifies': async (_db, _client, c) => {
    await c.insertMany(numbers(3) as never);
    return [
      await c.findOneAndUpdate({ _id: 1 as never }, { $inc: { n: 10 } }, { returnDocument: 'after' }),
      await c.findOneAndDelete({ _id: 2 as never }),
      await c.findOneAndReplace(
        { _id: 77 as never },
        { n: 0 },
        { upsert: true, includeResultMetadata: true },
      ),
      await c.findOneAndUpdate(
        { _id: 1 as never },
        { $rename: { n: 'm' } },
        { projection: { m: 1, _id: 0 } },
      ),
    ];
  },
  'aggregates, joins and fans out': async (db, _client, c) => {
    await c.insertMany(numbers(20) as never);
    await db.collection('names').insertMany([{ _id: 1 as never, name: 'one' }]);
    return c
      .aggregate([
        { $match: { _id: { $lt: 15 } } },
        { $group: { _id: '$n', count: { $sum: 1 }, texts: { $push: '$text' } } },
        { $lookup: { from: 'names', localField: '_id', foreignField: '_id', as: 'name' } },
        {
          $facet: {
            all: [{ $sort: { _id: 1 } }],
            many: [{ $match: { count: { $gt: 2 } } }, { $count: 'n' }],
          },
        },
      ])
      .toArray();
  },
  'writes the result of a pipeline': async (db, _client, c) => {
    await c.insertMany(numbers(6) as never);
    await c.aggregate([{ $project: { n: 1 } }, { $merge: { into: 'merged' } }]).toArray();
    await c.aggregate([{ $match: { n: 1 } }, { $out: 'put' }]).toArray();
    return [await db.collection('merged').countDocuments(), await db.collection('put').find().toArray()];
  },
  'counts and lists values': async (_db, _client, c) => {
    await c.insertMany(numbers(30) as never);
    return [
      await c.countDocuments({ n: 1 }),
      await c.estimatedDocumentCount(),
      (await c.distinct('n')).sort(),
    ];
  },
  'commits a transaction': async (_db, client, c) => {
    await c.insertOne({ _id: 0 as never });
    const session = client.startSession();
    const seen: unknown[] = [];
    await session.withTransaction(async () => {
      await c.insertOne({ _id: 1 as never }, { session });
      seen.push(await c.countDocuments({}, { session }), await c.countDocuments({}));
    });
    await session.endSession();
    return [seen, await c.countDocuments({})];
  },
  'aborts a transaction': async (_db, client, c) => {
    await c.insertOne({ _id: 0 as never });
    const session = client.startSession();
    session.startTransaction();
    await c.updateOne({ _id: 0 as never }, { $set: { n: 1 } }, { session });
    await session.abortTransaction();
    await session.endSession();
    return c.find().toArray();
  },
  'ends a transaction at its error': async (_db, client, c) => {
    await c.insertOne({ _id: 0 as never });
    const session = client.startSession();
    session.startTransaction();
    const failed = await outcome(() => c.insertOne({ _id: 0 as never }, { session }));
    await session.abortTransaction();
    await session.endSession();
    return [failed, await c.countDocuments()];
  },
  'lists collections, indexes and views': async (db, _client, c) => {
    await c.createIndexes([
      { key: { n: 1 }, name: 'by_n' },
      { key: { text: -1 }, sparse: true },
    ]);
    await db.createCollection('small', {
      viewOn: c.collectionName,
      pipeline: [{ $match: { n: { $lt: 3 } } }],
    });
    await c.insertMany(numbers(10) as never);
    const lists = [
      (await db.listCollections({}, { nameOnly: true }).toArray())
        .map(({ name, type }) => `${name} ${type}`)
        .sort(),
      await c.indexes(),
      await db.collection('small').find().sort({ _id: 1 }).toArray(),
    ];
    await c.dropIndex('by_n');
    return [...lists, (await c.indexes()).map(({ name }) => name)];
  },
  'renames and drops': async (db, _client, c) => {
    await c.insertOne({ _id: 1 as never });
    await c.rename('renamed');
    const after = await db.collection('renamed').countDocuments();
    return [after, await db.dropCollection('renamed'), (await db.listCollections().toArray()).length];
  },
  'follows a change stream': async (_db, _client, c) => {
    await c.insertOne({ _id: 0 as never });
    const stream = c.watch([{ $match: { operationType: 'insert' } }], { maxAwaitTimeMS: 200 });
    const change = stream.next();
    // The stream begins when its first answer is there.
    for (let tries = 1; tries < 200; tries++) {
      await c.insertOne({ _id: tries as never });
      const done = await Promise.race([change, new Promise((resolve) => setTimeout(resolve, 50, null))]);
      if (done !== null) break;
    }
    const { operationType, ns } = (await change) as unknown as Record<string, { coll?: string }>;
    await stream.close();
    return [operationType, ns?.coll];
  },
  'refuses an unknown command': (db) => db.command({ noSuchCommand: 1 }),
  'refuses an unknown operator': (_db, _client, c) => c.find({ n: { $nope: 1 } }).toArray(),
  'refuses an unknown stage': (_db, _client, c) => c.aggregate([{ $nope: 1 }]).toArray(),
  'refuses a bad update': (_db, _client, c) => c.updateOne({}, { $nope: { a: 1 } } as never),
  'refuses a bad pattern': (_db, _client, c) => c.find({ text: { $regex: '(' } }).toArray(),
  'takes a time limit': async (_db, _client, c) => {
    await c.insertMany(numbers(100) as never);
    return c.find({}, { maxTimeMS: 60_000 }).sort({ _id: 1 }).limit(1).toArray();
  },
  'stops at a time limit': async (_db, _client, c) => {
    await c.insertMany(numbers(1_500) as never);
    const stages = [
      { $lookup: { from: c.collectionName, pipeline: [{ $match: { n: { $gte: 0 } } }], as: 'all' } },
    ];
    return c
      .aggregate([...stages, { $unwind: '$all' }, { $sort: { 'all.text': 1 } }], { maxTimeMS: 1 })
      .toArray();
  },
  'explains a query': async (_db, _client, c) => {
    await c.insertMany(numbers(20) as never);
    const plan = await c.find({ n: 1 }).sort({ _id: 1 }).explain('queryPlanner');
    return [Object.keys(plan).sort(), plan['queryPlanner']];
  },
  'explains a pipeline': async (_db, _client, c) => {
    await c.insertMany(numbers(20) as never);
    return Object.keys(await c.aggregate([{ $match: { n: 1 } }]).explain()).sort();
  },
  'lists databases': async (_db, client, c) => {
    await c.insertOne({ _id: 1 as never });
    const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
    return databases.map(({ name }) => name).sort();
  },
  'tells statistics': async (db, _client, c) => {
    await c.insertMany(numbers(20) as never);
    const { db: name, collections, objects } = await db.stats();
    const { ns, count } = await db.command({ collStats: c.collectionName });
    return [name, collections, objects, ns, count];
  },
  'counts a retried write once': async (db, client, c) => {
    await c.insertOne({ _id: 1 as never, n: 0 });
    const session = client.startSession();
    const write = {
      update: c.collectionName,
      updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }],
      lsid: session.id,
      txnNumber: Long.fromNumber(7),
    };
    const replies = [await db.command(write), await db.command(write)].map(({ ok, n, nModified }) => [
      ok,
      n,
      nModified,
    ]);
    await session.endSession();
    return [replies, await c.findOne()];
  },
  'tells what a validator says': async (db) => {
    await db.createCollection('checked', { validator: { $jsonSchema: { required: ['n'] } } });
    const checked = db.collection('checked');
    return [
      await outcome(() => checked.insertOne({ _id: 1 as never })),
      await outcome(() => checked.insertOne({ _id: 2 as never, n: 1 })),
      await outcome(() => checked.updateOne({ _id: 2 as never }, { $unset: { n: 1 } })),
    ];
  },
  'reads no further from a cursor that is killed': async (db, _client, c) => {
    await c.insertMany(numbers(100) as never);
    const { cursor } = await db.command({ find: c.collectionName, batchSize: 5 });
    const killed = await db.command({ killCursors: c.collectionName, cursors: [cursor.id] });
    return [
      killed['cursorsKilled'].length,
      await db.command({ getMore: cursor.id, collection: c.collectionName }).catch(
        // The words are the gateway's own.
        ({ name, code, codeName, errorLabels }) => [name, code, codeName, errorLabels],
      ),
    ];
  },
  'meets a conflict between two transactions': async (_db, client, c) => {
    await c.insertOne({ _id: 1 as never, n: 0 });
    const [one, two] = [client.startSession(), client.startSession()];
    one.startTransaction();
    two.startTransaction();
    await c.updateOne({ _id: 1 as never }, { $inc: { n: 1 } }, { session: one });
    const second = await outcome(() =>
      c.updateOne({ _id: 1 as never }, { $inc: { n: 1 } }, { session: two, maxTimeMS: 2_000 }),
    );
    await two.abortTransaction().catch(() => undefined);
    await one.commitTransaction();
    await Promise.all([one.endSession(), two.endSession()]);
    return [second, await c.findOne()];
  },
  'carries large documents and batches': async (_db, _client, c) => {
    const text = 'x'.repeat(4_000_000);
    await c.insertMany([1, 2, 3, 4, 5, 6].map((_id) => ({ _id, text })) as never);
    const found = await c.find({}, { batchSize: 6 }).sort({ _id: 1 }).toArray();
    return found.map(({ _id, text: each }) => [_id, each.length]);
  },
  'takes a document of the largest size, and refuses a larger one': async (_db, _client, c) => [
    await outcome(() => c.insertOne({ _id: 1 as never, text: 'x'.repeat(16_000_000) })),
    await outcome(() => c.insertOne({ _id: 2 as never, text: 'x'.repeat(17_000_000) })),
    await c.countDocuments(),
  ],
  'answers hello, ping and build facts': async (db) => {
    const hello = await db.admin().command({ hello: 1 });
    const { version, versionArray, maxBsonObjectSize } = await db.admin().buildInfo();
    const { maxWireVersion, maxMessageSizeBytes, maxWriteBatchSize, ok } = hello;
    return [
      await db.admin().ping(),
      version,
      versionArray,
      maxBsonObjectSize,
      maxWireVersion,
      maxMessageSizeBytes,
      maxWriteBatchSize,
      ok,
    ];
  },
  'runs many at once': async (_db, _client, c) => {
    await c.insertMany(numbers(50) as never);
    return Promise.all(numbers(50).map(({ _id }) => c.findOne({ _id: _id as never })));
  },
};

async function play({ uri }: Side, step: Step, options: MongoClientOptions = {}): Promise<string> {
  const client = await MongoClient.connect(uri, { serverSelectionTimeoutMS: 10_000, ...options });
  const db = client.db('compared');
  try {
    await db.dropDatabase();
    return await outcome(() => step(db, client, db.collection('things')));
  } finally {
    await client.close();
  }
}

/** What stands in the outcome of the steps that are meant to fail. */
const FAILING: Readonly<Record<string, readonly string[]>> = {
  'names a duplicate key': ['"11000"', 'E11000'],
  'tells which of a bulk failed': ['"11000"', '"index"'],
  'refuses an unknown command': ['"59"'],
  'refuses an unknown operator': ['"2"', '$nope'],
  'refuses an unknown stage': ['"40324"'],
  'stops at a time limit': ['"50"', 'MaxTimeMSExpired'],
  'tells which of a bulk over collections failed': ['"11000"'],
  'stops a mixed bulk at its first failure': ['"11000"', 'E11000'],
  'goes on over the failures of a mixed bulk': ['"11000"', 'E11000', '"2"'],
  'tells of a bulk whose update cannot be': ['"9"'],
  'tells what a validator says': ['121'],
  'reads no further from a cursor that is killed': ['"43"', 'CursorNotFound'],
  'meets a conflict between two transactions': ['112', 'WriteConflict', 'TransientTransactionError'],
  'takes a document of the largest size, and refuses a larger one': ['failed'],
};

/** What differs under TLS is the transport: long messages, cursors, sessions, errors. */
const TLS_STEPS = [
  'keeps every type',
  'reads a cursor in batches',
  'names a duplicate key',
  'commits a transaction',
  'carries large documents and batches',
  'runs many at once',
];

describe('the Node driver through the gateway, with everything allowed', () => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await openSides();
  });

  afterAll(() => sides?.stage.close());

  it.each(Object.entries(STEPS))('%s as directly', async (name, step) => {
    const direct = await play(sides.direct, step);
    // What is meant to fail fails, and with what is meant.
    for (const part of FAILING[name] ?? []) expect(direct).toContain(part);
    expect(await play(sides.through, step)).toBe(direct);
  });

  it('works under TLS as directly without', async () => {
    const tls = { tls: true, tlsCAFile: sides.stage.caFile };
    for (const name of TLS_STEPS) {
      const step = STEPS[name]!;
      expect(await play(sides.through, step, tls), name).toBe(await play(sides.direct, step));
    }
  });

  it('is not talked to by a client that does not know its certificate, or another name in it', async () => {
    const refused = async (options: MongoClientOptions) => {
      const client = new MongoClient(sides.through.uri, {
        tls: true,
        serverSelectionTimeoutMS: 3_000,
        ...options,
      });
      return client
        .connect()
        .then(
          () => 'connected',
          ({ message }: Error) => message,
        )
        .finally(() => client.close());
    };
    const { caFile } = sides.stage;
    expect(await refused({})).toMatch(/certificate/i);
    expect(await refused({ tlsCAFile: caFile, servername: 'elsewhere.example' })).toMatch(
      /elsewhere\.example/,
    );
    expect(await refused({ tlsCAFile: caFile })).toBe('connected');
  });

  it('names a wrong password as the server does', async () => {
    const wrong = (uri: string) => {
      const url = new URL(uri);
      url.password = 'wrong';
      return outcome(() => MongoClient.connect(url.href, { serverSelectionTimeoutMS: 10_000 }));
    };
    const direct = JSON.parse(await wrong(sides.direct.uri));
    expect(JSON.parse(await wrong(sides.through.uri))).toMatchObject({
      failed: direct.failed,
      code: direct.code,
      codeName: direct.codeName,
    });
  });

  it('kills a cursor that another session opened for nobody', async () => {
    const client = await MongoClient.connect(sides.through.uri);
    const answer = await client
      .db('compared')
      .command({ killCursors: 'things', cursors: [Long.fromNumber(42)] });
    await client.close();
    expect(answer).toMatchObject({ ok: 1, cursorsKilled: [] });
  });
});
