import type { Credentials, UpstreamCredential } from '@gatehouse/adapter';
import {
  type ConformanceHarness,
  describeConformance,
  type Message,
  PLAIN_VALUES,
  type ScriptedServer,
  SECRET_VALUES,
} from '@gatehouse/adapter/testkit';
import { buildMysqlCatalog } from '@gatehouse/sql';
import { encodePacket } from './codec/packet.ts';
import { createMysqlAdapter } from './create-mysql-adapter.ts';
import { PINS_QUERY } from './handshake/session-pins.ts';
import { CAPABILITY } from './messages/capability-flags.ts';
import { encodeHandshakeResponse41 } from './messages/handshake-response-41.ts';
import { encodeHandshakeV10 } from './messages/handshake-v10.ts';
import { columnPacket, err, OK, textResult, textRow } from './testing/packets.ts';

const FLAGS =
  CAPABILITY.protocol41 |
  CAPABILITY.secureConnection |
  CAPABILITY.pluginAuth |
  CAPABILITY.connectWithDb |
  CAPABILITY.transactions;

const catalog = buildMysqlCatalog({
  settings: [{ lower_case: 0 }],
  relations: [{ db: 'conformance', name: 'people', type: 'BASE TABLE' }],
  columns: ['name', 'secret'].map((col) => ({ db: 'conformance', name: 'people', col })),
  views: [],
  triggers: [],
});

const READ = 'select name, secret from conformance.people';
const WRITE = "insert into conformance.people (name) values ('x')";
const FAILING = 'select name, secret from conformance.people where name = 1';

function peopleColumn(name: string): Buffer {
  return columnPacket({ schema: 'conformance', table: 'people', orgTable: 'people', name, orgName: name });
}

/** OK with one affected row. */
const ONE_WRITTEN = Buffer.from([0x00, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00]);

function answerTo(sql: string): readonly Buffer[] {
  switch (sql) {
    case READ:
      return textResult(
        [peopleColumn('name'), peopleColumn('secret')],
        PLAIN_VALUES.map((name, i) => textRow(name, SECRET_VALUES[i]!)),
      );
    case WRITE:
      return [ONE_WRITTEN];
    case FAILING:
      return [err(1366, `Incorrect value: '${SECRET_VALUES[0]}'`)];
    case PINS_QUERY:
      return textResult(
        ['id', 'db', 'mode', 'client', 'connection'].map((name) =>
          columnPacket({ schema: '', table: '', orgTable: '', name, orgName: '' }),
        ),
        [textRow('99', 'main', 'STRICT_TRANS_TABLES', 'utf8mb4', 'utf8mb4')],
      );
    default:
      return [OK];
  }
}

/** A server that logs everybody in and answers what the suite asks. */
function createServer(): ScriptedServer {
  let isLoggedIn = false;
  let rest = Buffer.alloc(0);
  const answer = (sequence: number, payload: Buffer): Buffer => {
    if (!isLoggedIn) {
      isLoggedIn = true;
      return encodePacket(sequence + 1, OK);
    }
    const replies = payload[0] === 0x03 ? answerTo(payload.toString('utf8', 1)) : [OK];
    return Buffer.concat(replies.map((reply, i) => encodePacket(i + 1, reply)));
  };
  return {
    greeting: () =>
      encodePacket(
        0,
        encodeHandshakeV10({
          serverVersion: '10.11.0-MariaDB',
          threadId: 99,
          nonce: Buffer.alloc(20, 0x41),
          capabilities: FLAGS,
          mariadbCapabilities: 0,
          collation: 45,
          status: 2,
          authPlugin: 'mysql_native_password',
        }),
      ),
    receive(bytes) {
      rest = Buffer.concat([rest, bytes]);
      const replies: Buffer[] = [];
      while (rest.length >= 4 && rest.length >= 4 + rest.readUIntLE(0, 3)) {
        const end = 4 + rest.readUIntLE(0, 3);
        replies.push(answer(rest[3]!, rest.subarray(4, end)));
        rest = rest.subarray(end);
      }
      return Buffer.concat(replies);
    },
  };
}

function query(sql: string): Buffer {
  return encodePacket(0, Buffer.concat([Buffer.of(3), Buffer.from(sql)]));
}

const MESSAGES: Readonly<Record<Message, Buffer>> = {
  read: query(READ),
  write: query(WRITE),
  'failing-read': query(FAILING),
  // A command begins at sequence 0.
  malformed: encodePacket(9, Buffer.from('\x03select 1')),
  oversized: Buffer.from([0x00, 0x00, 0x20, 0x00, 0x03]),
};

/** Packets that begin with 0xFF, in the whole packets of what was received. */
function countErrors(received: Buffer): number {
  let errors = 0;
  for (let at = 0; at + 4 <= received.length; ) {
    const end = at + 4 + received.readUIntLE(at, 3);
    if (end > received.length) break;
    if (received[at + 4] === 0xff) errors += 1;
    at = end;
  }
  return errors;
}

const harness = (): ConformanceHarness => ({
  adapter: createMysqlAdapter(),
  catalog,
  serverFacts: {
    version: '10.11.0-MariaDB',
    details: { flavor: 'mariadb', characterSet: 'utf8mb4', lowerCaseTableNames: 0 },
  },
  upstreamCredential: { user: 'gateway', password: () => 'pw' } as UpstreamCredential,
  createServer,
  credentials: (good) =>
    ({
      sha256Scramble: () => (good ? { ok: true, tokenId: 't1' } : { ok: false }),
      secret: () => ({ ok: false }),
      sha1Scramble: () => ({ ok: false }),
    }) as unknown as Credentials,
  login: (bench) =>
    bench.send(
      encodePacket(
        1,
        encodeHandshakeResponse41({
          capabilities: FLAGS,
          mariadbCapabilities: 0,
          maxPacketBytes: 1 << 24,
          collation: 45,
          user: 'ana',
          authResponse: Buffer.alloc(32, 7),
          database: 'main',
          authPlugin: 'caching_sha2_password',
        }),
      ),
    ),
  message: (kind) => MESSAGES[kind],
  countErrors,
  expect: { readRows: 3, writtenRows: 1, rowsBeforeCut: 2 },
});

describeConformance('the MySQL adapter', harness);
