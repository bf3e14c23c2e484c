import { readFileSync } from 'node:fs';
import type { Demo } from '@gatehouse/cli';
import { MongoClient } from 'mongodb';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { allowAllPolicies } from '../stage/policies.ts';

/** Listeners that take nobody without TLS: who comes without is told so at once, who comes with it is let in. */
describe('listeners that require TLS', () => {
  let stage: Demo;
  let ca: string;

  beforeAll(async () => {
    const listener = (dialect: string, database: string) => ({
      ...{ name: dialect, dialect, port: 0, databases: [database], tls: 'required' },
    });
    stage = await openStage({
      need: ['postgres', 'mysql', 'mongodb'],
      policies: allowAllPolicies(),
      config: {
        listeners: [
          listener('postgres', 'shop'),
          listener('mysql', 'billing'),
          listener('mongodb', 'support'),
        ],
      },
    });
    ca = readFileSync(stage.caFile, 'utf8');
  });

  afterAll(() => stage?.close());

  /** What a login gave: `in`, or the words of the refusal. */
  const outcome = (login: Promise<unknown>): Promise<string> =>
    login.then(
      () => 'in',
      ({ message }: Error) => message,
    );

  async function postgres(ssl: pg.ClientConfig['ssl']): Promise<void> {
    const client = new pg.Client({
      ...{ host: '127.0.0.1', port: stage.port('postgres'), database: 'shop' },
      ...{ user: 'ana', password: stage.token('ana'), ssl },
    });
    await client.connect();
    await client.end();
  }

  async function mariadb(ssl: mysql.SslOptions | undefined): Promise<void> {
    const connection = await mysql.createConnection({
      ...{ host: '127.0.0.1', port: stage.port('mysql'), database: 'billing' },
      ...{ user: 'ana', password: stage.token('ana') },
      ...(ssl && { ssl }),
    });
    await connection.end();
  }

  async function mongodb(tls: object): Promise<void> {
    const client = new MongoClient(
      `mongodb://ana:${stage.token('ana')}@127.0.0.1:${stage.port('mongodb')}/?authSource=admin`,
      { serverSelectionTimeoutMS: 10_000, ...tls },
    );
    await client.connect().finally(() => client.close());
  }

  it('let Postgres clients in with it, and tell others', async () => {
    expect(await outcome(postgres({ ca }))).toBe('in');
    expect(await outcome(postgres(false))).toMatch(/TLS/);
  });

  it('let MariaDB clients in with it, and tell others', async () => {
    expect(await outcome(mariadb({ ca }))).toBe('in');
    expect(await outcome(mariadb(undefined))).toMatch(/TLS/);
  });

  it('let MongoDB clients in with it, and tell others', async () => {
    expect(await outcome(mongodb({ tls: true, tlsCAFile: stage.caFile }))).toBe('in');
    expect(await outcome(mongodb({}))).toMatch(/TLS/);
  });
});
