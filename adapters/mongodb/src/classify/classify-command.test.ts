import { Binary, Code, Decimal128, Long, MaxKey, MinKey } from 'bson';
import { describe, expect, it } from 'vitest';
import { accessTexts, classifyDocument, outputTexts } from '../testing/facts-text.ts';

interface Row {
  readonly command: Record<string, unknown>;
  readonly sequences?: Readonly<Record<string, readonly Record<string, unknown>[]>>;
  readonly does: readonly string[];
  readonly bounded?: boolean;
  readonly limit?: number | null;
  readonly reply?: string;
}

const UNKNOWN = ['unknown'];

const ROWS: readonly Row[] = [
  // ---- find ----
  {
    command: { find: 'tickets' },
    does: ['read tickets(output *)'],
    bounded: false,
    limit: null,
    reply: 'cursor',
  },
  {
    command: {
      aggregate: 'tickets',
      pipeline: [{ $match: { _id: 1 } }, { $set: { state: 'closed' } }, { $merge: 'tickets' }],
      cursor: {},
    },
    does: ['insert tickets(write *)', 'read tickets(filter _id, output *)', 'update tickets(write *)'],
    bounded: true,
  },
  {
    command: {
      aggregate: 'tickets',
      pipeline: [
        { $match: { _id: 1 } },
        { $set: { all: { $range: [0, 1_000] } } },
        { $unwind: '$all' },
        { $project: { _id: '$all' } },
        { $merge: 'tickets' },
      ],
      cursor: {},
    },
    does: [
      'insert tickets(write *)',
      'read tickets(filter _id, output _id, output all)',
      'update tickets(write *)',
    ],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { _id: 1 } },
    does: ['read tickets(filter _id, output *)'],
    bounded: true,
  },
  {
    command: { find: 'tickets', filter: { _id: { $gt: new MinKey() } } },
    does: ['read tickets(filter _id, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { _id: { $lt: new MaxKey() } } },
    does: ['read tickets(filter _id, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { made_up: null } },
    does: ['read tickets(filter made_up, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { made_up: { $in: [null, 1] } } },
    does: ['read tickets(filter made_up, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { _id: /.*/ } },
    does: ['read tickets(filter _id, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { n: { $mod: [1, 0] } } },
    does: ['read tickets(filter n, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { $or: [{ a: 1 }, { a: { $in: [2, 3] } }] } },
    does: ['read tickets(filter a, output *)'],
    bounded: true,
  },
  {
    command: { find: 'tickets', filter: { $or: [{ a: { $gt: 3 } }, { a: { $lte: 3 } }] } },
    does: ['read tickets(filter a, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { $or: [{ a: { $eq: null } }, { a: 1 }] } },
    does: ['read tickets(filter a, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { $or: [{ a: 1 }, { b: { $exists: false } }] } },
    does: ['read tickets(filter a, filter b, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { $and: [{ a: 1 }, {}] } },
    does: ['read tickets(filter a, output *)'],
    bounded: true,
  },
  {
    command: { find: 'tickets', filter: { $expr: { $eq: ['$a', '$b'] } } },
    does: ['read tickets(filter a, filter b, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { items: { $elemMatch: { price: 3 } } } },
    does: ['read tickets(filter items, filter items.price, output *)'],
    bounded: true,
  },
  {
    command: { find: 'tickets', filter: { 'messages.0.body': 'x' } },
    does: ['read tickets(filter messages.0.body, filter messages.body, output *)'],
    bounded: true,
  },
  {
    command: { find: 'tickets', filter: { $where: 'true' } },
    does: ['call routine:javascript.where', 'read tickets(filter *, output *)'],
    bounded: false,
  },
  {
    command: { find: 'tickets', filter: { a: new Code('1') } },
    does: ['call routine:javascript.code', 'read tickets(filter a, output *)'],
    bounded: false,
  },
  { command: { find: 'tickets', filter: { a: { $made: 1 } } }, does: UNKNOWN },
  { command: { find: 'tickets', filter: { $made: 1 } }, does: UNKNOWN },
  { command: { find: 'tickets', filter: 1 }, does: UNKNOWN },
  {
    command: { find: 'tickets', sort: { a: -1, $natural: 1 }, limit: 5 },
    does: ['read tickets(output *, sort a)'],
    limit: 5,
  },
  { command: { find: 'tickets', limit: new Long(-7) }, does: ['read tickets(output *)'] },
  { command: { find: 'tickets', projection: { a: 1, _id: 0 } }, does: ['read tickets(output a)'] },
  { command: { find: 'tickets', projection: { a: 0 } }, does: ['read tickets(output *)'] },
  { command: { find: 'tickets', projection: { a: Decimal128.fromString('0') } }, does: UNKNOWN },
  { command: { find: 'tickets', projection: { x: '$a.b' } }, does: ['read tickets(output _id, output a.b)'] },
  {
    command: { find: 'tickets', projection: { x: { $meta: 'indexKey' } } },
    does: ['read tickets(output *, output _id)'],
  },
  {
    command: { find: 'tickets', projection: { 'items.$': 1 }, filter: { items: 2 } },
    does: ['read tickets(filter items, output *)'],
  },
  {
    command: { find: 'tickets', projection: { items: { $elemMatch: { secret: 1 } } } },
    does: ['read tickets(filter items.secret, output *)'],
  },
  {
    command: { find: 'tickets', min: { a: 1 }, max: { a: 2 }, hint: { a: 1 } },
    does: ['read tickets(filter a, output *)'],
  },
  { command: { find: 'tickets', let: { v: '$a' } }, does: ['read tickets(filter a, output *)'] },
  { command: { find: 'tickets', returnKey: true }, does: UNKNOWN },
  { command: { find: 'tickets', rawData: true }, does: UNKNOWN },
  { command: { find: 'tickets', $queryOptions: {} }, does: UNKNOWN },
  { command: { find: new Binary(Buffer.alloc(16), 4) }, does: UNKNOWN },
  { command: { find: '$cmd.aggregate' }, does: UNKNOWN },
  { command: { find: 'tickets\0x' }, does: UNKNOWN },
  { command: { find: '' }, does: UNKNOWN },
  {
    command: { find: 'system.profile' },
    does: ['read server:system.profile', 'read system.profile(output *)'],
  },
  {
    command: { find: 'system.buckets.tickets' },
    does: ['read server:system.buckets.tickets', 'read system.buckets.tickets(output *)'],
  },
  {
    command: { find: 'oplog.rs', $db: 'local' },
    does: ['read local.oplog.rs(output *)', 'read server:local.oplog.rs'],
  },
  {
    command: { find: 'system.users', $db: 'admin' },
    does: ['read admin.system.users(output *)', 'read server:admin.system.users'],
  },
  { command: { find: 'tickets' }, sequences: { filter: [{}] }, does: UNKNOWN },
  // ---- views ----
  {
    command: { find: 'open' },
    does: ['read open(output *)', 'read tickets(filter status, output *)'],
    bounded: false,
  },
  {
    command: { find: 'mails' },
    does: [
      'read mails(output _id)',
      'read open(output _id, output customer.email)',
      'read tickets(filter status, output _id, output customer.email)',
    ],
  },
  {
    command: { find: 'mails', filter: { mail: 'x' } },
    does: [
      'read mails(filter mail, output _id)',
      'read open(filter customer.email, filter mail, output _id, output customer.email)',
      'read tickets(filter customer.email, filter mail, filter status, output _id, output customer.email)',
    ],
  },
  {
    command: { find: 'mails', sort: { mail: 1 } },
    does: [
      'read mails(output _id, sort mail)',
      'read open(output _id, output customer.email, sort customer.email, sort mail)',
      'read tickets(filter status, output _id, output customer.email, sort customer.email, sort mail)',
    ],
  },
  // ---- count, distinct ----
  { command: { count: 'tickets' }, does: ['read tickets'], bounded: false, reply: 'none' },
  {
    command: { count: 'tickets', query: { secret: 1 } },
    does: ['read tickets(filter secret)'],
    bounded: true,
  },
  {
    command: { distinct: 'tickets', key: 'customer.email' },
    does: ['read tickets(output customer.email)'],
    reply: 'values',
  },
  {
    command: { distinct: 'tickets', key: 'messages.0.body', query: { a: 1 } },
    does: ['read tickets(filter a, output messages.0.body, output messages.body)'],
  },
  { command: { distinct: 'tickets' }, does: UNKNOWN },
  // ---- writes ----
  {
    command: { insert: 'tickets', documents: [{ a: 1 }] },
    does: ['insert tickets(write *)'],
    bounded: true,
    reply: 'write',
  },
  { command: { insert: 'tickets' }, sequences: { documents: [{ a: 1 }] }, does: ['insert tickets(write *)'] },
  { command: { insert: 'tickets' }, does: UNKNOWN },
  { command: { insert: 'tickets', documents: [], encryptionInformation: {} }, does: UNKNOWN },
  {
    command: { insert: 'system.js', documents: [{}] },
    does: ['configure server:system.js', 'insert system.js(write *)'],
  },
  {
    command: { update: 'tickets', updates: [{ q: { _id: 1 }, u: { $set: { a: 1 } } }] },
    does: ['read tickets(filter _id)', 'update tickets(write a)'],
    bounded: true,
  },
  {
    command: { update: 'tickets', updates: [{ q: {}, u: { $set: { a: 1 } }, multi: true }] },
    does: ['update tickets(write a)'],
    bounded: false,
  },
  {
    command: { update: 'tickets' },
    sequences: {
      updates: [
        { q: { a: 1 }, u: { b: 1 } },
        { q: {}, u: { b: 1 } },
      ],
    },
    does: ['read tickets(filter a)', 'update tickets(write *)'],
    bounded: false,
  },
  {
    command: { update: 'tickets', updates: [{ q: { a: 1 }, u: { $rename: { secret: 'note' } } }] },
    does: ['read tickets(filter a, output secret)', 'update tickets(write note, write secret)'],
  },
  {
    command: { update: 'tickets', updates: [{ q: { a: 1 }, u: [{ $set: { note: '$secret' } }] }] },
    does: ['read tickets(filter a, output secret)', 'update tickets(write note)'],
  },
  { command: { update: 'tickets', updates: [{ q: { a: 1 }, u: [{ $lookup: {} }] }] }, does: UNKNOWN },
  { command: { update: 'tickets', updates: [{ q: { a: 1 }, u: { $made: { a: 1 } } }] }, does: UNKNOWN },
  { command: { update: 'tickets', updates: [{ q: { a: 1 }, u: { b: 1 }, made: 1 }] }, does: UNKNOWN },
  {
    command: { update: 'tickets', updates: [{ q: { a: 1 }, u: { b: 1 }, upsert: true }] },
    does: ['insert tickets(write *)', 'read tickets(filter a)', 'update tickets(write *)'],
  },
  {
    command: { update: 'tickets', updates: [{ q: { a: 1 }, u: { $max: { secret: 'm' } } }] },
    does: ['read tickets(filter a, filter secret)', 'update tickets(write secret)'],
  },
  {
    command: { update: 'tickets', updates: [{ q: { a: 1 }, u: { $addToSet: { tags: 'm' } } }] },
    does: ['read tickets(filter a, filter tags)', 'update tickets(write tags)'],
  },
  {
    command: { update: 'tickets', updates: [{ q: { a: 1 }, u: { $pull: { messages: { body: /^a/ } } } }] },
    does: ['read tickets(filter a, filter messages, filter messages.body)', 'update tickets(write messages)'],
  },
  {
    command: {
      update: 'tickets',
      updates: [
        { q: { a: 1 }, u: { $set: { 'messages.$[m].flag': 1 } }, arrayFilters: [{ 'm.body': /^a/ }] },
      ],
    },
    does: ['read tickets(filter a, filter messages.body)', 'update tickets(write messages.flag)'],
  },
  {
    command: { update: 'tickets', updates: [{ q: { a: 1 }, u: { b: 1 }, arrayFilters: [{ 'm.body': 1 }] }] },
    does: ['read tickets(filter *, filter a)', 'update tickets(write *)'],
  },
  {
    command: {
      update: 'tickets',
      updates: [{ q: { a: 1 }, u: { b: 1 }, sort: { secret: 1 }, hint: { h: 1 } }],
    },
    does: ['read tickets(filter a, filter h, sort secret)', 'update tickets(write *)'],
  },
  {
    command: { delete: 'tickets', deletes: [{ q: { a: 1 }, limit: 0 }] },
    does: ['delete tickets', 'read tickets(filter a)'],
    bounded: true,
  },
  {
    command: { delete: 'tickets' },
    sequences: {
      deletes: [
        { q: { a: 1 }, limit: 1 },
        { q: {}, limit: 0 },
      ],
    },
    does: ['delete tickets', 'read tickets(filter a)'],
    bounded: false,
  },
  { command: { delete: 'tickets', deletes: [{ limit: 0 }] }, does: UNKNOWN },
  { command: { delete: 'tickets' }, sequences: { deletes: [], updates: [{}] }, does: UNKNOWN },
  {
    command: { findAndModify: 'tickets', query: { a: 1 }, remove: true },
    does: ['delete tickets', 'read tickets(filter a, output *)'],
    bounded: true,
    reply: 'value',
  },
  {
    command: { findandmodify: 'tickets', update: { $set: { b: 1 } }, fields: { b: 1 } },
    does: ['read tickets(output _id, output b)', 'update tickets(write b)'],
    bounded: false,
    reply: 'value',
  },
  {
    command: { findAndModify: 'tickets', query: { a: 1 }, sort: { secret: 1 }, update: { b: 1 } },
    does: ['read tickets(filter a, output *, sort secret)', 'update tickets(write *)'],
  },
  {
    command: { bulkWrite: 1, $db: 'admin' },
    sequences: {
      ops: [
        { insert: 0, document: {} },
        { update: 1, filter: { a: 1 }, updateMods: { $set: { b: 1 } } },
        { delete: 0, filter: {} },
      ],
      nsInfo: [{ ns: 'support.agents' }, { ns: 'support.tickets' }],
    },
    does: ['delete agents', 'insert agents(write *)', 'read tickets(filter a)', 'update tickets(write b)'],
    bounded: false,
    reply: 'results',
  },
  {
    command: {
      bulkWrite: 1,
      $db: 'admin',
      ops: [{ insert: 0, document: {} }],
      nsInfo: [{ ns: 'admin.system.users' }],
    },
    does: ['configure server:admin.system.users', 'insert admin.system.users(write *)'],
  },
  {
    command: {
      bulkWrite: 1,
      $db: 'admin',
      ops: [{ insert: 3, document: {} }],
      nsInfo: [{ ns: 'support.agents' }],
    },
    does: UNKNOWN,
  },
  {
    command: { bulkWrite: 1, $db: 'admin', ops: [{ made: 0 }], nsInfo: [{ ns: 'support.agents' }] },
    does: UNKNOWN,
  },
  // ---- explain ----
  {
    command: { explain: { find: 'tickets', filter: { a: 1 } }, verbosity: 'executionStats' },
    does: ['read tickets(filter a, output *)'],
    reply: 'none',
  },
  { command: { explain: { find: 'tickets', $db: 'other' } }, does: UNKNOWN },
  { command: { explain: { drop: 'tickets' } }, does: UNKNOWN },
  { command: { explain: { update: 'tickets' } }, sequences: { updates: [{ q: {}, u: {} }] }, does: UNKNOWN },
  // ---- definitions ----
  { command: { drop: 'tickets' }, does: ['define tickets'] },
  { command: { create: 'new', capped: true, size: 10 }, does: ['define new'] },
  {
    command: { create: 'copy', viewOn: 'tickets', pipeline: [{ $project: { x: '$secret' } }] },
    does: ['define copy', 'read tickets(output _id, output secret)'],
  },
  { command: { create: 'copy', pipeline: [] }, does: UNKNOWN },
  {
    command: { collMod: 'tickets', validator: { secret: /^a/ } },
    does: ['define tickets', 'read tickets(filter secret)'],
  },
  {
    command: {
      createIndexes: 'tickets',
      indexes: [{ key: { a: 1 }, name: 'a', partialFilterExpression: { secret: { $gt: 'a' } } }],
    },
    does: ['define tickets', 'read tickets(filter secret)'],
  },
  { command: { dropIndexes: 'tickets', index: '*' }, does: ['define tickets'] },
  {
    command: { renameCollection: 'support.tickets', to: 'support.t2', $db: 'admin' },
    does: ['define t2', 'define tickets', 'read tickets(output *)'],
  },
  { command: { renameCollection: 'support.tickets', to: 'nodot', $db: 'admin' }, does: UNKNOWN },
  {
    command: { cloneCollectionAsCapped: 'tickets', toCollection: 't2', size: 1 },
    does: ['define t2', 'insert t2(write *)', 'read tickets(output *)'],
  },
  { command: { dropDatabase: 1 }, does: ['define namespace:support'] },
  // ---- server ----
  { command: { ping: 1 }, does: ['introspect server:ping'] },
  { command: { listCollections: 1 }, does: ['introspect namespace:support'] },
  { command: { listIndexes: 'tickets' }, does: ['introspect tickets'] },
  { command: { validate: 'tickets', full: true }, does: ['introspect tickets', 'read tickets'] },
  { command: { usersInfo: 1 }, does: ['introspect server:usersInfo'] },
  { command: { usersInfo: 1, showCredentials: true }, does: UNKNOWN },
  { command: { setParameter: 1 }, does: ['configure server:setParameter'] },
  { command: { shutdown: 1 }, does: ['configure server:shutdown'] },
  { command: { currentOp: 1 }, does: ['read server:currentOp'] },
  { command: { getLog: 'global' }, does: ['read server:getLog'] },
  { command: { createUser: 'eve', pwd: 'x', roles: [] }, does: ['grant role:eve'] },
  { command: { killOp: 1, op: 1 }, does: ['cancel session:killOp'] },
  { command: { commitTransaction: 1 }, does: ['transact session:own'] },
  {
    command: { mapReduce: 'tickets', map: new Code('x'), reduce: new Code('y'), out: { inline: 1 } },
    does: ['call routine:javascript.mapReduce', 'read tickets(?)'],
  },
  {
    command: {
      mapReduce: 'tickets',
      map: new Code('x'),
      reduce: new Code('y'),
      out: { merge: 'o', db: 'other' },
    },
    does: ['call routine:javascript.mapReduce', 'insert other.o(write *)', 'read tickets(?)'],
  },
  { command: { eval: 'db.tickets.drop()' }, does: UNKNOWN },
  { command: { applyOps: [] }, does: UNKNOWN },
  { command: { copydb: 1 }, does: UNKNOWN },
  { command: { FIND: 'tickets' }, does: UNKNOWN },
  { command: { made: 1 }, does: UNKNOWN },
  { command: { dataSize: 'support.tickets', keyPattern: { secret: 1 } }, does: UNKNOWN },
];

describe('classifyCommand', () => {
  it.each(ROWS.map((row) => [name(row), row] as const))('reads %s', (_name, row) => {
    const { statement, reply } = classifyDocument(row.command, row.sequences);
    if (row.does === UNKNOWN) {
      expect(statement.accesses).toMatchObject({ known: false });
      return;
    }
    expect(accessTexts(statement)).toEqual(row.does);
    if (row.bounded !== undefined) expect(statement.bounded).toEqual({ known: true, value: row.bounded });
    if (row.limit !== undefined) expect(statement.limit).toEqual({ known: true, value: row.limit });
    if (row.reply !== undefined) expect(reply).toBe(row.reply);
  });

  it('gives the same fingerprint to commands that differ in values, and another to another shape', () => {
    const print = (filter: object) => classifyDocument({ find: 'tickets', filter }).statement.fingerprint;
    expect(print({ a: 1 })).toBe(print({ a: 2 }));
    expect(print({ a: 1 })).not.toBe(print({ b: 1 }));
  });

  it('knows nothing of what a plan shows', () => {
    const { statement } = classifyDocument({ explain: { find: 'tickets' } });
    expect(outputTexts(statement)).toEqual(['unknown: a plan may hold values']);
  });
});

function name({ command, sequences }: Row): string {
  return `${JSON.stringify(command, (_key, value) => (typeof value === 'bigint' ? String(value) : value))}${sequences === undefined ? '' : ` + ${Object.keys(sequences)}`}`.slice(
    0,
    160,
  );
}
