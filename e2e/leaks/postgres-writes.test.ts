import type { Demo } from '@gatehouse/cli';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { masksOnlyPolicies } from '../stage/policies.ts';
import { POSTGRES_WRITE_LEAKS } from './postgres-rows.ts';

/** How a statement is sent. */
const CHANNELS = {
  simple: (client: pg.Client, sql: string) => client.query(sql),
  'extended text': (client: pg.Client, sql: string) =>
    client.query({ text: sql, queryMode: 'extended' } as pg.QueryConfig),
  'extended binary': (client: pg.Client, sql: string) =>
    client.query({ text: sql, queryMode: 'extended', binary: true } as pg.QueryConfig),
} as const;

type Channel = keyof typeof CHANNELS;

describe('no masked value of Postgres leaves by a write', () => {
  let stage: Demo;
  let client: pg.Client;
  let received: Buffer[] = [];
  let secrets: readonly string[] = [];

  beforeAll(async () => {
    stage = await openStage({ need: ['postgres'], policies: masksOnlyPolicies(), upstreamAs: 'owner' });
    const { host, port, user, password } = stage.fleet.postgres!;
    const direct = new pg.Client({ host, port, user, password, database: 'shop' });
    await direct.connect();
    const { rows } = await direct.query('select email, phone, national_id from customers');
    secrets = rows
      .flatMap(({ email, phone, national_id }) => [email, phone, national_id])
      .filter((value) => typeof value === 'string' && value.length > 5);
    await direct.end();
    client = new pg.Client({
      host: '127.0.0.1',
      port: stage.port('postgres'),
      user: 'ana',
      password: stage.token('ana'),
      database: 'shop',
    });
    await client.connect();
    const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
    stream.on('data', (chunk: Buffer) => received.push(chunk));
  });

  afterAll(async () => {
    await client?.end();
    await stage?.close();
  });

  describe.each(Object.keys(CHANNELS) as Channel[])('%s', (channel) => {
    it.each(POSTGRES_WRITE_LEAKS)('$expect: $statement', async ({ statement, expect: expected }) => {
      received = [];
      await client.query('begin');
      const error = await CHANNELS[channel](client, statement).then(
        () => null,
        (caught: pg.DatabaseError) => caught,
      );
      await client.query('rollback');
      const text = Buffer.concat(received).toString('latin1');
      expect(secrets.filter((secret) => text.includes(Buffer.from(secret).toString('latin1')))).toEqual([]);
      if (expected === 'masked') expect(error).toBeNull();
      else expect([error?.message.slice(0, 10), error?.code]).toEqual(['gatehouse:', '42501']);
    });
  });
});
