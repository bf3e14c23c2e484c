import { beforeAll, describe, expect, it } from 'vitest';
import { loadPostgresParser, type PostgresParser } from './create-postgres-analyzer.ts';
import { fingerprintTree } from './fingerprint-tree.ts';

let parser: PostgresParser;
beforeAll(async () => {
  parser = await loadPostgresParser();
});

function fingerprint(text: string): string {
  const parsed = parser.parse(text);
  if (parsed?.kind !== 'parsed') throw new Error('expected a tree');
  return fingerprintTree(parsed.statements[0]!.tree.stmt);
}

describe('fingerprintTree', () => {
  it.each([
    ['literals', 'select a from t where b = 1', 'select a from t where b = 22'],
    ['white space, case and comments', 'select a from t', 'SELECT  a /* x */\nFROM t -- y'],
    ['literals and parameters', "select a from t where b = 'x'", 'select a from t where b = $3'],
    ['lists of any length', 'select a from t where b in (1, 2)', 'select a from t where b in (1, 2, 3, 4)'],
    ['rows of values', 'insert into t values (1, 2)', 'insert into t values (1, 2), (3, 4), (5, 6)'],
    ['passwords', "create role r password 'a'", "create role r password 'b'"],
    ['comments and payloads', "notify c, 'a'", "notify c, 'b'"],
    ['bodies of code', 'do $$ begin end $$', "do 'begin null; end'"],
  ])('is the same for other %s', (_name, a, b) => {
    expect(fingerprint(a)).toBe(fingerprint(b));
    expect(fingerprint(a)).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each([
    ['tables', 'select a from t', 'select a from u'],
    ['columns', 'select a from t', 'select b from t'],
    ['operators', 'select a = 1 from t', 'select a > 1 from t'],
    ['nesting', 'select a or b and c from t', 'select (a or b) and c from t'],
    ['order', 'select a, b from t', 'select b, a from t'],
    ['kinds of joins', 'select from a left join b on true', 'select from a right join b on true'],
    ['dropped objects', 'drop table a', 'drop view a'],
    ['grouping of names', 'select a.b from t', 'select a, b from t'],
  ])('differs for other %s', (_name, a, b) => {
    expect(fingerprint(a)).not.toBe(fingerprint(b));
  });

  it('survives what overflows the stack of the parser itself', () => {
    let text = 'select 1 as x';
    for (let depth = 0; depth < 60; depth += 1)
      text = `select * from json_each((select row_to_json(q) from (${text}) q)) z`;
    expect(fingerprint(text)).toMatch(/^[0-9a-f]{16}$/);
  });
});
