import {
  type ConformanceHarness,
  describeConformance,
  fakeCredentials,
  fakeUpstreamCredential,
  type Message,
  PLAIN_VALUES,
  SECRET_VALUES,
} from '@gatehouse/adapter/testkit';
import { createPostgresAdapter } from './postgres-adapter.ts';
import {
  bind,
  execute,
  parse,
  SYNC_MESSAGE,
  saslInitial,
  saslResponse,
  startup,
} from './testing/frontend-messages.ts';
import { peopleCatalog } from './testing/open-session.ts';
import { type Answer, ScriptedPostgres } from './testing/scripted-postgres.ts';

const READ = 'select name, secret from conformance.people';
const WRITE = "insert into conformance.people (name) values ('x')";
const FAILING = 'select name, secret from conformance.people where secret::int = 1';

const ANSWERS: Readonly<Record<string, Answer>> = {
  [READ]: {
    columns: ['name', 'secret'].map((name, i) => ({ name, tableOid: 3000, attnum: i + 1 })),
    rows: PLAIN_VALUES.map((name, i) => [name, SECRET_VALUES[i]!]),
  },
  [WRITE]: { tag: 'INSERT 0 1' },
  [FAILING]: {
    error: { code: '22P02', message: `invalid input syntax for type integer: "${SECRET_VALUES[0]}"` },
  },
};

/** Whole messages that are ErrorResponse. */
function countErrors(received: Buffer): number {
  let errors = 0;
  for (let at = 0; at + 5 <= received.length; at += 1 + received.readUInt32BE(at + 1)) {
    const end = at + 1 + received.readUInt32BE(at + 1);
    if (end <= received.length && received[at] === 0x45) errors += 1;
  }
  return errors;
}

const adapter = await createPostgresAdapter();

function harness(send: (sql: string) => Buffer): ConformanceHarness {
  const messages: Readonly<Record<Message, Buffer>> = {
    read: send(READ),
    write: send(WRITE),
    'failing-read': send(FAILING),
    malformed: Buffer.from([0x51, 0, 0, 0, 2]),
    oversized: Buffer.from([0x51, 0x00, 0x20, 0x00, 0x00]),
  };
  return {
    adapter,
    catalog: peopleCatalog(),
    serverFacts: { version: '18.0', details: {} },
    upstreamCredential: fakeUpstreamCredential,
    createServer: () => new ScriptedPostgres(ANSWERS),
    credentials: fakeCredentials,
    login(bench) {
      bench.send(startup({ user: 'ana', database: 'main' }));
      bench.send(saslInitial('SCRAM-SHA-256', 'n,,n=,r=x'));
      bench.send(saslResponse('c=biws,r=x,p=y'));
    },
    message: (kind) => messages[kind],
    countErrors,
    expect: { readRows: 3, writtenRows: 1, rowsBeforeCut: 2 },
  };
}

describeConformance('the Postgres adapter, extended protocol,', () =>
  harness((sql) => Buffer.concat([parse('', sql), bind('', ''), execute(''), SYNC_MESSAGE])),
);
