import type { Demo } from '@gatehouse/cli';
import { MongoClient } from 'mongodb';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { masksOnlyPolicies } from '../stage/policies.ts';

/**
 * A masked column may be compared with a constant, so many times in an hour: who knows an e-mail address finds its
 * customer, who guesses is stopped. The same in every dialect; each has its own principals, so that they start at zero.
 */
const PER_HOUR = 3;
const PRINCIPALS = `principals:
  - { name: ana, kind: human, groups: [] }
  - { name: bob, kind: human, groups: [] }
  - { name: carl, kind: service, groups: [] }
  - { name: dora, kind: human, groups: [] }
`;

/** Runs a statement: how many rows came, or the code of the refusal. */
type Ask = (known: string) => Promise<number | string>;

let stage: Demo;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  stage = await openStage({
    need: ['postgres', 'mysql', 'mongodb'],
    policies: masksOnlyPolicies(PER_HOUR),
    principals: PRINCIPALS,
    tokensFor: ['ana', 'bob', 'carl', 'dora'],
    upstreamAs: 'owner',
  });
});

afterAll(async () => {
  for (const close of closing) await close().catch(() => undefined);
  await stage?.close();
});

async function postgres(as: string): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: stage.port('postgres'),
    user: as,
    password: stage.token(as),
    database: 'shop',
  });
  await client.connect();
  closing.push(() => client.end());
  return client;
}

async function mariadb(as: string): Promise<mysql.Connection> {
  const connection = await mysql.createConnection({
    host: '127.0.0.1',
    port: stage.port('mysql'),
    user: as,
    password: stage.token(as),
    database: 'billing',
  });
  closing.push(() => connection.end());
  return connection;
}

async function mongodb(as: string): Promise<MongoClient> {
  const client = await MongoClient.connect(
    `mongodb://${as}:${stage.token(as)}@127.0.0.1:${stage.port('mongodb')}/support?authSource=admin`,
  );
  closing.push(() => client.close());
  return client;
}

/** Which refusal it is, by its words; codes differ between the dialects. */
function refusal(error: unknown): string {
  const { message } = error as Error;
  if (message.includes(`may be compared ${PER_HOUR} times in an hour`)) return 'spent';
  return /masked column .* is used to (?:filter|join)/.test(message) ? 'masked-use' : message;
}

describe('Postgres', () => {
  let known: string;
  let client: pg.Client;

  beforeAll(async () => {
    const { host, port, user, password } = stage.fleet.postgres!;
    const direct = new pg.Client({ host, port, user, password, database: 'shop' });
    await direct.connect();
    known = (await direct.query('select email from customers where id = 7')).rows[0].email;
    await direct.end();
    client = await postgres('ana');
  });

  const ask: Ask = (value) =>
    client.query('select id, email from customers where email = $1', [value]).then(({ rows }) => {
      for (const row of rows) expect(row.email).not.toBe(known);
      return rows.length;
    }, refusal);

  it('finds by a known value, and stops who guesses on', async () => {
    expect(await ask(known)).toBe(1);
    expect(await ask('nobody@example.com')).toBe(0);
    const { rows } = await client.query(`select id from customers where 'x@example.com' = email and id > 0`);
    expect(rows).toEqual([]);
    expect(await ask(known)).toBe('spent');
    expect((await client.query('select count(*)::int as n from customers')).rows[0].n).toBeGreaterThan(1);
  });

  it('counts over all sessions, and each column by itself', async () => {
    client = await postgres('ana');
    expect(await ask(known)).toBe('spent');
    expect((await client.query("select id from customers where phone = 'x'")).rows).toEqual([]);
  });

  it('counts each Execute of a prepared statement, and none of what is only prepared', async () => {
    const other = await postgres('carl');
    const run = (value: string) =>
      other
        .query({ name: 'find', text: 'select id from customers where email = $1', values: [value] })
        .then(({ rows }) => rows.length, refusal);
    expect([await run('a'), await run('b'), await run('c'), await run('d')]).toEqual([0, 0, 0, 'spent']);
  });

  it.each([
    ["select id from customers where email = 'a' or email = 'b'", 'two guesses at once'],
    ["select id from customers where lower(email) = 'a'", 'a part of the value'],
    ["select id from customers where email <> 'a'", 'not for being equal'],
    ["select id from customers where email = (select 'a')", 'not with a constant'],
    [
      "select c.id from customers c join (values ('a'), ('b')) v(e) on c.email = v.e",
      'with as many values as rows',
    ],
    [
      "with a as (select id from customers where email = 'a') select id from customers where email = 'b'",
      'two guesses in two places',
    ],
  ])('refuses %s: %s', async (sql) => {
    const other = await postgres('bob');
    expect(await other.query(sql).then(() => 'ran', refusal)).toBe('masked-use');
  });
});

describe('MariaDB', () => {
  let known: string;
  let connection: mysql.Connection;

  beforeAll(async () => {
    const { host, port, user, password } = stage.fleet.mysql!;
    const direct = await mysql.createConnection({ host, port, user, password, database: 'billing' });
    const [rows] = await direct.query<mysql.RowDataPacket[]>('select iban from accounts where id = 7');
    known = rows[0]!['iban'];
    await direct.end();
    connection = await mariadb('ana');
  });

  const ask: Ask = (value) =>
    connection
      .query<mysql.RowDataPacket[]>('select id, iban from accounts where iban = ?', [value])
      .then(([rows]) => {
        for (const row of rows) expect(row['iban']).not.toBe(known);
        return rows.length;
      }, refusal);

  it('finds by a known value, and stops who guesses on', async () => {
    expect(await ask(known)).toBe(1);
    expect(await ask('DE00')).toBe(0);
    expect(await ask('DE01')).toBe(0);
    expect(await ask(known)).toBe('spent');
    const [rows] = await connection.query<mysql.RowDataPacket[]>('select count(*) as n from accounts');
    expect(rows[0]!['n']).toBeGreaterThan(1);
  });

  it.each([
    ['select id from accounts where iban = 1', 'the server would compare the digits that it begins with'],
    ["select id from accounts where iban = 'a' or iban = 'b'", 'two guesses at once'],
    ["select id from accounts where lower(iban) = 'a'", 'a part of the value'],
    ["select id from accounts having iban = 'a'", 'an output may be meant'],
  ])('refuses %s: %s', async (sql) => {
    const other = await mariadb('bob');
    expect(await other.query(sql).then(() => 'ran', refusal)).toBe('masked-use');
  });

  it('counts each execution with a text as parameter, and none of what is only prepared', async () => {
    const other = await mariadb('carl');
    const run = (value: unknown) =>
      other
        .execute<mysql.RowDataPacket[]>('select id from accounts where iban = ?', [value as string])
        .then(([rows]) => rows.length, refusal);
    expect([await run('a'), await run(known), await run('c'), await run('d')]).toEqual([0, 1, 0, 'spent']);
  });

  it.each([
    [0, 'a number, which every text is equal to that begins with no digit'],
    [1.5, 'a fraction'],
    [true, 'a truth value'],
    [new Date(0), 'a date'],
  ])('refuses a parameter that is no text: %s, %s', async (value: number | boolean | Date, _why: string) => {
    const other = await mariadb('bob');
    const run = other.execute('select id from accounts where iban = ?', [value]);
    expect(await run.then(() => 'ran', refusal)).toBe('masked-use');
  });

  it('refuses a number behind an execution with a text', async () => {
    const other = await mariadb('dora');
    const prepared = await other.prepare('select id from accounts where iban = ?');
    const run = (value: unknown) => prepared.execute([value as string]).then(() => 'ran', refusal);
    expect([await run('a'), await run(0), await run('b')]).toEqual(['ran', 'masked-use', 'ran']);
  });
});

describe('MongoDB', () => {
  let known: string;
  let client: MongoClient;

  beforeAll(async () => {
    const direct = await MongoClient.connect(stage.fleet.mongodb!.url);
    known = (await direct.db('support').collection('tickets').findOne())!['customer'].email;
    await direct.close();
    client = await mongodb('ana');
  });

  const ask: Ask = (value) =>
    client
      .db('support')
      .collection('tickets')
      .find({ 'customer.email': value })
      .toArray()
      .then((documents) => {
        for (const { customer } of documents) expect(customer.email).not.toBe(known);
        return Math.min(documents.length, 1);
      }, refusal);

  it('finds by a known value, and stops who guesses on', async () => {
    expect(await ask(known)).toBe(1);
    expect(await ask('nobody@example.com')).toBe(0);
    expect(await client.db('support').collection('tickets').countDocuments({ 'customer.email': known })).toBe(
      await directCount(known),
    );
    expect(await ask(known)).toBe('spent');
    expect(await client.db('support').collection('tickets').countDocuments({})).toBeGreaterThan(1);
  });

  async function directCount(email: string): Promise<number> {
    const direct = await MongoClient.connect(stage.fleet.mongodb!.url);
    const count = await direct
      .db('support')
      .collection('tickets')
      .countDocuments({ 'customer.email': email });
    await direct.close();
    return count;
  }

  it.each([
    [{ 'customer.email': { $in: ['a'] } }, 'as many as the list is long'],
    [{ 'customer.email': /a/ }, 'a part of the value'],
    [{ 'customer.email': null }, 'whether it is there'],
    [{ $or: [{ 'customer.email': 'a' }, { 'customer.email': 'b' }] }, 'two guesses at once'],
    [{ 'customer.email': { $eq: 'a', $gt: 'a' } }, 'two conditions'],
    [{ customer: { email: 'a' } }, 'a document as a whole'],
  ])('refuses %j: %s', async (filter, _why) => {
    const other = await mongodb('bob');
    const run = other.db('support').collection('tickets').find(filter).toArray();
    expect(await run.then(() => 'ran', refusal)).toBe('masked-use');
  });
});
