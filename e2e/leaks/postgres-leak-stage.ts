import type { Demo } from '@gatehouse/cli';
import pg from 'pg';
import { openStage } from '../stage/open-stage.ts';
import { createValueFinder } from './find-values.ts';

/** How a statement is sent as a whole. */
export const STATEMENT_CHANNELS = {
  simple: (client: pg.Client, sql: string) => client.query(sql),
  'extended text': (client: pg.Client, sql: string) =>
    client.query({ text: sql, queryMode: 'extended' } as pg.QueryConfig),
  'extended binary': (client: pg.Client, sql: string) =>
    client.query({ text: sql, queryMode: 'extended', binary: true } as pg.QueryConfig),
} as const;

/** A gateway with the owner's rights behind it, an analyst in front of it, and ears on the wire between them. */
export interface PostgresLeakStage {
  readonly stage: Demo;
  /** The analyst's connection. */
  readonly client: pg.Client;
  /** Forgets what has arrived so far. */
  forget(): void;
  /** What has arrived since: every byte, whatever the driver made of it. */
  received(): Buffer;
  /** The values of personal columns, of those long enough to be told from chance, that have arrived since; byte by byte. */
  leaked(): readonly string[];
  close(): Promise<void>;
}

/** Opens it under a folder of policies; close it in `afterAll`. */
export async function openPostgresLeakStage(policies: string): Promise<PostgresLeakStage> {
  const stage = await openStage({ need: ['postgres'], policies, upstreamAs: 'owner' });
  const { host, port, user, password } = stage.fleet.postgres!;
  const direct = new pg.Client({ host, port, user, password, database: 'shop' });
  await direct.connect();
  const { rows } = await direct.query('select email, phone, national_id from customers');
  const cards = await direct.query('select card_number from payments where id <= 50');
  await direct.end();
  const findSecrets = createValueFinder([...rows, ...cards.rows].flatMap((row) => Object.values(row)));
  const client = new pg.Client({
    host: '127.0.0.1',
    port: stage.port('postgres'),
    user: 'ana',
    password: stage.token('ana'),
    database: 'shop',
  });
  await client.connect();
  let chunks: Buffer[] = [];
  const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return {
    stage,
    client,
    forget() {
      chunks = [];
    },
    received: () => Buffer.concat(chunks),
    leaked: () => findSecrets(Buffer.concat(chunks)),
    async close() {
      await client.end();
      await stage.close();
    },
  };
}
