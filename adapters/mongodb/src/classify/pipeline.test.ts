import type { Statement } from '@gatehouse/model';
import type { Document } from 'bson';
import { describe, expect, it } from 'vitest';
import { accessTexts, classifyDocument, outputTexts } from '../testing/facts-text.ts';
import { overlaps } from './field-path.ts';

const SECRET = 'customer.email';

/**
 * Whether policy can keep `tickets.customer.email` from leaving: the statement is unknown, uses the field for
 * more than output, stores it, reads more than a collection, or says that an output is computed from it.
 */
function holds({ accesses, output }: Statement): boolean {
  if (!accesses.known || !output.known) return true;
  const writes = accesses.value.some(({ action }) => ['insert', 'update', 'define'].includes(action));
  const uses = accesses.value.flatMap(({ object, fields }) =>
    object.known && object.value.path[1] === 'tickets' && fields.known ? fields.value : [],
  );
  const touched = uses.filter(({ field }) => overlaps(field, SECRET));
  if (touched.some(({ use }) => use !== 'write' && (use !== 'output' || writes))) return true;
  if (
    accesses.value.some(
      ({ action, object }) =>
        action === 'call' || (action === 'read' && object.known && object.value.kind !== 'relation'),
    )
  )
    return true;
  return output.value.some(({ kind, sources }) =>
    kind !== 'value' || !sources.known || sources.value.length > 1
      ? !sources.known ||
        sources.value.some(({ object, field }) => object.path[1] === 'tickets' && overlaps(field, SECRET))
      : false,
  );
}

function aggregate(pipeline: readonly Document[], collection: string | number = 'tickets'): Statement {
  return classifyDocument({ aggregate: collection, pipeline, cursor: {} }).statement;
}

type Row = readonly [name: string, pipeline: readonly Document[], collection?: string | number];

/** Every way that came to mind to make the field leave at another path, or to ask for it without seeing it. */
const ATTACKS: readonly Row[] = [
  ['another name', [{ $project: { x: '$customer.email' } }]],
  ['another name inside a document', [{ $project: { x: { y: ['$customer.email'] } } }]],
  ['its parent under another name', [{ $set: { x: '$customer' } }]],
  ['the whole document under another name', [{ $set: { x: '$$ROOT' } }]],
  ['the current document', [{ $addFields: { x: '$$CURRENT.customer.email' } }]],
  ['a rebound CURRENT', [{ $project: { x: { $let: { vars: { CURRENT: '$customer' }, in: '$email' } } } }]],
  ['a variable', [{ $project: { x: { $let: { vars: { c: '$customer' }, in: '$$c.email' } } } }]],
  ['replaced root, then a field', [{ $replaceRoot: { newRoot: '$customer' } }, { $project: { email: 1 } }]],
  ['replaced root, then another name', [{ $replaceWith: '$customer' }, { $project: { x: '$email' } }]],
  [
    'replaced root, then a group',
    [{ $replaceWith: '$customer' }, { $group: { _id: null, x: { $push: '$email' } } }],
  ],
  ['replaced root, then unset', [{ $replaceWith: '$customer' }, { $unset: 'name' }]],
  ['a merged root', [{ $replaceWith: { $mergeObjects: ['$customer', { a: 1 }] } }]],
  ['key of a group', [{ $group: { _id: '$customer.email' } }]],
  [
    'key of a group that a projection keeps silently',
    [{ $group: { _id: '$customer.email', n: { $sum: 1 } } }, { $project: { n: 1 } }],
  ],
  ['pushed by a group', [{ $group: { _id: '$status', x: { $push: '$customer' } } }]],
  [
    'first of a group',
    [
      { $group: { _id: null, x: { $first: '$$ROOT' } } },
      { $replaceRoot: { newRoot: '$x' } },
      { $project: { 'customer.name': 1 } },
    ],
  ],
  ['a count by it', [{ $sortByCount: '$customer.email' }]],
  ['buckets of it', [{ $bucketAuto: { groupBy: '$customer.email', buckets: 5 } }]],
  ['pairs of keys and values', [{ $project: { x: { $objectToArray: '$$ROOT' } } }]],
  [
    'a computed field name',
    [{ $project: { x: { $getField: { field: { $concat: ['em', 'ail'] }, input: '$customer' } } } }],
  ],
  ['an expression', [{ $project: { x: { $substr: ['$customer.email', 0, 3] } } }]],
  ['a condition', [{ $project: { x: { $cond: [{ $eq: ['$customer.email', 'a'] }, 1, 0] } } }]],
  [
    'a switch',
    [
      {
        $project: {
          // biome-ignore lint/suspicious/noThenProperty: the operator's own word.
          x: { $switch: { branches: [{ case: { $eq: ['$customer.email', 'a'] }, then: 1 }], default: 0 } },
        },
      },
    ],
  ],
  ['an index key', [{ $project: { x: { $meta: 'indexKey' } } }]],
  ['a sort key', [{ $project: { x: { $meta: 'sortKey' } } }]],
  [
    'the order of a $top',
    [{ $group: { _id: null, x: { $top: { sortBy: { 'customer.email': 1 }, output: '$status' } } } }],
  ],
  [
    'the order of a window',
    [{ $setWindowFields: { sortBy: { 'customer.email': 1 }, output: { x: { $documentNumber: {} } } } }],
  ],
  [
    'a window over it',
    [
      {
        $setWindowFields: {
          sortBy: { _id: 1 },
          output: { x: { $push: '$customer', window: { documents: ['unbounded', 'current'] } } },
        },
      },
    ],
  ],
  ['a filter', [{ $match: { 'customer.email': /^a/ } }, { $count: 'n' }]],
  ['a filter on its parent', [{ $match: { customer: { email: 'a' } } }, { $count: 'n' }]],
  ['a filter by expression', [{ $match: { $expr: { $gt: ['$customer.email', 'm'] } } }, { $count: 'n' }]],
  [
    'a filter on a renamed field',
    [{ $set: { x: '$customer.email' } }, { $match: { x: 'a' } }, { $count: 'n' }],
  ],
  ['a filter at a position', [{ $match: { 'customer.0.email': 'a' } }, { $count: 'n' }]],
  [
    'a redaction that descends',
    [{ $redact: { $cond: [{ $eq: ['$email', 'a'] }, '$$PRUNE', '$$DESCEND'] } }, { $count: 'n' }],
  ],
  ['an order', [{ $sort: { 'customer.email': 1 } }, { $project: { status: 1 } }]],
  ['facets', [{ $facet: { x: [{ $limit: 3 }] } }]],
  ['a join', [{ $lookup: { from: 'tickets', localField: '_id', foreignField: '_id', as: 'x' } }], 'agents'],
  [
    'a join on it',
    [
      {
        $lookup: {
          from: 'tickets',
          localField: 'mail',
          foreignField: 'customer.email',
          pipeline: [{ $project: { _id: 1 } }],
          as: 'x',
        },
      },
    ],
    'agents',
  ],
  [
    'a variable of a join',
    [
      {
        $lookup: {
          from: 'agents',
          let: { e: '$customer.email' },
          pipeline: [{ $project: { x: '$$e' } }],
          as: 'y',
        },
      },
    ],
  ],
  [
    'a pipeline inside a join',
    [{ $lookup: { from: 'tickets', pipeline: [{ $project: { x: '$customer.email', _id: 0 } }], as: 'y' } }],
    'agents',
  ],
  ['a join with what is not known', [{ $lookup: { from: 'agents', as: 'y', _internal: 1 } }]],
  [
    'a graph',
    [
      {
        $graphLookup: {
          from: 'tickets',
          startWith: '$mail',
          connectFromField: 'a',
          connectToField: 'b',
          as: 'x',
        },
      },
    ],
    'agents',
  ],
  [
    'a start of a graph',
    [
      {
        $graphLookup: {
          from: 'agents',
          startWith: '$customer.email',
          connectFromField: 'a',
          connectToField: 'b',
          as: 'x',
        },
      },
    ],
  ],
  [
    'a union with other fields',
    [{ $unionWith: { coll: 'tickets', pipeline: [{ $project: { x: '$customer.email' } }] } }],
    'agents',
  ],
  [
    'a union inside a union',
    [
      {
        $unionWith: { coll: 'agents', pipeline: [{ $unionWith: 'tickets' }, { $replaceWith: '$customer' }] },
      },
    ],
    'agents',
  ],
  ['a copy', [{ $project: { customer: 1 } }, { $out: 'copy' }]],
  ['a copy into another database', [{ $out: { db: 'other', coll: 'copy' } }]],
  ['a merge', [{ $merge: { into: 'agents', on: '_id' } }]],
  [
    'a merge that tells whether it matched',
    [{ $project: { _id: 0 } }, { $merge: { into: 'tickets', on: 'customer.email', whenMatched: 'fail' } }],
    'agents',
  ],
  [
    'a pipeline of a merge',
    [{ $merge: { into: 'tickets', whenMatched: [{ $set: { x: '$customer.email' } }] } }],
    'agents',
  ],
  ['a view', [{ $match: {} }], 'mails'],
  ['a filter on a view', [{ $match: { mail: 'a' } }, { $count: 'n' }], 'mails'],
  ['changes of the collection', [{ $changeStream: {} }]],
  [
    'changes, projected',
    [
      { $changeStream: { fullDocument: 'updateLookup' } },
      { $project: { x: '$fullDocument.customer.email' } },
    ],
  ],
  [
    'changes, replaced',
    [{ $changeStream: {} }, { $replaceRoot: { newRoot: '$fullDocument' } }, { $project: { status: 1 } }],
  ],
  ['changes of the database', [{ $changeStream: {} }], 1],
  ['changes of the database, projected', [{ $changeStream: {} }, { $project: { x: '$fullDocument' } }], 1],
  ['changes of the server', [{ $changeStream: { allChangesForCluster: true } }], 1],
  ['statements of others', [{ $currentOp: {} }], 1],
  ['where', [{ $geoNear: { near: [0, 0], distanceField: 'd', includeLocs: 'l' } }]],
  ['code', [{ $project: { x: { $function: { body: 'f', args: ['$customer'], lang: 'js' } } } }]],
  ['code that adds up', [{ $group: { _id: 1, x: { $accumulator: {} } } }]],
  ['a collection that stands for the database', [{ $changeStream: {} }], '$cmd.aggregate'],
  ['a stage that is not known', [{ $made: {} }]],
  ['two stages in one', [{ $match: {}, $out: 'x' }]],
  ['an operator that is not known', [{ $project: { x: { $made: '$status' } } }]],
  ['two operators in one', [{ $project: { x: { $add: 1, $sum: 2 } } }]],
  ['a variable that is not known', [{ $project: { x: '$$MADE' } }]],
  ['a pipeline that is too deep', [deepFacet(40)]],
];

function deepFacet(depth: number): Document {
  return depth === 0
    ? { $match: {} }
    : { $lookup: { from: 'agents', as: 'x', pipeline: [deepFacet(depth - 1)] } };
}

/** Statements that must stay possible for somebody who sees the field masked. */
const HARMLESS: readonly Row[] = [
  ['everything, at its own place', [{ $match: { status: 'open' } }, { $sort: { _id: 1 } }, { $limit: 5 }]],
  ['the field itself', [{ $project: { 'customer.email': 1 } }]],
  ['the field unwound', [{ $unwind: '$messages' }]],
  ['other fields computed', [{ $project: { n: { $size: '$messages' } } }]],
  ['a group of others', [{ $group: { _id: '$status', n: { $sum: 1 } } }, { $sort: { n: -1 } }]],
  ['a count', [{ $count: 'n' }]],
  [
    'a join to another collection',
    [{ $lookup: { from: 'agents', localField: 'agent', foreignField: '_id', as: 'agent' } }],
  ],
  [
    'a projection that leaves it out, in a facet',
    [{ $project: { status: 1 } }, { $facet: { a: [{ $count: 'n' }] } }],
  ],
];

describe('pipelines', () => {
  it.each(ATTACKS.map((row) => [row[0], row] as const))(
    'sees that a protected field could leave: %s',
    (_name, [, pipeline, collection]) => {
      expect(holds(aggregate(pipeline, collection ?? 'tickets'))).toBe(true);
    },
  );

  it.each(HARMLESS.map((row) => [row[0], row] as const))('does not suspect %s', (_name, [, pipeline]) => {
    expect(holds(aggregate(pipeline))).toBe(false);
  });

  it('names every collection that is read or written', () => {
    const statement = aggregate([
      { $lookup: { from: 'agents', pipeline: [{ $unionWith: { coll: 'open' } }], as: 'a' } },
      { $facet: { x: [{ $lookup: { from: { db: 'local', coll: 'oplog.rs' }, as: 'l' } }] } },
      { $merge: { into: { db: 'other', coll: 'target' }, whenMatched: 'merge' } },
    ]);
    const names = accessTexts(statement).map((text) => text.replace(/\(.*/, ''));
    expect(names).toEqual([
      'insert other.target',
      'read agents',
      'read local.oplog.rs',
      'read open',
      'read server:local.oplog.rs',
      'read tickets',
      'update other.target',
    ]);
  });

  it('says that $out replaces its target', () => {
    expect(accessTexts(aggregate([{ $out: 'agents' }]))).toContain('define agents');
  });

  it('counts a filter as a bound only where it bounds what is read', () => {
    const bounded = (stages: readonly Document[]) => aggregate(stages).bounded;
    expect(bounded([{ $match: { a: 1 } }])).toEqual({ known: true, value: true });
    expect(bounded([{ $group: { _id: '$a', n: { $sum: 1 } } }, { $match: { n: 1 } }])).toEqual({
      known: true,
      value: false,
    });
    expect(bounded([{ $match: { a: 1 } }, { $unionWith: 'agents' }])).toEqual({ known: true, value: false });
    expect(bounded([{ $lookup: { from: 'agents', pipeline: [{ $match: { a: 1 } }], as: 'x' } }])).toEqual({
      known: true,
      value: false,
    });
  });

  it('takes its limit from the outermost pipeline only', () => {
    const limit = (stages: readonly Document[]) => aggregate(stages).limit;
    expect(limit([{ $limit: 9 }, { $limit: 5 }, { $limit: 7 }])).toEqual({ known: true, value: 5 });
    expect(limit([{ $limit: 1 }, { $unwind: '$messages' }])).toEqual({ known: true, value: null });
    expect(limit([{ $lookup: { from: 'agents', pipeline: [{ $limit: 1 }], as: 'x' } }])).toEqual({
      known: true,
      value: null,
    });
  });

  it('tells kept fields from computed ones', () => {
    expect(outputTexts(aggregate([{ $project: { a: 1, b: '$c', _id: 0 } }]))).toEqual([
      'a<value:tickets.a>',
      'b<derived:tickets.c>',
    ]);
  });

  it('gives up on a pipeline that multiplies what is to be followed', () => {
    const doubling = Array.from({ length: 40 }, (_, i) => ({
      $set: { [`x${i}`]: { $add: ['$a', ...Array.from({ length: i }, (_x, j) => `$x${j}`)] } },
    }));
    expect(aggregate(doubling).accesses.known).toBe(false);
  });
});
