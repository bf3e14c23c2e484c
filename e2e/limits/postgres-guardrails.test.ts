import type { Demo } from '@gatehouse/cli';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { guardrailsPolicies } from '../stage/policies.ts';

/** What the shipped guardrails mean for somebody who writes with an ordinary driver. */
describe('the shipped guardrails in Postgres', () => {
  let stage: Demo;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    stage = await openStage({ need: ['postgres'], policies: guardrailsPolicies() });
  });

  afterAll(async () => {
    for (const client of clients) await client.end();
    await stage?.close();
  });

  async function connect(user: string): Promise<pg.Client> {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: stage.port('postgres'),
      user,
      password: stage.token(user),
      database: 'shop',
    });
    await client.connect();
    clients.push(client);
    return client;
  }

  it.each(['ana', 'fixbot'])(
    'let %s change a thousand rows with a filter, and not one more',
    async (user) => {
      const client = await connect(user);
      const change = (rows: number) => `update customers set notes = 'seen by ${user}' where id <= ${rows}`;
      expect((await client.query(change(1000))).rowCount).toBe(1000);
      await expect(client.query(change(1001))).rejects.toMatchObject({ code: '54000' });
      await expect(client.query({ text: change(1001), name: 'many' })).rejects.toMatchObject({
        code: '54000',
      });
      const { rows } = await client.query(
        `select count(*)::int as n from customers where notes = 'seen by ${user}'`,
      );
      expect(rows).toEqual([{ n: 1000 }]);
    },
  );

  it('still refuse a person a write without a filter', async () => {
    const client = await connect('ana');
    await expect(client.query('delete from order_items')).rejects.toMatchObject({ code: '42501' });
  });

  it('do not limit a service', async () => {
    const client = await connect('ci-migrate');
    const { rowCount } = await client.query('update order_items set price = 9993 where order_id <= 2000');
    expect(rowCount).toBeGreaterThan(1000);
  });
});
