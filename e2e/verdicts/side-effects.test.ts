import type { Demo } from '@gatehouse/cli';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { policyFolder } from '../stage/policies.ts';

/** What a real server does besides what a statement says: rules about it hold, and what stands in the tables is looked at. */
const POLICY = `kind: policy
name: side-effects
rules:
  - name: everything
    effect: permit
    match: { actions: ['*', call] }
  - name: keep-lines
    effect: deny
    match: { actions: [delete, update], objects: [public.line_items] }
  - name: no-bells
    effect: deny
    match: { statement: { functions: [public.ring*] } }
`;

const TABLES = `
create table baskets (id int primary key, label text unique);
create table line_items (id int primary key, basket int references baskets on delete cascade);
create table tags (id int primary key, label text references baskets (label) on update cascade);
create table bells (id int primary key);
create table plain (id int primary key, at timestamptz default now());
create function ring_bell() returns trigger language plpgsql as 'begin return new; end';
create trigger ring after insert on bells for each row execute function ring_bell();
create function ring_default() returns int language plpgsql as 'begin return 1; end';
create table defaulted (id int default ring_default());
create function ring_check(int) returns boolean language plpgsql immutable as 'begin return true; end';
create domain checked as int check (ring_check(value));
create table in_domain (id checked);
create table in_check (id int check (ring_check(id)));
create table indexed (id int);
create index on indexed (ring_check(id));
create table guarded (id int);
alter table guarded enable row level security;
create policy p on guarded using (ring_check(id));
create table twice (id int, doubled int generated always as (case when ring_check(id) then id * 2 end) stored);
insert into baskets values (1, 'a'), (2, 'b');
insert into line_items values (1, 1), (2, 2);
insert into tags values (1, 'a');
insert into indexed values (1);
`;

describe('what a Postgres statement does besides what it says', () => {
  let stage: Demo;
  let direct: pg.Client;
  let client: pg.Client;

  beforeAll(async () => {
    stage = await openStage({
      need: ['postgres'],
      policies: policyFolder(POLICY),
      upstreamAs: 'owner',
    });
    const { host, port, user, password } = stage.fleet.postgres!;
    direct = new pg.Client({ host, port, user, password, database: 'shop' });
    await direct.connect();
    await direct.query(TABLES);
    client = new pg.Client({
      host: '127.0.0.1',
      port: stage.port('postgres'),
      user: 'ana',
      password: stage.token('ana'),
      database: 'shop',
    });
    await client.connect();
  });

  afterAll(async () => {
    await client?.end();
    await direct?.end();
    await stage?.close();
  });

  const outcome = (sql: string) =>
    client.query(sql).then(
      () => 'ran',
      ({ message }: Error) => /rule `side-effects\/([a-z-]+)`/.exec(message)?.[1] ?? message,
    );

  it('is decided as what foreign keys change', async () => {
    expect(await outcome('delete from baskets where id = 1')).toBe('keep-lines');
    const { rows } = await direct.query('select count(*)::int as n from line_items');
    expect(rows).toEqual([{ n: 2 }]);
    expect(await outcome("update baskets set label = 'c' where id = 1")).toBe('ran');
    expect((await direct.query('select label from tags')).rows).toEqual([{ label: 'c' }]);
  });

  it.each([
    ['insert into bells values (1)', 'a trigger'],
    ['insert into defaulted values (default)', 'a default'],
    ['insert into in_domain values (1)', 'a domain'],
    ['insert into in_check values (1)', 'a check'],
    ['update indexed set id = 2', 'an index'],
    ['select * from guarded', 'a policy for rows'],
    ['insert into twice values (1)', 'a generated column'],
  ])('is decided by the functions that run with %s: %s', async (sql) => {
    expect(await outcome(sql)).toBe('no-bells');
  });

  it('is nothing where nothing more is done', async () => {
    expect(await outcome('delete from bells where id = 1')).toBe('ran');
    expect(await outcome('insert into plain values (1)')).toBe('ran');
    expect(await outcome('select * from indexed')).toBe('ran');
  });
});
