import type { Document } from 'mongodb';

/** The same request in three dialects: about `people` (id, name, email, city) and `orders` (id, person, total) of `app`. */
export interface Triple {
  readonly what: string;
  readonly postgres: string;
  readonly mysql: string;
  readonly mongodb: Document;
}

function triple(what: string, sql: string, mongodb: Document, mysql: string = sql): Triple {
  return { what, postgres: sql, mysql, mongodb };
}

export const TRIPLES: readonly Triple[] = [
  triple('reads a plain column', 'select name from app.people where id = 1', {
    find: 'people',
    filter: { id: 1 },
    projection: { name: 1, _id: 0 },
  }),
  triple('reads everything', 'select * from app.people where id = 1', { find: 'people', filter: { id: 1 } }),
  triple('reads a masked column', 'select email from app.people where id = 1', {
    find: 'people',
    filter: { id: 1 },
    projection: { email: 1, _id: 0 },
  }),
  triple('filters by a plain column', "select name from app.people where city = 'x'", {
    find: 'people',
    filter: { city: 'x' },
    projection: { name: 1, _id: 0 },
  }),
  triple('filters by a masked column', "select name from app.people where email = 'x'", {
    find: 'people',
    filter: { email: 'x' },
    projection: { name: 1, _id: 0 },
  }),
  triple('sorts by a plain column', 'select name from app.people where id = 1 order by city', {
    find: 'people',
    filter: { id: 1 },
    sort: { city: 1 },
    projection: { name: 1, _id: 0 },
  }),
  triple('sorts by a masked column', 'select name from app.people where id = 1 order by email', {
    find: 'people',
    filter: { id: 1 },
    sort: { email: 1 },
    projection: { name: 1, _id: 0 },
  }),
  triple('groups by a plain column', 'select city, count(*) from app.people group by city', {
    aggregate: 'people',
    pipeline: [{ $group: { _id: '$city', n: { $sum: 1 } } }],
    cursor: {},
  }),
  triple('groups by a masked column', 'select email, count(*) from app.people group by email', {
    aggregate: 'people',
    pipeline: [{ $group: { _id: '$email', n: { $sum: 1 } } }],
    cursor: {},
  }),
  triple('computes over a masked column', 'select lower(email) from app.people where id = 1', {
    aggregate: 'people',
    pipeline: [{ $match: { id: 1 } }, { $project: { x: { $toLower: '$email' } } }],
    cursor: {},
  }),
  triple('takes the largest masked value', 'select max(email) from app.people', {
    aggregate: 'people',
    pipeline: [{ $group: { _id: null, m: { $max: '$email' } } }],
    cursor: {},
  }),
  triple(
    'collects masked values',
    'select array_agg(email) from app.people',
    { aggregate: 'people', pipeline: [{ $group: { _id: null, m: { $push: '$email' } } }], cursor: {} },
    'select group_concat(email) from app.people',
  ),
  triple('counts rows', 'select count(*) from app.people', {
    aggregate: 'people',
    pipeline: [{ $count: 'n' }],
    cursor: {},
  }),
  triple('counts some rows', "select count(*) from app.people where city = 'x'", {
    aggregate: 'people',
    pipeline: [{ $match: { city: 'x' } }, { $count: 'n' }],
    cursor: {},
  }),
  triple('counts by a masked column', "select count(*) from app.people where email = 'x'", {
    aggregate: 'people',
    pipeline: [{ $match: { email: 'x' } }, { $count: 'n' }],
    cursor: {},
  }),
  triple('reads another collection', 'select total from app.orders where id = 1', {
    find: 'orders',
    filter: { id: 1 },
    projection: { total: 1, _id: 0 },
  }),
  triple('reads what nobody may', 'select x from app.vault where id = 1', {
    find: 'vault',
    filter: { id: 1 },
    projection: { x: 1, _id: 0 },
  }),
  triple('inserts', 'insert into app.orders (id, total) values (1, 2)', {
    insert: 'orders',
    documents: [{ id: 1, total: 2 }],
  }),
  triple('inserts where nobody may', 'insert into app.vault (id) values (1)', {
    insert: 'vault',
    documents: [{ id: 1 }],
  }),
  triple('updates one', 'update app.orders set total = 3 where id = 1', {
    update: 'orders',
    updates: [{ q: { id: 1 }, u: { $set: { total: 3 } } }],
  }),
  triple('updates all', 'update app.orders set total = 3', {
    update: 'orders',
    updates: [{ q: {}, u: { $set: { total: 3 } }, multi: true }],
  }),
  triple('updates by a masked column', "update app.people set city = 'x' where email = 'y'", {
    update: 'people',
    updates: [{ q: { email: 'y' }, u: { $set: { city: 'x' } } }],
  }),
  triple('copies a masked column inside its object', 'update app.people set city = email where id = 1', {
    update: 'people',
    updates: [{ q: { id: 1 }, u: [{ $set: { city: '$email' } }] }],
  }),
  triple('deletes one', 'delete from app.orders where id = 1', {
    delete: 'orders',
    deletes: [{ q: { id: 1 }, limit: 0 }],
  }),
  triple('deletes all', 'delete from app.orders', { delete: 'orders', deletes: [{ q: {}, limit: 0 }] }),
  triple('deletes with a filter that filters nothing', 'delete from app.orders where true', {
    delete: 'orders',
    deletes: [{ q: { $and: [{}] }, limit: 0 }],
  }),
  triple(
    'copies masked data into another object',
    'insert into app.orders (total) select email from app.people where id = 1',
    {
      aggregate: 'people',
      pipeline: [{ $match: { id: 1 } }, { $project: { email: 1 } }, { $merge: 'orders' }],
      cursor: {},
    },
  ),
  triple('drops', 'drop table app.orders', { drop: 'orders' }),
  triple('drops everything', 'drop schema app cascade', { dropDatabase: 1 }, 'drop database app'),
  triple(
    'renames',
    'alter table app.orders rename to gone',
    { renameCollection: 'app.orders', to: 'app.gone' },
    'rename table app.orders to app.gone',
  ),
  triple('makes an index', 'create index i on app.orders (total)', {
    createIndexes: 'orders',
    indexes: [{ key: { total: 1 }, name: 'i' }],
  }),
  triple('makes a collection', 'create table app.fresh (id int)', { create: 'fresh' }),
  triple(
    'makes a user',
    "create user eve password 'x'",
    { createUser: 'eve', pwd: 'x', roles: [] },
    "create user eve identified by 'x'",
  ),
  triple(
    'grants a role',
    'grant app to eve',
    { grantRolesToUser: 'eve', roles: ['root'] },
    'grant all on *.* to eve',
  ),
  triple('begins nothing and asks nothing', 'commit', { commitTransaction: 1 }),
  triple('runs code that nobody sees', 'select app.code()', { find: 'orders', filter: { $where: 'true' } }),
];
