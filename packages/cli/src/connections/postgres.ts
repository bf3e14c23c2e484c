import pg from 'pg';
import { clientTls, type OwnConnection, type OwnConnectionOptions, sqlOf } from './own-connection.ts';

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
    ask: async (question) => (await pool.query(sqlOf(question))).rows,
    close: () => pool.end(),
  };
}
