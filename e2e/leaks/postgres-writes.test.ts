import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { masksOnlyPolicies } from '../stage/policies.ts';
import { openPostgresLeakStage, type PostgresLeakStage, STATEMENT_CHANNELS } from './postgres-leak-stage.ts';
import { POSTGRES_WRITE_LEAKS } from './postgres-rows.ts';

type Channel = keyof typeof STATEMENT_CHANNELS;

describe('no masked value of Postgres leaves by a write', () => {
  let opened: PostgresLeakStage;

  beforeAll(async () => {
    opened = await openPostgresLeakStage(masksOnlyPolicies());
  });

  afterAll(() => opened?.close());

  describe.each(Object.keys(STATEMENT_CHANNELS) as Channel[])('%s', (channel) => {
    it.each(POSTGRES_WRITE_LEAKS)('$expect: $statement', async ({ statement, expect: expected }) => {
      const { client } = opened;
      opened.forget();
      await client.query('begin');
      const error = await STATEMENT_CHANNELS[channel](client, statement).then(
        () => null,
        (caught: pg.DatabaseError) => caught,
      );
      await client.query('rollback');
      expect(opened.leaked()).toEqual([]);
      if (expected === 'masked') expect(error).toBeNull();
      else expect([error?.message.slice(0, 10), error?.code]).toEqual(['gatehouse:', '42501']);
    });
  });
});
