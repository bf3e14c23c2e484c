import { beforeAll, describe, expect, it } from 'vitest';
import { buildPostgresCatalog } from './build-catalog.ts';
import { createInlineParser, type InlineParser } from './parse-text.ts';
import { plainCatalogRows } from './plain-catalog-rows.ts';
import { createViewReader } from './view-reader.ts';

let parser: InlineParser;
beforeAll(async () => {
  parser = await createInlineParser();
});

interface View {
  readonly definition: string | null;
  readonly columns: string;
  /** Relation and attribute number, as the server's dependencies have them. */
  readonly uses: readonly (readonly [relation: number, attnum: number])[];
}

/** `t (id, email, name)` is 1, `u (id, note)` is 2; views are `v3`, `v4`, … */
function columnsOf(views: readonly View[], wanted = views.length + 2): Record<string, string> | null {
  const relation = (oid: number, name: string, kind: string, definition: string | null) => ({
    ...{ oid, schema: 'public', name, kind, rules: false, triggers: false, rls: false, indexed: null },
    definition,
  });
  const column = (oid: number) => (name: string, index: number) => ({
    ...{ oid, attnum: index + 1, name, type: 'text' },
  });
  const catalog = buildPostgresCatalog({
    ...plainCatalogRows([]),
    relations: [
      relation(1, 't', 'r', null),
      relation(2, 'u', 'r', null),
      ...views.map(({ definition }, index) => relation(index + 3, `v${index + 3}`, 'v', definition)),
    ],
    columns: [
      ...['id', 'email', 'name'].map(column(1)),
      ...['id', 'note'].map(column(2)),
      ...views.flatMap(({ columns }, index) => columns.split(' ').map(column(index + 3))),
    ],
    viewRelations: views.flatMap(({ uses }, index) =>
      uses.map(([used, attnum]) => ({ view: index + 3, relation: used, attnum })),
    ),
    functions: [
      {
        oid: 9,
        schema: 'public',
        name: 'f',
        volatility: 'v',
        language: 'plpgsql',
        owner: 'o',
        definer: false,
      },
    ],
  });
  const columns = createViewReader(catalog, parser).columns(catalog.relationByOid(wanted)!);
  if (columns === null) return null;
  return Object.fromEntries(
    [...columns].map(([name, { kind, sources }]) => [
      name,
      [kind, ...sources.map(({ object, field }) => `${object.path[1]}.${field}`)].join(' '),
    ]),
  );
}

const SIMPLE: View = {
  definition: 'SELECT id, email, name FROM t',
  columns: 'a b c',
  uses: [
    [1, 1],
    [1, 2],
    [1, 3],
  ],
};

describe('the columns of a view', () => {
  it('are told by position, whatever they are called', () => {
    expect(columnsOf([SIMPLE])).toEqual({ a: 'value t.id', b: 'value t.email', c: 'value t.name' });
  });

  it('are values, computed, or reveal nothing', () => {
    const definition = "SELECT t.id, lower(t.email) AS e, count(*) AS n, 'x'::text AS x FROM t GROUP BY t.id";
    expect(columnsOf([{ ...SIMPLE, definition, columns: 'id e n x' }])).toEqual({
      id: 'value t.id',
      e: 'derived t.email',
      n: 'none',
      x: 'none',
    });
  });

  it('are followed through views, unions and joins', () => {
    const second: View = {
      definition: 'SELECT v3.a, u.note FROM v3 JOIN u ON u.id = v3.a UNION ALL SELECT v3.b, v3.c FROM v3',
      columns: 'x y',
      uses: [
        [3, 1],
        [3, 2],
        [3, 3],
        [2, 1],
        [2, 2],
      ],
    };
    expect(columnsOf([SIMPLE, second])).toEqual({
      x: 'value v3.a v3.b t.id t.email',
      y: 'value u.note v3.c t.name',
    });
  });
});

describe('a definition counts for nothing', () => {
  it.each([
    ['that is not there', null],
    ['that cannot be parsed', 'SELECT FROM WHERE'],
    ['of more than one statement', 'SELECT id, email, name FROM t; SELECT 1'],
    ['that is no query', 'DELETE FROM t'],
    ['that names what the catalog does not hold', 'SELECT id, email, name FROM elsewhere.t'],
    ['that names a column that is not there', 'SELECT id, email, nope FROM t'],
    ['with another number of columns', 'SELECT id, email FROM t'],
    ['that calls code', 'SELECT id, f(email) AS email, name FROM t'],
    ['that reads less than the server says', 'SELECT id, note, note FROM u'],
    ['that is too long to be read at once', `SELECT id, email, name FROM t -- ${'x'.repeat(9_000)}`],
  ])('%s', (_what, definition) => {
    expect(columnsOf([{ ...SIMPLE, definition }])).toBeNull();
  });

  it('where a view stands behind itself, which then may hold any column that it uses', () => {
    const itself: View = { definition: 'SELECT a, b, c FROM v3', columns: 'a b c', uses: [[1, 1]] };
    expect(columnsOf([itself])).toEqual({
      a: 'derived v3.a t.id',
      b: 'derived v3.b t.id',
      c: 'derived v3.c t.id',
    });
  });
});
