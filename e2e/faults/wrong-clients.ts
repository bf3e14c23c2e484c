/**
 * One client of each dialect by its ordinary driver, so that one test can be said for all three.
 *
 * `ask` runs a small read, `write` adds one row that `written` counts at the server itself.
 */
import type { Demo } from '@gatehouse/cli';
import { MongoClient } from 'mongodb';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';

export const DIALECTS = ['postgres', 'mysql', 'mongodb'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** An error as the driver gives it, in the dialect's own code. */
export interface Failure {
  readonly code: string | number | undefined;
  readonly message: string;
}

export interface Client {
  /** 1, if everything is well. */
  ask(): Promise<unknown>;
  /** A statement of so many bytes of text. */
  askLarge(bytes: number): Promise<unknown>;
  /** A statement nested so deeply. */
  askDeep(depth: number): Promise<unknown>;
  /** A NUL where a text stands. */
  askNul(): Promise<unknown>;
  /** Rows without an end in sight, until they end or fail. */
  readForLong(): Promise<unknown>;
  write(): Promise<unknown>;
  close(): Promise<void>;
}

/** What went wrong; null when nothing did. */
export async function failureOf(run: Promise<unknown>): Promise<Failure | null> {
  try {
    await run;
    return null;
  } catch (error) {
    const { code, errno, message } = error as Error & { code?: string | number; errno?: number };
    return { code: typeof errno === 'number' && errno > 0 ? errno : code, message };
  }
}

export async function connect(stage: Demo, dialect: Dialect): Promise<Client> {
  const port = stage.port(dialect);
  const password = stage.token('ana');
  if (dialect === 'postgres') return connectPostgres(port, password);
  return dialect === 'mysql' ? connectMysql(port, password) : connectMongodb(port, password);
}

async function connectPostgres(port: number, password: string): Promise<Client> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'ana', password, database: 'shop' });
  client.on('error', () => undefined);
  await client.connect();
  return {
    ask: async () => (await client.query('select 1 as n')).rows[0].n,
    askLarge: (bytes) => client.query(`select '${'x'.repeat(bytes)}'`),
    askDeep: (depth) => client.query(`select ${'('.repeat(depth)}1${')'.repeat(depth)}`),
    askNul: () => client.query("select 'a\0b'"),
    readForLong: () => client.query("select repeat('x', 1000) from generate_series(1, 100000000)"),
    write: () => client.query('insert into wrong values (1)'),
    close: () => client.end().catch(() => undefined),
  };
}

async function connectMysql(port: number, password: string): Promise<Client> {
  const client = await createConnection({
    ...{ host: '127.0.0.1', port, user: 'ana', password, database: 'billing' },
    ssl: { rejectUnauthorized: false },
  });
  client.on('error', () => undefined);
  return {
    ask: async () => ((await client.query('select 1 as n'))[0] as { n: number }[])[0]!.n,
    askLarge: (bytes) => client.query(`select '${'x'.repeat(bytes)}'`),
    askDeep: (depth) => client.query(`select ${'('.repeat(depth)}1${')'.repeat(depth)}`),
    askNul: () => client.query('select \0 1'),
    readForLong: () =>
      client.query("select repeat('x', 1000) from accounts a, accounts b, accounts c, accounts d"),
    write: () => client.query('insert into wrong values (1)'),
    close: async () => client.destroy(),
  };
}

async function connectMongodb(port: number, password: string): Promise<Client> {
  const client = new MongoClient(`mongodb://ana:${password}@127.0.0.1:${port}/?authSource=admin`, {
    ...{ retryReads: false, retryWrites: false, serverSelectionTimeoutMS: 5_000, maxPoolSize: 1 },
  });
  await client.connect();
  const db = client.db('support');
  return {
    ask: async () => (await db.command({ ping: 1 }))['ok'],
    askLarge: (bytes) => db.command({ find: 'tickets', filter: { _id: -1, text: 'x'.repeat(bytes) } }),
    askDeep: (depth) => {
      let filter: object = { a: 1 };
      for (let level = 0; level < depth; level++) filter = { $and: [filter] };
      return db.command({ find: 'tickets', filter });
    },
    askNul: () => db.command({ find: 'tic\0kets' }),
    readForLong: async () => {
      for (;;) await db.collection('events').find().sort({ _id: 1 }).toArray();
    },
    write: () => db.collection('wrong').insertOne({ n: 1 }),
    close: () => client.close(),
  };
}
