import { describe, expect, it } from 'vitest';
import { buildMysqlCatalog } from './build-mysql-catalog.ts';
import { createMysqlAnalyzer } from './create-mysql-analyzer.ts';

const TABLES = { t: ['id', 'note', 'a', 'at'], u: ['id', 't_id', 'x'], v: ['id'] };
const catalog = buildMysqlCatalog({
  settings: [{ lower_case: 0 }],
  relations: Object.keys(TABLES).map((name) => ({
    ...{ db: 'shop', name, type: name === 'v' ? 'VIEW' : 'BASE TABLE' },
  })),
  columns: Object.entries(TABLES).flatMap(([name, columns]) =>
    columns.map((col) => ({ db: 'shop', name, col })),
  ),
  views: [{ db: 'shop', name: 'v', definition: 'select 1 AS `id` from `shop`.`t`' }],
  triggers: [],
});
const analyzer = createMysqlAnalyzer();

function isBounded(text: string): boolean | string {
  const analysis = analyzer.analyze(text, { catalog, catalogRevision: 1, database: 'shop' });
  if (analysis.kind === 'refused') return analysis.code;
  const { accesses, bounded } = analysis.statements[0]!.facts;
  return accesses.known && bounded.known ? bounded.value : 'unknown';
}

describe('a write with a filter', () => {
  it.each([
    'delete from t where id = 5',
    'delete from t where 5 = id',
    'delete from t where id = ?',
    'delete from t where t.id in (1, 2) and note like ?',
    "delete from t where note like 'a%'",
    'delete from t where id between 1 and 9',
    'delete from t where id > 5 and true',
    "delete from t where at < now() - interval 1 day and a = 'x'",
    'delete from t where id = 1 or id = 2 or id in (3, 4)',
    'update t set a = 1 where id = -5',
    'update t as target set a = 1 where target.id = 5',
    'delete from t where id in (select t_id from u where x = 1)',
    'delete from t where id = (select u.t_id from u where u.id = 7)',
    'delete t from t join u on u.t_id = t.id where u.x = 1',
    'delete t from t, u where u.t_id = t.id and u.x = 1',
    'update t join u on u.t_id = t.id set t.a = 1 where u.id = 1',
    'update t join u on u.t_id = t.id set t.a = 1, u.x = 2 where u.id = 1',
    'delete from made_a_moment_ago where id = 1',
  ])('leaves rows out: %s', (text) => {
    expect(isBounded(text)).toBe(true);
  });
});

describe('a write whose filter is true for every row, or may be', () => {
  it.each([
    ['has none', 'delete from t'],
    ['is a constant', 'delete from t where 1'],
    ['compares constants', 'delete from t where 5 = 5'],
    ['compares a column with itself', 'delete from t where id = t.id'],
    ['negates', 'delete from t where not id = -1'],
    ['asks for something else', 'delete from t where id <> -1'],
    ['is read in another order by the parser', 'delete from t where id = 5 xor true'],
    ['is read in another order by the parser', 'delete from t where id = 5 and (1 xor 1)'],
    ['is read in another order by the parser', 'delete from t where id = 5 and 1 || 1'],
    ['compares a comparison', 'delete from t where id = 5 in (0, 1)'],
    ['compares a comparison', "delete from t where id = 1 like '%'"],
    ['compares a comparison', 'delete from t where id = 5 = 0'],
    ['compares a comparison', 'delete from t where id = 1 is not null'],
    ['complements itself', 'delete from t where id > -1 or id <= -1'],
    ['has an arm that is true', 'delete from t where id = 1 or true'],
    ['matches everything', "delete from t where note like '%'"],
    ['matches everything', "delete from t where note like '_%_'"],
    ['matches what is computed', "delete from t where note like concat('%', '')"],
    ['takes nothing of a column', "delete from t where left(note, 0) = ''"],
    ['takes the rows themselves', 'delete from t where id in (select id from t)'],
    ['takes the rows themselves', 'delete from t where id = any (select id from t)'],
    ['takes the rows themselves', 'delete from t where id in (select t2.id from t t2 where t2.id = t2.id)'],
    ['takes the row itself', 'delete from t where id in (select t.id from u where x = 1)'],
    ['takes the row itself', 'delete from t where id in (select a from u where x = 1)'],
    ['filters another table', 'delete from t where exists (select 1 from u where u.id = 1)'],
    ['filters another table', 'delete t from t join u on true where u.id = 1'],
    ['filters another table', 'delete t, u from t, u where u.id = 1'],
    ['filters a constant that is called a column', 'delete t from t join (select 1 as x) s where s.x = 1'],
    ['filters a constant that is called a column', 'update t, (select 1 as x) s set t.a = 1 where s.x = 1'],
    [
      'is tied by such a constant',
      'delete t from t join (select id, 1 as x from t) s on s.id = t.id where s.x = 1',
    ],
    ['filters a view', 'delete from v where id = 1'],
    ['ties to a view', 'delete t from t join v on v.id = t.id where v.id = 1'],
    ['limits only', 'delete from t order by id limit 100000000'],
  ])('%s: %s', (_why, text) => {
    expect(isBounded(text)).not.toBe(true);
  });
});

describe('a write that replaces what is there', () => {
  it.each([
    "insert into t (id, note) select id, 'x' from t on duplicate key update note = 'x'",
    "insert into t (id, note) select id, 'x' from u where id = 1 on duplicate key update note = 'x'",
    'replace into t select * from t',
    'replace into t (id) select 1',
    "load data local infile 'x' replace into table t",
  ])('is not bounded when its rows come from elsewhere: %s', (text) => {
    expect(isBounded(text)).toBe(false);
  });

  it.each([
    "insert into t (id, note) values (1, 'x') on duplicate key update note = 'x'",
    'replace into t (id) values (1), (2)',
    'insert into t (id) select id from u',
    "load data local infile 'x' into table t",
    "load data local infile 'x' ignore into table t",
  ])('is bounded when it names its rows, or changes none that are there: %s', (text) => {
    expect(isBounded(text)).toBe(true);
  });
});
