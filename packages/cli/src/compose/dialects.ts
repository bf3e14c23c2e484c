import type { Adapter } from '@gatehouse/adapter';
import { createMongodbAdapter } from '@gatehouse/adapter-mongodb';
import { createMysqlAdapter } from '@gatehouse/adapter-mysql';
import { createPostgresAdapter } from '@gatehouse/adapter-postgres';
import { sampleMongodb } from '../classify/sample-mongodb.ts';
import { sampleMysql } from '../classify/sample-mysql.ts';
import { samplePostgres } from '../classify/sample-postgres.ts';
import type { Sampler } from '../classify/sampled-table.ts';
import { openMongodb } from '../connections/mongodb.ts';
import { openMysql } from '../connections/mysql.ts';
import type { OwnConnection, OwnConnectionOptions } from '../connections/own-connection.ts';
import { openPostgres } from '../connections/postgres.ts';

/** A dialect as the gateway is composed of it: an adapter, and a driver for the gateway's own connection. */
export interface Dialect {
  createAdapter(): Promise<Adapter>;
  openConnection(options: OwnConnectionOptions): OwnConnection;
  /** Reads some values of every table through that connection. */
  readonly sample: Sampler;
}

/** The only place that names the dialects that are built in. */
export const DIALECTS: Readonly<Record<string, Dialect>> = {
  postgres: {
    createAdapter: async () => createPostgresAdapter(),
    openConnection: openPostgres,
    sample: samplePostgres,
  },
  mysql: { createAdapter: async () => createMysqlAdapter(), openConnection: openMysql, sample: sampleMysql },
  mongodb: {
    createAdapter: async () => createMongodbAdapter(),
    openConnection: openMongodb,
    sample: sampleMongodb,
  },
};
