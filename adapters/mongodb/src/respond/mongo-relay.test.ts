import type { BenchVerdict } from '@gatehouse/adapter/testkit';
import type { FieldMask } from '@gatehouse/model';
import { GatewayError } from '@gatehouse/model';
import { type Document, Long, serialize, UUID } from 'bson';
import { describe, expect, it } from 'vitest';
import { commandMessage } from '../testing/messages.ts';
import { MongoBench } from '../testing/open-bench.ts';

const EMAIL: FieldMask = {
  object: { kind: 'relation', path: ['support', 'tickets'] },
  field: 'customer.email',
  masker: { kind: 'redact' },
  rule: { policy: 'p', rule: 'r' },
};
const MASKED: BenchVerdict = { effect: 'permit', obligations: { masks: [EMAIL], redactDiagnostics: true } };
const ticket = (n: number) => ({ _id: n, customer: { email: `secret${n}@example.org` } });

/** Two batches of two under cursor 77, then the end. */
function batches(command: Document): Document | null {
  const ns = 'support.tickets';
  if ('find' in command) return { ok: 1, cursor: { id: 77n, ns, firstBatch: [ticket(1), ticket(2)] } };
  if ('getMore' in command) return { ok: 1, cursor: { id: 0n, ns, nextBatch: [ticket(3), ticket(4)] } };
  if ('killCursors' in command) return { ok: 1, cursorsKilled: command['cursors'] };
  return { ok: 1 };
}

const MORE = { getMore: new Long(77), collection: 'tickets' };

describe('cursors', () => {
  it('decides each getMore as the command that opened the cursor, and masks its batch', () => {
    const verbs: string[] = [];
    const session = new MongoBench(batches, ({ statements }) => {
      verbs.push(statements[0]!.verb);
      return MASKED;
    });
    session.run({ find: 'tickets' });
    expect(session.run(MORE)['cursor'].nextBatch[0]).toEqual({ _id: 3, customer: { email: '***' } });
    expect(verbs).toEqual(['find', 'find']);
  });

  it('forgets a cursor that is done', () => {
    const session = new MongoBench(batches);
    session.run({ find: 'tickets' });
    expect(session.bench.relay.isIdle()).toBe(false);
    session.run(MORE);
    expect(session.bench.relay.isIdle()).toBe(true);
    expect(session.run(MORE)).toMatchObject({ ok: 0, code: 43 });
  });

  it('answers a getMore of a cursor that is not its own without asking the server, even when policy permits', () => {
    const session = new MongoBench(batches);
    expect(session.run(MORE)).toMatchObject({ ok: 0, code: 43, codeName: 'CursorNotFound' });
    expect(session.server.received).toEqual([]);
    expect(session.bench.finished.at(-1)).toMatchObject({ result: 'error', code: '43' });
  });

  it('refuses a getMore that names another collection or database than the cursor has', () => {
    const session = new MongoBench(batches);
    session.run({ find: 'tickets' });
    expect(session.run({ ...MORE, collection: 'agents' })).toMatchObject({ code: 43 });
    expect(session.run({ ...MORE, $db: 'other' })).toMatchObject({ code: 43 });
    expect(session.server.received).toHaveLength(1);
  });

  it('does not understand a getMore with an option that it does not know', () => {
    const session = new MongoBench(batches, ({ statements }) =>
      statements[0]!.accesses.known
        ? { effect: 'permit' }
        : { effect: 'deny', error: new GatewayError('denied', 'x', 'not understood') },
    );
    session.run({ find: 'tickets' });
    expect(session.run({ ...MORE, made: 1 })).toMatchObject({ ok: 0, code: 13 });
  });

  it('kills its own cursors and tells of others that they are not there', () => {
    const session = new MongoBench(batches);
    session.run({ find: 'tickets' });
    expect(session.run({ killCursors: 'tickets', cursors: [new Long(78)] })).toMatchObject({
      ok: 1,
      cursorsKilled: [],
      cursorsNotFound: [78n],
    });
    expect(session.server.received).toHaveLength(1);
    expect(session.run({ killCursors: 'tickets', cursors: [new Long(77)] })).toMatchObject({
      cursorsKilled: [77n],
    });
    expect(session.run(MORE)).toMatchObject({ code: 43 });
  });

  it('counts rows over all batches of a cursor, cuts, and kills it', () => {
    const session = new MongoBench(batches, () => ({
      effect: 'permit',
      obligations: { limits: { rows: 3 } },
    }));
    expect(session.run({ find: 'tickets' })).toMatchObject({ ok: 1 });
    expect(session.run(MORE)).toMatchObject({ ok: 0, code: 146 });
    const first = new MongoBench(batches, () => ({ effect: 'permit', obligations: { limits: { rows: 1 } } }));
    expect(first.run({ find: 'tickets' })).toMatchObject({ ok: 0, code: 146 });
    expect(first.server.received.at(-1)).toMatchObject({
      killCursors: 'tickets',
      cursors: [77n],
      $db: 'support',
    });
    expect(first.run({ ping: 1 })).toMatchObject({ ok: 1 });
    expect(first.run(MORE)).toMatchObject({ code: 43 });
  });

  it('counts the values of distinct against the limit', () => {
    const session = new MongoBench(
      () => ({ ok: 1, values: [1, 2, 3] }),
      () => ({ effect: 'permit', obligations: { limits: { rows: 2 } } }),
    );
    expect(session.run({ distinct: 'tickets', key: 'a' })).toMatchObject({ ok: 0, code: 146 });
  });
});

describe('masks and redaction', () => {
  it('masks the value of findAndModify', () => {
    const session = new MongoBench(
      () => ({ ok: 1, value: ticket(1), lastErrorObject: { n: 1 } }),
      () => MASKED,
    );
    expect(
      session.run({ findAndModify: 'tickets', query: { _id: 1 }, update: { $set: { a: 1 } } })['value'],
    ).toEqual({ _id: 1, customer: { email: '***' } });
    expect(session.bench.finished[0]!.running).toMatchObject({ affectedRows: 1, maskedCells: 1 });
  });

  it.each([
    [
      'an error',
      {
        ok: 0,
        code: 11000,
        codeName: 'DuplicateKey',
        errmsg: 'dup key secret1',
        keyValue: { e: 'secret1' },
        errInfo: { v: 'secret1' },
      },
    ],
    [
      'write errors',
      {
        ok: 1,
        n: 1,
        nModified: 0,
        writeErrors: [
          { index: 0, code: 11000, errmsg: 'secret1', keyValue: { e: 'secret1' }, op: { e: 'secret1' } },
        ],
      },
    ],
    [
      'a write concern error',
      { ok: 1, n: 1, writeConcernError: { code: 64, errmsg: 'secret1', errInfo: { v: 'secret1' } } },
    ],
    [
      'an error with documents beside it',
      { ok: 0, code: 5, errmsg: 'x', cursor: { id: 0n, firstBatch: [ticket(1)] }, value: ticket(1) },
    ],
  ])('keeps values out of %s and leaves what drivers need', (_name, reply) => {
    const session = new MongoBench(
      () => ({ ...reply, operationTime: 5 }),
      () => MASKED,
    );
    const received = session.run({ update: 'tickets', updates: [{ q: { _id: 1 }, u: { $set: { a: 1 } } }] });
    expect(JSON.stringify(received, plain)).not.toContain('secret1');
    expect(received).toMatchObject({ ok: reply.ok, operationTime: 5 });
    if ('code' in reply) expect(received['code']).toBe(reply.code);
  });

  it('keeps values out of the results of bulkWrite', () => {
    const results = {
      ok: 1,
      nInserted: 1,
      nMatched: 2,
      nDeleted: 3,
      cursor: {
        id: 0n,
        ns: 'admin.$cmd.bulkWrite',
        firstBatch: [{ ok: 0, idx: 0, code: 11000, errmsg: 'secret1', keyValue: { e: 'secret1' } }],
      },
    };
    const session = new MongoBench(
      () => results,
      () => MASKED,
    );
    const received = session.run({
      bulkWrite: 1,
      ops: [{ insert: 0, document: {} }],
      nsInfo: [{ ns: 'support.tickets' }],
      $db: 'admin',
    });
    expect(JSON.stringify(received, plain)).not.toContain('secret1');
    expect(received['cursor'].firstBatch[0]).toMatchObject({ ok: 0, idx: 0, code: 11000 });
    expect(session.bench.finished[0]!.running.affectedRows).toBe(6);
  });

  it('does not take the number that count gives for written rows', () => {
    const session = new MongoBench(() => ({ ok: 1, n: 42 }));
    session.run({ count: 'tickets' });
    expect(session.bench.finished[0]!.running).toMatchObject({ affectedRows: 0, rows: 0 });
  });
});

describe('requests', () => {
  it('sends no answer to a request that asks for none, permitted or denied', () => {
    const decide = (effect: 'permit' | 'deny') => (): BenchVerdict =>
      effect === 'permit' ? { effect } : { effect, error: new GatewayError('denied', 'x', 'no') };
    for (const effect of ['permit', 'deny'] as const) {
      const session = new MongoBench(batches, decide(effect));
      const message = commandMessage(5, { insert: 'tickets', documents: [{ a: 1 }], $db: 'support' });
      message.writeUInt32LE(2, 16);
      expect(session.send(message)).toEqual([]);
      expect(session.server.received).toHaveLength(effect === 'permit' ? 1 : 0);
      if (effect === 'permit') expect(session.bench.finished.at(-1)!.result).toBe('sent');
      expect(session.bench.relay.isIdle()).toBe(true);
    }
  });

  it('takes away the leave to answer in a stream', () => {
    const session = new MongoBench(batches);
    const message = commandMessage(5, { find: 'tickets', $db: 'support' });
    message.writeUInt32LE(1 << 16, 16);
    expect(session.send(message)).toHaveLength(1);
    expect(session.server.messages[0]!.readUInt32LE(16)).toBe(0);
    expect(session.server.received[0]).toMatchObject({ find: 'tickets' });
  });

  it('sends its time limit along, in place of a longer one, and keeps a shorter one', () => {
    const session = new MongoBench(batches, () => ({
      effect: 'permit',
      obligations: { limits: { seconds: 2 } },
    }));
    session.run({ count: 'tickets' });
    session.run({ count: 'tickets', maxTimeMS: 9_000_000 });
    session.run({ count: 'tickets', maxTimeMS: 1_500 });
    session.run({ count: 'tickets', maxTimeMS: 0 });
    session.run({ ping: 1 });
    expect(session.server.received.map((command) => command['maxTimeMS'])).toEqual([
      2000,
      2000,
      1500,
      2000,
      undefined,
    ]);
  });

  it('adds its time limit beside sequences, on either side of the body, and drops the checksum', () => {
    const body = Buffer.from(serialize({ insert: 'tickets', $db: 'support' }));
    const one = Buffer.from(serialize({ a: 1 }));
    const name = Buffer.from('documents\0');
    const size = Buffer.alloc(4);
    size.writeInt32LE(4 + name.length + one.length, 0);
    const sequence = Buffer.concat([Buffer.from([1]), size, name, one]);
    const sections = [Buffer.concat([Buffer.from([0]), body]), sequence];
    for (const parts of [sections, [...sections].reverse()]) {
      const session = new MongoBench(batches, () => ({
        effect: 'permit',
        obligations: { limits: { seconds: 2 } },
      }));
      const message = Buffer.concat([Buffer.alloc(20), ...parts, Buffer.from('crc!')]);
      message.writeInt32LE(message.length, 0);
      message.writeInt32LE(9, 4);
      message.writeInt32LE(2013, 12);
      message.writeUInt32LE(1, 16);
      session.send(message);
      expect(session.server.received[0]).toMatchObject({ insert: 'tickets', maxTimeMS: 2000 });
      const sent = session.server.messages[0]!;
      expect(sent.readUInt32LE(16)).toBe(0);
      expect(sent.includes(sequence)).toBe(true);
      expect(sent.includes('crc!')).toBe(false);
    }
  });

  it.each([
    ['two bodies', [0, 0]],
    ['no body', []],
  ])('ends the session for a message with %s', (_name, kinds) => {
    const session = new MongoBench(batches);
    const body = Buffer.from(serialize({ ping: 1, $db: 'admin' }));
    const message = Buffer.concat([
      Buffer.alloc(20),
      ...kinds.map((kind) => Buffer.concat([Buffer.from([kind]), body])),
    ]);
    message.writeInt32LE(message.length, 0);
    message.writeInt32LE(2013, 12);
    expect(() => session.send(message)).toThrow('malformed');
    expect(session.server.received).toEqual([]);
  });

  it.each([
    ['a compressed message', 2012],
    ['a legacy query', 2004],
    ['a legacy insert', 2002],
  ])('ends the session for %s', (_name, opcode) => {
    const session = new MongoBench(batches);
    const message = commandMessage(5, { ping: 1, $db: 'admin' });
    message.writeInt32LE(opcode, 12);
    session.send(message);
    expect(session.bench.violations).toEqual(['unexpected-opcode']);
  });

  it('ends the session for a sequence that stands in the body too, and for a message without a database', () => {
    const session = new MongoBench(batches);
    session.send(commandMessage(5, { ping: 1 }));
    expect(session.bench.violations).toEqual(['no-database']);
  });
});

describe('what the gateway answers itself', () => {
  it.each(['hello', 'isMaster', 'ismaster'])(
    'answers %s after the login without a way past the gateway',
    (name) => {
      const session = new MongoBench(batches);
      const reply = session.run({ [name]: 1, speculativeAuthenticate: { saslStart: 1 }, $db: 'admin' });
      expect(reply).toMatchObject({ ok: 1, msg: 'isdbgrid', maxWireVersion: 21 });
      for (const key of [
        'hosts',
        'me',
        'primary',
        'setName',
        'topologyVersion',
        'compression',
        'speculativeAuthenticate',
      ])
        expect(reply).not.toHaveProperty(key);
      expect(session.server.received).toEqual([]);
    },
  );

  it('tells who is logged in here, not who is at the server', () => {
    const session = new MongoBench(batches);
    expect(session.run({ connectionStatus: 1, $db: 'admin' })['authInfo'].authenticatedUsers).toEqual([
      { user: 'ana', db: 'admin' },
    ]);
    expect(session.server.received).toEqual([]);
  });

  it.each(['saslStart', 'saslContinue', 'logout', 'authenticate'])('refuses %s after the login', (name) => {
    const session = new MongoBench(batches);
    expect(session.run({ [name]: 1, mechanism: 'SCRAM-SHA-256' })).toMatchObject({ ok: 0, code: 18 });
    expect(session.server.received).toEqual([]);
  });

  it('does not name members of a replica set', () => {
    const session = new MongoBench(batches);
    expect(session.run({ replSetGetStatus: 1, $db: 'admin' })).toMatchObject({ ok: 0, code: 59 });
  });
});

describe('transactions', () => {
  it('is not idle while one is open', () => {
    const session = new MongoBench(batches);
    const lsid = { id: new UUID() };
    session.run({
      insert: 'tickets',
      documents: [{}],
      lsid,
      txnNumber: new Long(1),
      startTransaction: true,
      autocommit: false,
    });
    expect(session.bench.relay.isIdle()).toBe(false);
    session.run({ commitTransaction: 1, lsid, txnNumber: new Long(1), autocommit: false, $db: 'admin' });
    expect(session.bench.relay.isIdle()).toBe(true);
  });

  it('stops what runs by its logical session', () => {
    const session = new MongoBench(batches);
    session.bench.send(commandMessage(9, { find: 'tickets', lsid: { id: new UUID() }, $db: 'support' }));
    const plan = session.bench.relay.cancelPlan();
    expect(plan).toMatchObject({
      via: 'own-connection',
      question: { command: { killSessions: [{ id: { sub_type: 4 } }] } },
    });
  });
});

describe('replies', () => {
  it('accepts no stream and no sequence from the server', () => {
    const session = new MongoBench(() => null);
    session.bench.send(commandMessage(9, { find: 'tickets', $db: 'support' }));
    const reply = commandMessage(1, { ok: 1 });
    reply.writeInt32LE(9, 8);
    reply.writeUInt32LE(2, 16);
    expect(() => session.bench.receive(reply)).toThrow('malformed');
  });
});

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
