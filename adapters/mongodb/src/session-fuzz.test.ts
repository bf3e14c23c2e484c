import { WireError } from '@gatehouse/wire';
import { type Document, Long, serialize } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandMessage } from './testing/messages.ts';
import { MongoBench } from './testing/open-bench.ts';

const answer = (command: Document): Document =>
  'find' in command
    ? { ok: 1, cursor: { id: 5n, ns: 'support.tickets', firstBatch: [{ _id: 1, secret: 's' }] } }
    : { ok: 1, n: 1 };

const MESSAGES = [
  commandMessage(7, { find: 'tickets', filter: { a: { $in: [1, 'x'] } }, $db: 'support' }),
  commandMessage(8, {
    aggregate: 'tickets',
    pipeline: [{ $match: { a: 1 } }, { $out: 'x' }],
    cursor: {},
    $db: 'support',
  }),
  commandMessage(9, { update: 'tickets', updates: [{ q: {}, u: { $set: { a: 1 } } }], $db: 'support' }),
  commandMessage(10, { getMore: new Long(5), collection: 'tickets', $db: 'support' }),
  commandMessage(11, { hello: 1, $db: 'admin' }),
];

describe('a whole session under changed bytes', () => {
  it('throws nothing but WireError and forwards nothing that was not decided', () => {
    const change = fc.record({ at: fc.nat(200), to: fc.nat(255) });
    const message = fc.record({
      which: fc.nat(MESSAGES.length - 1),
      changes: fc.array(change, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 300 }),
        (messages, chunk) => {
          let decided = 0;
          const session = new MongoBench(answer, () => {
            decided += 1;
            return { effect: 'permit', obligations: { limits: { seconds: 3 } } };
          });
          const bytes = Buffer.concat(
            messages.map(({ which, changes }) => {
              const one = Buffer.from(MESSAGES[which]!);
              for (const { at, to } of changes) one[at % one.length] = to;
              return one;
            }),
          );
          try {
            session.bench.send(bytes, chunk);
            session.bench.settle();
          } catch (error) {
            if (!(error instanceof WireError) && !isWait(error)) throw error;
          }
          expect(session.server.received.length).toBeLessThanOrEqual(decided);
        },
      ),
      { numRuns: 600 },
    );
  });

  it('throws nothing but WireError for changed replies, and lets no masked value out of them', () => {
    const body = Buffer.from(
      serialize({
        cursor: { id: 0n, ns: 'support.tickets', firstBatch: [{ _id: 1, secret: 'VALUE' }] },
        ok: 1,
      }),
    );
    const mask = {
      object: { kind: 'relation', path: ['support', 'tickets'] },
      field: 'secret',
      masker: { kind: 'null' },
      rule: { policy: 'p', rule: 'r' },
    } as const;
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), (at, to) => {
        const session = new MongoBench(answer, () => ({ effect: 'permit', obligations: { masks: [mask] } }));
        session.bench.send(MESSAGES[0]!);
        const changed = Buffer.from(body);
        changed[at] = to;
        const head = Buffer.alloc(21);
        head.writeInt32LE(21 + body.length, 0);
        head.writeInt32LE(7, 8);
        head.writeInt32LE(2013, 12);
        try {
          session.bench.receive(Buffer.concat([head, changed]));
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
        }
        // A server that renames the masked field itself is beyond what a mask by path can see.
        if (changed.includes('secret\0')) expect(session.bench.takeClient().includes('VALUE')).toBe(false);
      }),
      // A namespace that is said to go on to the end of the batch.
      { numRuns: 3_000, examples: [[32, 68]] },
    );
  });
});

/** The bench does not wait for catalogs; a changed name makes the adapter ask for one. */
function isWait(error: unknown): boolean {
  return error instanceof Error && error.message === 'the bench does not play `wait`';
}
