import type { FieldMask } from '@gatehouse/model';
import { type Document, deserialize, serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { maskReply } from './mask-reply.ts';
import { createMaskerCache, createMaskTree } from './mask-tree.ts';

const MASK: FieldMask = {
  object: { kind: 'relation', path: ['d', 'c'] },
  field: 'secret',
  masker: { kind: 'null' },
  rule: { policy: 'p', rule: 'r' },
};
const node = createMaskTree([MASK], createMaskerCache(Buffer.alloc(32, 7)))!;

function masked(reply: Document, shape: 'cursor' | 'value' = 'cursor'): Document {
  return deserialize(maskReply(Buffer.from(serialize(reply)), shape, node, { maskedCells: 0 }));
}

const ROW = { _id: 1, secret: 'VALUE' };

describe('a masked reply', () => {
  it('keeps what belongs to it', () => {
    const cursor = { firstBatch: [ROW], id: 0, ns: 'd.c', partialResultsReturned: true };
    expect(masked({ cursor, ok: 1, $clusterTime: { t: 1 } })).toEqual({
      cursor: { ...cursor, firstBatch: [{ _id: 1, secret: null }] },
      ok: 1,
      $clusterTime: { t: 1 },
    });
    const result = { lastErrorObject: { n: 1 }, value: ROW, ok: 1 };
    expect(masked(result, 'value')).toEqual({ ...result, value: { _id: 1, secret: null } });
  });

  it.each([
    ['beside the batch', { cursor: { firstBatch: [], id: 0, ns: 'd.c', extra: [ROW] }, ok: 1 }],
    ['beside the cursor', { cursor: { firstBatch: [], id: 0, ns: 'd.c' }, extra: ROW, ok: 1 }],
    ['as a text', { cursor: { firstBatch: [], id: 0, ns: 'd.c' }, extra: 'VALUE', ok: 1 }],
  ])('drops what nobody expects %s', (_where, reply) => {
    expect(JSON.stringify(masked(reply))).not.toContain('VALUE');
  });

  it.each([
    ['without a batch', { cursor: { id: 0, ns: 'd.c' }, ok: 1 }],
    ['with a batch that is a text', { cursor: { firstBatch: 'VALUE', id: 0, ns: 'd.c' }, ok: 1 }],
    ['with a batch of texts', { cursor: { firstBatch: ['VALUE'], id: 0, ns: 'd.c' }, ok: 1 }],
    ['with a namespace that goes on behind a NUL', { cursor: { firstBatch: [], ns: 'd.c\0VALUE' }, ok: 1 }],
  ])('is not passed on %s', (_what, reply) => {
    expect(() => masked(reply)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});
