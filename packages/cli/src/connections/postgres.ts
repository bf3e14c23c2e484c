import pg from 'pg';
import {
  clientTls,
  type OwnConnection,
  type OwnConnectionOptions,
  sqlOf,
  timeoutOf,
} from './own-connection.ts';

/** Own connection through `pg`; values come back as the server's text, so that nothing is lost in a number. */
export function openPostgres(options: OwnConnectionOptions): OwnConnection {
  const ssl = clientTls(options);
  const pool = new pg.Pool({
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    password: options.password,
    ...(ssl === undefined ? {} : { ssl }),
    max: 2,
    application_name: 'gatehouse',
    connectionTimeoutMillis: 10_000,
  });
  pool.on('error', () => undefined);
  return {
    ask: async (question) => {
      const timeoutMs = timeoutOf(question);
      const sql = sqlOf(question);
      return timeoutMs === undefined ? (await pool.query(sql)).rows : askWithin(pool, sql, timeoutMs);
    },
    close: () => pool.end(),
  };
}

/**
 * Runs a statement that may take long, and whose tables belong to others.
 *
 * SECURITY: nothing can be written, and row policies, which run functions of a table's owner with the rights of
 * this connection, are not run: the server refuses such a table.
 */
async function askWithin(pool: pg.Pool, sql: string, timeoutMs: number): Promise<unknown> {
  const client = await pool.connect();
  try {
    await client.query(
      `begin read only; set local statement_timeout = ${Math.ceil(timeoutMs)}; set local row_security = off`,
    );
    const { rows } = await client.query(sql);
    await client.query('rollback');
    client.release();
    return rows;
  } catch (error) {
    client.release(true);
    throw error;
  }
}
