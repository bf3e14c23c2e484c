import {
  type AnyBulkWriteOperation,
  type Collection,
  MongoBulkWriteError,
  MongoClientBulkWriteError,
} from 'mongodb';
import type { Step } from './mongodb-sides.ts';

/** What a program can do with many writes at once, those that fail included. */
export const BULK_STEPS: Readonly<Record<string, Step>> = {
  'tells which of a bulk failed': async (_db, _client, c) => {
    await c.insertOne({ _id: 3 as never });
    return c.insertMany([{ _id: 1 }, { _id: 3 }, { _id: 2 }] as never, { ordered: false });
  },
  'stops an ordered bulk where it fails': async (_db, _client, c) => {
    await c.insertOne({ _id: 3 as never });
    await c.insertMany([{ _id: 1 }, { _id: 3 }, { _id: 2 }] as never).catch(() => null);
    return c.find().sort({ _id: 1 }).toArray();
  },
  'writes in bulk': async (_db, _client, c) => {
    const result = await c.bulkWrite([
      { insertOne: { document: { _id: 1 as never, n: 1 } } },
      { updateOne: { filter: { _id: 1 as never }, update: { $inc: { n: 2 } } } },
      { replaceOne: { filter: { _id: 2 as never }, replacement: { n: 9 }, upsert: true } },
      { deleteOne: { filter: { n: 9 } } },
    ]);
    return [result.insertedCount, result.modifiedCount, result.upsertedCount, result.deletedCount];
  },
  'writes in bulk over collections': async (db, client) => {
    const { insertedCount, deletedCount } = await client.bulkWrite([
      { namespace: `${db.databaseName}.a`, name: 'insertOne', document: { _id: 1 as never } },
      { namespace: `${db.databaseName}.b`, name: 'insertOne', document: { _id: 2 as never } },
      { namespace: `${db.databaseName}.a`, name: 'deleteOne', filter: {} },
    ]);
    return [insertedCount, deletedCount, await db.collection('b').find().toArray()];
  },
  'tells which of a bulk over collections failed': async (db, client) => {
    await db.collection('a').insertOne({ _id: 1 as never });
    const models = [2, 1, 3].map((_id) => ({
      namespace: `${db.databaseName}.a`,
      name: 'insertOne' as const,
      document: { _id: _id as never },
    }));
    const failed = async (ordered: boolean) => {
      try {
        return await client.bulkWrite(models, { ordered });
      } catch (error) {
        if (!(error instanceof MongoClientBulkWriteError)) throw error;
        const errors = [...error.writeErrors].map(([at, { code, message }]) => [at, code, message]);
        return [errors, error.partialResult?.insertedCount, error.message];
      }
    };
    return [await failed(true), await failed(false), await db.collection('a').countDocuments()];
  },
  'stops a mixed bulk at its first failure': async (_db, _client, c) => [
    await bulk(c, MIXED, true),
    await c.find().sort({ _id: 1 }).toArray(),
  ],
  'goes on over the failures of a mixed bulk': async (_db, _client, c) => [
    await bulk(c, MIXED, false),
    await c.find().sort({ _id: 1 }).toArray(),
  ],
  'tells of a bulk whose update cannot be': async (_db, _client, c) => [
    await bulk(c, [{ insertOne: { document: { _id: 1 as never } } }, update(1, { $nope: { n: 1 } })], true),
    await c.find().toArray(),
  ],
};

const update = (_id: number, change: object): AnyBulkWriteOperation => ({
  updateOne: { filter: { _id: _id as never }, update: change },
});

/** Of each kind of write one that succeeds and one that cannot. */
const MIXED: readonly AnyBulkWriteOperation[] = [
  { insertOne: { document: { _id: 1 as never, n: 'text' } } },
  { insertOne: { document: { _id: 2 as never, n: 1 } } },
  { insertOne: { document: { _id: 1 as never, n: 2 } } },
  update(2, { $inc: { n: 5 } }),
  update(1, { $inc: { n: 5 } }),
  { updateMany: { filter: {}, update: { $set: { seen: true } } } },
  { replaceOne: { filter: { _id: 3 as never }, replacement: { n: 9 }, upsert: true } },
  { deleteOne: { filter: { _id: 2 as never } } },
  { deleteMany: { filter: { n: { $nope: 1 } } } },
  { insertOne: { document: { _id: 3 as never } } },
];

/** How a bulk ended, with all that the driver tells of its parts. */
async function bulk(
  c: Collection,
  operations: readonly AnyBulkWriteOperation[],
  ordered: boolean,
): Promise<unknown> {
  try {
    const { insertedCount, matchedCount, modifiedCount, deletedCount, upsertedIds } = await c.bulkWrite(
      operations,
      { ordered },
    );
    return { insertedCount, matchedCount, modifiedCount, deletedCount, upsertedIds };
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const { name, code, message, result, insertedIds, upsertedIds } = error;
    const { insertedCount, matchedCount, modifiedCount, deletedCount, upsertedCount } = result;
    return {
      ...{ name, code, message, insertedIds, upsertedIds },
      ...{ insertedCount, matchedCount, modifiedCount, deletedCount, upsertedCount },
      failures: [error.writeErrors].flat().map(({ index, code: each, errmsg }) => [index, each, errmsg]),
    };
  }
}
