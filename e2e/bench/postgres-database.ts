import type { PostgresServer } from '@gatehouse/fleet';
import pg from 'pg';

/** Creates a database unless a part before has. */
export async function createDatabase(server: PostgresServer, name: string): Promise<void> {
  try {
    await askPostgres(server, 'postgres', `create database ${name}`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== DUPLICATE_DATABASE) throw error;
  }
}

/** Runs statements as the owner of the server. */
export async function askPostgres(server: PostgresServer, database: string, sql: string): Promise<void> {
  const { host, port, user, password } = server;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

const DUPLICATE_DATABASE = '42P04';
