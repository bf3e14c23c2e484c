import mysql from 'mysql2/promise';
import { clientTls, type OwnConnection, type OwnConnectionOptions, sqlOf } from './own-connection.ts';

/** Own connection through `mysql2`. */
export function openMysql(options: OwnConnectionOptions): OwnConnection {
  const ssl = clientTls(options);
  const pool = mysql.createPool({
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    password: options.password,
    ...(ssl === undefined ? {} : { ssl }),
    connectionLimit: 2,
    connectTimeout: 10_000,
    multipleStatements: false,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
  });
  return {
    ask: async (question) => (await pool.query(sqlOf(question)))[0],
    close: () => pool.end(),
  };
}
