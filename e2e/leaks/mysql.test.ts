import type { Demo } from '@gatehouse/cli';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { SHIPPED_POLICIES } from '../stage/policies.ts';
import type { LeakRow } from './leak-row.ts';
import { MYSQL_LEAKS } from './mysql-rows.ts';

/** How a statement is sent: COM_QUERY with text rows, or COM_STMT_PREPARE and COM_STMT_EXECUTE with binary rows. */
const CHANNELS = {
  text: (client: mysql.Connection, sql: string) => client.query(sql),
  binary: (client: mysql.Connection, sql: string) => client.execute(sql),
} as const;

type Channel = keyof typeof CHANNELS;

interface SqlError {
  readonly errno: number;
  readonly message: string;
}

describe('no masked value of MariaDB leaves', () => {
  let stage: Demo;
  let client: mysql.Connection;
  let received: Buffer[] = [];
  let secrets: readonly string[] = [];

  beforeAll(async () => {
    stage = await openStage({ need: ['mysql'], policies: SHIPPED_POLICIES, upstreamAs: 'owner' });
    const { host, port, user, password } = stage.fleet.mysql!;
    const direct = await mysql.createConnection({ host, port, user, password, database: 'billing' });
    const [rows] = await direct.query('select customer_email, tax_id, iban from accounts');
    secrets = (rows as Record<string, string>[])
      .flatMap((row) => Object.values(row))
      .filter((value) => typeof value === 'string' && value.length > 5);
    await direct.end();
    client = await mysql.createConnection({
      host: '127.0.0.1',
      port: stage.port('mysql'),
      user: 'ana',
      password: stage.token('ana'),
      database: 'billing',
    });
    // Everything that arrives is looked at as bytes, whatever the driver makes of it.
    const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
    stream.on('data', (chunk: Buffer) => received.push(chunk));
  });

  afterAll(async () => {
    await client?.end();
    await stage?.close();
  });

  async function attempt(channel: Channel, statement: string) {
    received = [];
    let error: SqlError | null = null;
    try {
      await CHANNELS[channel](client, statement);
    } catch (caught) {
      error = caught as SqlError;
    }
    const text = Buffer.concat(received).toString('latin1');
    return {
      error,
      leaked: secrets.filter((secret) => text.includes(Buffer.from(secret).toString('latin1'))),
    };
  }

  function check({ expect: expected }: LeakRow, error: SqlError | null): void {
    const refused = error?.message.startsWith('gatehouse:') === true;
    if (expected === 'denied' || expected === 'depth')
      expect([refused, error?.message]).toEqual([true, error?.message]);
    else expect(error).toBeNull();
  }

  describe.each(Object.keys(CHANNELS) as Channel[])('%s', (channel) => {
    it.each(MYSQL_LEAKS)('$expect: $statement', async (row) => {
      const { error, leaked } = await attempt(channel, row.statement);
      expect(leaked).toEqual([]);
      check(row, error);
    });
  });

  it('goes on in step afterwards', async () => {
    expect((await client.query('select 1 as n'))[0]).toEqual([{ n: 1 }]);
  });
});
