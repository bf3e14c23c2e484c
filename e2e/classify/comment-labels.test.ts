/** Labels that stand in comments on columns and nowhere else: masks hold for them, and who is masked cannot take them away. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Demo } from '@gatehouse/cli';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';

const POLICY = `kind: policy
name: comments
rules:
  - name: everything
    effect: permit
    match: { actions: ['*', call] }
  - name: masks
    effect: mask
    unless: { principals: { groups: [officers] } }
    mask:
      labels:
        pii.email: { kind: partial, keepFirst: 1, keepLast: 0 }
        pii.*: 'null'
`;

const PRINCIPALS = `principals:
  - { name: ana, kind: human, groups: [analysts] }
  - { name: olga, kind: human, groups: [officers] }
`;

/** Long enough for a machine that does eight other things; what is waited for is a state. */
const WAIT = { timeout: 45_000, interval: 250 };

describe('labels in comments', () => {
  let stage: Demo;
  let ana: pg.Client;
  let olga: pg.Client;

  beforeAll(async () => {
    const policies = mkdtempSync(join(tmpdir(), 'gatehouse-policies-'));
    writeFileSync(join(policies, 'policy.yaml'), POLICY);
    stage = await openStage({
      need: ['postgres', 'mysql'],
      policies,
      principals: PRINCIPALS,
      tokensFor: ['ana', 'olga'],
      upstreamAs: 'owner',
    });
    [ana, olga] = await Promise.all([connect('ana'), connect('olga')]);
  });

  afterAll(async () => {
    await Promise.allSettled([ana?.end(), olga?.end()]);
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
    return client;
  }

  const emailOf = async (client: pg.Client, from = 'customers', name?: string): Promise<unknown> => {
    const text = `select email from ${from} order by ${from === 'customers' ? 'id' : 'customer_id'} limit 1`;
    const { rows } = await client.query(name === undefined ? { text } : { text, name });
    return rows[0]?.email;
  };

  it('mask a column in Postgres, for statements that were prepared and decided before', async () => {
    const plain = await emailOf(ana);
    expect(plain).toMatch(/@/);
    expect(await emailOf(ana, 'customers', 'kept')).toBe(plain);
    await olga.query("comment on column customers.email is 'where invoices go; gatehouse: pii.email'");
    await expect.poll(() => emailOf(ana), WAIT).not.toBe(plain);
    const masked = await emailOf(ana);
    expect(masked).not.toContain(String(plain).slice(1, String(plain).indexOf('@')));
    expect(await emailOf(ana, 'customers', 'kept')).toBe(masked);
    expect(await emailOf(olga)).toBe(plain);
  });

  it('hold for a view over the column', async () => {
    const seen = await emailOf(ana, 'customer_orders').catch(({ code }: pg.DatabaseError) => code);
    expect(seen).toBe(await emailOf(ana));
  });

  it('are not taken away by whom they mask', async () => {
    for (const text of [
      'comment on column customers.email is null',
      "comment on column public.customers.email is 'gatehouse: harmless'",
      'alter table customers rename column email to mail',
    ])
      await expect(ana.query(text), text).rejects.toMatchObject({ code: '42501' });
    const { rows } = await olga.query(
      "select col_description('customers'::regclass, 3) as comment, (select attname from pg_attribute where attrelid = 'customers'::regclass and attnum = 3) as name",
    );
    expect(rows).toEqual([{ comment: 'where invoices go; gatehouse: pii.email', name: 'email' }]);
  });

  it('follow a column to its new name, and go with the comment', async () => {
    await olga.query('alter table customers rename column email to mail');
    const mailOf = async () =>
      (await ana.query('select mail from customers order by id limit 1')).rows[0]?.mail;
    const plain = (await olga.query('select mail from customers order by id limit 1')).rows[0]?.mail;
    await expect.poll(() => mailOf().catch(() => plain), WAIT).not.toBe(plain);
    await olga.query('alter table customers rename column mail to email');
    await olga.query('comment on column customers.email is null');
    await expect.poll(() => emailOf(ana).catch(() => null), WAIT).toBe(plain);
  });

  it('hide a column whose label cannot be read', async () => {
    await olga.query("comment on column customers.phone is 'gatehouse: PII Phone!'");
    const read = async () => (await ana.query('select phone from customers where id < 20')).rows;
    await expect.poll(read, WAIT).toEqual(Array.from({ length: 19 }, () => ({ phone: null })));
  });

  it('count when the server was told behind the gateway, once the catalog is read again', async () => {
    const { host, port, user, password } = stage.fleet.postgres!;
    const direct = new pg.Client({ host, port, user, password, database: 'shop' });
    await direct.connect();
    await direct.query("comment on column addresses.street is 'gatehouse: pii.address'");
    const long = `${'x'.repeat(70_000)} gatehouse: harmless`;
    await direct.query(`comment on column products.sku is '${long}'`);
    await direct.end();
    // Any schema change that the gateway sees makes it read the catalog.
    await olga.query('create table seen_by_the_gateway (id int)');
    const read = async () => (await ana.query('select street from addresses limit 1')).rows;
    await expect.poll(read, WAIT).toEqual([{ street: null }]);
    expect((await ana.query('select sku from products limit 1')).rows).toEqual([{ sku: null }]);
  });

  it('mask a column in MariaDB', async () => {
    const open = (user: string) =>
      mysql.createConnection({
        host: '127.0.0.1',
        port: stage.port('mysql'),
        user,
        password: stage.token(user),
        database: 'billing',
      });
    const [analyst, officer] = await Promise.all([open('ana'), open('olga')]);
    try {
      const read = async (): Promise<unknown> => {
        const [rows] = await analyst.query('select customer_email from accounts order by id limit 1');
        return (rows as { customer_email: string }[])[0]?.customer_email;
      };
      const plain = await read();
      expect(plain).toMatch(/@/);
      const define = (comment: string) =>
        officer.query(
          `alter table accounts modify customer_email varchar(190) not null comment '${comment}'`,
        );
      await define('GateHouse: pii.email');
      await expect.poll(() => read().catch(() => plain), WAIT).not.toBe(plain);
      await expect(
        analyst.query("alter table accounts modify customer_email varchar(190) not null comment ''"),
      ).rejects.toMatchObject({ errno: 1142 });
      expect(await read()).not.toBe(plain);
      await define('');
      await expect.poll(() => read().catch(() => null), WAIT).toBe(plain);
    } finally {
      await Promise.all([analyst.end(), officer.end()]);
    }
  });
});
