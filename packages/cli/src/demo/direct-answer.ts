import type { Login, RunningServer } from '@gatehouse/fleet';
import mongodb from 'mongodb';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { DemoStep, MaskedRead } from './demo-steps.ts';
import type { Demo } from './open-demo.ts';

type Dialect = DemoStep['dialect'];
type Row = Readonly<Record<string, unknown>>;

/** What the database itself answers, past the gateway: every value of the masked fields. */
export async function askDirectly(
  demo: Demo,
  dialect: Dialect,
  { question, fields }: MaskedRead,
): Promise<readonly string[]> {
  const rows = await query(demo, dialect, question);
  return rows.flatMap((row) => fields.map((field) => valueAt(row, field))).filter((value) => value !== null);
}

/** How many rows or documents there are, past the gateway. */
export async function countDirectly(demo: Demo, dialect: Dialect, question: string): Promise<number> {
  if (dialect === 'mongodb')
    return withMongodb(demo, (database) => database.collection(question).countDocuments());
  const [row] = await query(demo, dialect, question);
  return Number(row?.['n']);
}

async function query(demo: Demo, dialect: Dialect, question: string): Promise<readonly Row[]> {
  switch (dialect) {
    case 'postgres':
      return withPostgres(demo, question);
    case 'mysql':
      return withMysql(demo, question);
    case 'mongodb':
      return withMongodb(demo, (database) =>
        database.collection(question).find().sort({ _id: 1 }).limit(2).toArray(),
      );
  }
}

function valueAt(row: Row, path: string): string | null {
  let value: unknown = row;
  for (const part of path.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Row)[part] : undefined;
  return typeof value === 'string' && value !== '' ? value : null;
}

function server<Kind extends 'postgres' | 'mysql' | 'mongodb'>(
  demo: Demo,
  kind: Kind,
): RunningServer & { readonly app: Login } {
  const found = demo.fleet[kind];
  if (found === undefined) throw new Error(`${kind} does not run`);
  return found;
}

async function withPostgres(demo: Demo, sql: string): Promise<readonly Row[]> {
  const { host, port, user, password } = server(demo, 'postgres');
  const client = new pg.Client({ host, port, user, password, database: 'shop' });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withMysql(demo: Demo, sql: string): Promise<readonly Row[]> {
  const { host, port, user, password } = server(demo, 'mysql');
  const connection = await mysql.createConnection({ host, port, user, password, database: 'billing' });
  try {
    return (await connection.query(sql))[0] as Row[];
  } finally {
    await connection.end();
  }
}

async function withMongodb<T>(demo: Demo, work: (database: mongodb.Db) => Promise<T>): Promise<T> {
  const client = new mongodb.MongoClient(server(demo, 'mongodb').url);
  try {
    return await work(client.db('support'));
  } finally {
    await client.close();
  }
}
