import { type BSON, Long } from 'mongodb';

/** The namespace that the peer knows. */
export const COLLECTION = 'accounts';
/** Documents in the batch that the peer gives for every getMore. */
export const BATCH = 5_000;

/** A document as the peer stores them; `email` is what masks are for. */
function account(id: number): BSON.Document {
  return { _id: id, name: 'Nora Quist', email: 'nora.quist@example.org', balance: 1204, city: 'Bergen' };
}

/** The reply to a find: one document and no cursor, or an open cursor where `batchSize` asks for many. */
export function findReply(database: string, many: boolean): BSON.Document {
  return {
    cursor: {
      firstBatch: [account(17)],
      id: many ? Long.fromNumber(4711) : Long.fromNumber(0),
      ns: `${database}.${COLLECTION}`,
    },
    ok: 1,
  };
}

/** The reply to a getMore: a batch; the cursor stays open, the client stops when it has enough. */
export function batchReply(database: string): BSON.Document {
  return {
    cursor: {
      nextBatch: Array.from({ length: BATCH }, (_, id) => account(id)),
      id: Long.fromNumber(4711),
      ns: `${database}.${COLLECTION}`,
    },
    ok: 1,
  };
}
