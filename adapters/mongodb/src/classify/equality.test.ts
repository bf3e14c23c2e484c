import { Decimal128, Long, MinKey, ObjectId } from 'bson';
import { describe, expect, it } from 'vitest';
import { classifyDocument } from '../testing/facts-text.ts';

/** How the filters on `email` are told. */
function filtersOf(command: Record<string, unknown>): string {
  const { accesses } = classifyDocument(command).statement;
  return (accesses.known ? accesses.value : [])
    .flatMap(({ fields }) => (fields.known ? fields.value : []))
    .filter(({ field, use }) => field === 'email' && use === 'filter')
    .map(({ equality }) => (equality ? 'equality' : 'filter'))
    .join(' ');
}

const find = (filter: unknown) => ({ find: 'agents', filter });

describe('one comparison of a field with a constant', () => {
  it.each([
    [find({ email: 'x' })],
    [find({ email: { $eq: 'x' }, age: { $gt: 3 } })],
    [find({ $and: [{ email: 'x' }] })],
    [find({ email: Long.fromNumber(1) })],
    [find({ email: new ObjectId() })],
    [find({ email: Decimal128.fromString('1') })],
    [find({ email: new Date(0) })],
    [{ aggregate: 'agents', pipeline: [{ $match: { email: 'x' } }], cursor: {} }],
    [{ delete: 'agents', deletes: [{ q: { email: 'x' }, limit: 1 }] }],
    [{ update: 'agents', updates: [{ q: { email: 'x' }, u: { $set: { a: 1 } } }] }],
    [{ count: 'agents', query: { email: 'x' } }],
  ])('is told as an equality in %j', (command) => {
    expect(filtersOf(command)).toBe('equality');
  });

  it.each([
    [find({ $or: [{ email: 'x' }, { email: 'y' }] })],
    [find({ email: { $in: ['x'] } })],
    [find({ email: { $eq: 'x', $gt: 'x' } })],
    [find({ email: { $gt: 'x' } })],
    [find({ email: { $ne: 'x' } })],
    [find({ email: { $not: { $eq: 'x' } } })],
    [find({ email: /x/ })],
    [find({ email: { $eq: /x/ } })],
    [find({ email: null })],
    [find({ email: new MinKey() })],
    [find({ email: { a: 1 } })],
    [find({ email: ['x'] })],
    [find({ $expr: { $eq: ['$email', 'x'] } })],
    [
      {
        aggregate: 'agents',
        pipeline: [{ $set: { email: { $substrCP: ['$email', 0, 1] } } }, { $match: { email: 'x' } }],
        cursor: {},
      },
    ],
    [
      {
        delete: 'agents',
        deletes: [
          { q: { email: 'x' }, limit: 1 },
          { q: { email: 'y' }, limit: 1 },
        ],
      },
    ],
  ])('is none in %j', (command) => {
    expect(filtersOf(command)).toBe('filter');
  });
});
