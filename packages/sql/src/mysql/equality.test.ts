import { describe, expect, it } from 'vitest';
import { buildMysqlCatalog } from './build-mysql-catalog.ts';
import { createMysqlAnalyzer } from './create-mysql-analyzer.ts';

const catalog = buildMysqlCatalog({
  settings: [{ lower_case: 0 }],
  relations: [{ db: 'shop', name: 'accounts', type: 'BASE TABLE' }],
  columns: ['id', 'iban', 'company'].map((col) => ({ db: 'shop', name: 'accounts', col })),
  views: [],
  triggers: [],
});
const analyzer = createMysqlAnalyzer();

/** How the filters on `iban` are told. */
function filtersOf(text: string): string {
  const analysis = analyzer.analyze(text, { catalog, catalogRevision: 1, database: 'shop' });
  if (analysis.kind === 'refused') return analysis.code;
  return analysis.statements
    .flatMap(({ facts }) => (facts.accesses.known ? facts.accesses.value : []))
    .flatMap(({ fields }) => (fields.known ? fields.value : []))
    .filter(({ field, use }) => field === 'iban' && use === 'filter')
    .map(({ equality }) => (equality ? 'equality' : 'filter'))
    .join(' ');
}

describe('one comparison of a column with a text', () => {
  it.each([
    "select id from accounts where iban = 'x'",
    "select id from accounts a where 'x' = a.iban and id > 3",
    "select id from accounts where not iban = 'x'",
    "delete from accounts where iban = 'x'",
    "update accounts set company = 'y' where iban = 'x'",
  ])('is told as an equality in %s', (text) => {
    expect(filtersOf(text)).toBe('equality');
  });

  it('is told with a warning for a parameter, which may come as a number', () => {
    const text = 'select id from accounts where iban = ?';
    expect(filtersOf(text)).toBe('equality');
    const read = (sql: string) => {
      const analysis = analyzer.analyze(sql, { catalog, catalogRevision: 1, database: 'shop' });
      return analysis.kind === 'analyzed' ? analysis.statements[0]?.comparesParameters : analysis.code;
    };
    expect(read(text)).toBe(true);
    expect(read("select id from accounts where iban = 'x' and id > ?")).toBeUndefined();
  });

  it.each([
    ["select id from accounts where iban = ? or iban = 'y'", 'there are two'],
    ['select id from accounts where iban = -?', 'a number'],
    ["select id from accounts where iban = concat(?, 'x')", 'a value that is computed'],
    ['select id from accounts where iban = 1', 'the server reads the column as a number'],
    ["select id from accounts where iban = 'x' or iban = 'y'", 'there are two'],
    ["select id from accounts where iban = 'x' collate utf8mb4_bin", 'a collation'],
    ["select id from accounts where iban <> 'x'", 'not this operator'],
    ["select * from (select id, iban from accounts) a where iban = 'x'", 'used by the query below, too'],
    ["select id from accounts where iban in ('x')", 'a list'],
    ["select id from accounts where iban like 'x'", 'a pattern'],
    ["select id from accounts where left(iban, 1) = 'x'", 'a part of the value'],
    ['select id from accounts where iban = company', 'another column'],
    ["select * from (select left(iban, 1) as iban from accounts) a where iban = 'x'", 'computed below'],
  ])('is none in %s: %s', (text) => {
    expect(filtersOf(text)).toBe('filter');
  });
});
