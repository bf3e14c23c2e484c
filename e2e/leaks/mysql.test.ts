import type { Demo } from '@gatehouse/cli';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WireClient, walkCursor } from '../clients/mysql-wire.ts';
import { openStage } from '../stage/open-stage.ts';
import { SHIPPED_POLICIES } from '../stage/policies.ts';
import { createValueFinder } from './find-values.ts';
import type { LeakRow } from './leak-row.ts';
import { MYSQL_LEAKS } from './mysql-rows.ts';

/** What came back of one statement: every byte, whatever a driver makes of it, and the error's message. */
interface Answer {
  readonly bytes: Buffer;
  readonly error: string | null;
}

describe('no masked value of MariaDB leaves', () => {
  let stage: Demo;
  let client: mysql.Connection;
  let wires: readonly WireClient[] = [];
  let received: Buffer[] = [];
  let findSecrets: (received: Buffer) => readonly string[];

  beforeAll(async () => {
    stage = await openStage({ need: ['mysql'], policies: SHIPPED_POLICIES, upstreamAs: 'owner' });
    const { host, port, user, password } = stage.fleet.mysql!;
    const direct = await mysql.createConnection({ host, port, user, password, database: 'billing' });
    const [rows] = await direct.query('select customer_email, tax_id, iban from accounts');
    findSecrets = createValueFinder((rows as Record<string, string>[]).flatMap((row) => Object.values(row)));
    await direct.end();
    const side = {
      host: '127.0.0.1',
      port: stage.port('mysql'),
      user: 'ana',
      password: stage.token('ana'),
      database: 'billing',
    };
    client = await mysql.createConnection(side);
    wires = [await WireClient.open(side), await WireClient.open(side, { deprecateEof: true })];
    const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
    stream.on('data', (chunk: Buffer) => received.push(chunk));
  });

  afterAll(async () => {
    for (const wire of wires) wire.close();
    await client?.end();
    await stage?.close();
  });

  async function drive(run: () => Promise<unknown>): Promise<Answer> {
    received = [];
    const error = await run().then(
      () => null,
      ({ message }: Error) => message,
    );
    return { bytes: Buffer.concat(received), error };
  }

  async function walk(wire: WireClient, statement: string): Promise<Answer> {
    wire.takeBytes();
    const replies = await walkCursor(wire, statement);
    return { bytes: wire.takeBytes(), error: replies.at(-1)!.error?.message ?? null };
  }

  /**
   * How a statement is sent: COM_QUERY with text rows; COM_STMT_PREPARE and COM_STMT_EXECUTE with binary rows; or
   * the same with a read-only cursor, whose rows come by COM_STMT_FETCH, two at a time.
   */
  const CHANNELS: Readonly<Record<string, (statement: string) => Promise<Answer>>> = {
    text: (statement) => drive(() => client.query(statement)),
    binary: (statement) => drive(() => client.execute(statement)),
    cursor: (statement) => walk(wires[0]!, statement),
    'cursor, deprecated EOF': (statement) => walk(wires[1]!, statement),
  };

  function leaksIn({ bytes }: Answer): readonly string[] {
    return findSecrets(bytes);
  }

  function check({ expect: expected }: LeakRow, { error }: Answer): void {
    if (expected === 'denied' || expected === 'depth') expect(error).toMatch(/^gatehouse: /);
    else expect(error).toBeNull();
  }

  it.each(Object.keys(CHANNELS))('would see a leak (%s)', async (channel) => {
    const answer = await CHANNELS[channel]!('select id, company from accounts where id <= 5');
    const companies = answer.bytes.toString('latin1').match(/ \d (?:GmbH|Ltd|SARL|AB|BV|SpA)/g);
    expect(companies).toHaveLength(5);
  });

  describe.each(Object.keys(CHANNELS))('%s', (channel) => {
    it.each(MYSQL_LEAKS)('$expect: $statement', async (row) => {
      const answer = await CHANNELS[channel]!(row.statement);
      expect(leaksIn(answer)).toEqual([]);
      check(row, answer);
    });
  });

  it('goes on in step afterwards', async () => {
    expect((await client.query('select 1 as n'))[0]).toEqual([{ n: 1 }]);
    for (const wire of wires) {
      const replies = await walkCursor(wire, 'select 1 as n');
      expect(replies.map(({ error }) => error)).toEqual([null, null, null]);
    }
  });
});
