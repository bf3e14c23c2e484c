/** A store on a Postgres server, through a few pooled connections. */
import { Pool } from 'pg';
import type { SqlConnection } from './sql-connection.ts';

export interface PostgresConnectionOptions {
  readonly url: string;
  /** Told about connections that broke while nobody used them. */
  readonly onError: (error: Error) => void;
}

const CONNECTIONS = 4;
const CONNECT_MS = 5_000;
const QUERY_MS = 30_000;

/** Opens nothing yet; connections are made when they are needed, and anew after they broke. */
export function openPostgresConnection({ url, onError }: PostgresConnectionOptions): SqlConnection {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    statement_timeout: QUERY_MS,
    application_name: 'gatehouse-audit',
  });
  pool.on('error', onError);
  return {
    async query({ text, values }) {
      const result = await pool.query<Record<string, unknown>>(text, [...values]);
      return result.rows;
    },
    close: () => pool.end(),
  };
}
