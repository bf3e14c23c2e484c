import { beforeAll, describe, expect, it } from 'vitest';
import { loadPostgresParser, type PostgresParser } from './create-postgres-analyzer.ts';
import { outputName } from './output-name.ts';

describe('the name of a column without an alias', () => {
  let parser: PostgresParser;
  beforeAll(async () => {
    parser = await loadPostgresParser();
  });

  // The names are those that a server gives.
  it.each([
    ['(values (1))', 'column1'],
    ['(values (1) union select a from t)', 'column1'],
    ['(select a from t union values (1))', 'a'],
    ['exists (values (1))', 'exists'],
    ['array(values (1))', 'array'],
    ['(select 1)', '?column?'],
    ['case when true then 1 else a::text end', 'a'],
    [`case when true then 1 else 'x'::text end`, 'case'],
    [`case when true then 1 else (select 'x'::text) end`, 'text'],
    ['(select 1)::text', '?column?'],
  ])('is for `select %s` `%s`', (expression, name) => {
    const parsed = parser.parse(`select ${expression}`);
    if (parsed?.kind !== 'parsed') throw new Error('expected a tree');
    const tree = parsed.statements[0]!.tree.stmt;
    if (tree === undefined || !('SelectStmt' in tree)) throw new Error('expected a query');
    const [target] = tree.SelectStmt.targetList ?? [];
    if (target === undefined || !('ResTarget' in target)) throw new Error('expected a target');
    expect(outputName(target.ResTarget.val!)).toBe(name);
  });
});
