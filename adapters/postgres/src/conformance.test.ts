import type { Credentials, UpstreamCredential } from '@gatehouse/adapter';
import {
  type ConformanceHarness,
  describeConformance,
  type Message,
  PLAIN_VALUES,
  type ScriptedServer,
  SECRET_VALUES,
} from '@gatehouse/adapter/testkit';
import { buildPostgresCatalog, plainCatalogRows } from '@gatehouse/sql';
import { createPostgresAdapter } from './postgres-adapter.ts';

const PEOPLE_OID = 20_000;
const READ = 'select name, secret from conformance.people';
const WRITE = "insert into conformance.people (name) values ('x')";
const FAILING = 'select name, secret from conformance.people where name is null';

const catalog = buildPostgresCatalog(
  plainCatalogRows([{ schema: 'conformance', name: 'people', columns: ['name', 'secret'], oid: PEOPLE_OID }]),
);

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const int16 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function rowDescription(): Buffer {
  const columns = ['name', 'secret'].map((name, i) =>
    Buffer.concat([text(name), int32(PEOPLE_OID), int16(i + 1), int32(25), int16(-1), int32(-1), int16(0)]),
  );
  return message('T', int16(2), ...columns);
}

function dataRow(...values: readonly string[]): Buffer {
  return message(
    'D',
    int16(values.length),
    ...values.flatMap((value) => [int32(Buffer.byteLength(value)), Buffer.from(value)]),
  );
}

function failure(code: string, words: string): Buffer {
  return message('E', text('SERROR'), text('VERROR'), text(`C${code}`), text(`M${words}`), Buffer.of(0));
}

const READY = message('Z', Buffer.from('I'));
const complete = (tag: string): Buffer => message('C', text(tag));

function answerTo(sql: string): readonly Buffer[] {
  switch (sql) {
    case READ:
      return [
        rowDescription(),
        ...PLAIN_VALUES.map((name, i) => dataRow(name, SECRET_VALUES[i]!)),
        complete('SELECT 3'),
        READY,
      ];
    case WRITE:
      return [complete('INSERT 0 1'), READY];
    case FAILING:
      return [failure('22P02', `invalid input: ${SECRET_VALUES[0]}`), READY];
    default:
      return [failure('42601', 'syntax error'), READY];
  }
}

/** A server that trusts everybody and answers what the suite asks in the simple protocol. */
function createServer(): ScriptedServer {
  let isLoggedIn = false;
  let rest = Buffer.alloc(0);
  return {
    receive(bytes) {
      rest = Buffer.concat([rest, bytes]);
      const replies: Buffer[] = [];
      if (!isLoggedIn) {
        isLoggedIn = true;
        rest = rest.subarray(rest.readInt32BE(0));
        replies.push(
          message('R', int32(0)),
          message('S', text('standard_conforming_strings'), text('on')),
          message('S', text('client_encoding'), text('UTF8')),
          message('K', int32(99), int32(1234)),
          READY,
        );
      }
      while (rest.length >= 5 && rest.length >= 1 + rest.readInt32BE(1)) {
        const end = 1 + rest.readInt32BE(1);
        if (rest[0] === 0x51) replies.push(...answerTo(rest.toString('utf8', 5, end - 1)));
        rest = rest.subarray(end);
      }
      return Buffer.concat(replies);
    },
  };
}

const query = (sql: string): Buffer => message('Q', text(sql));

const MESSAGES: Readonly<Record<Message, Buffer>> = {
  read: query(READ),
  write: query(WRITE),
  'failing-read': query(FAILING),
  // A length that leaves no room for itself.
  malformed: Buffer.from([0x51, 0, 0, 0, 1]),
  oversized: Buffer.from([0x51, 0x00, 0x20, 0x00, 0x00]),
};

/** ErrorResponses in the whole messages of what was received. */
function countErrors(received: Buffer): number {
  let errors = 0;
  for (let at = 0; at + 5 <= received.length; ) {
    const end = at + 1 + received.readInt32BE(at + 1);
    if (end > received.length) break;
    if (received[at] === 0x45) errors += 1;
    at = end;
  }
  return errors;
}

const startup = (): Buffer => {
  const body = Buffer.concat([
    int32(196608),
    text('user'),
    text('ana'),
    text('database'),
    text('main'),
    Buffer.of(0),
  ]);
  return Buffer.concat([int32(body.length + 4), body]);
};

/** The client's part of SCRAM, as far as the suite's credentials look at it. */
const saslInitial = message('p', text('SCRAM-SHA-256'), int32(4), Buffer.from('n,,x'));
const saslFinal = message('p', Buffer.from('c=biws'));

const adapter = await createPostgresAdapter();

const harness = (): ConformanceHarness => ({
  adapter,
  catalog,
  serverFacts: { version: '18.0', details: {} },
  upstreamCredential: { user: 'gateway', password: () => 'pw' } as UpstreamCredential,
  createServer,
  credentials: (good) =>
    ({
      scram: () => ({
        first: () => 'r=x,s=c2FsdA==,i=4096',
        final: () => (good ? { ok: true, tokenId: 't1', serverFinal: 'v=x' } : { ok: false }),
      }),
    }) as unknown as Credentials,
  login: (bench) => {
    bench.send(startup());
    bench.send(saslInitial);
    bench.send(saslFinal);
  },
  message: (kind) => MESSAGES[kind],
  countErrors,
  expect: { readRows: 3, writtenRows: 1, rowsBeforeCut: 2 },
});

describeConformance('the Postgres adapter', harness);
