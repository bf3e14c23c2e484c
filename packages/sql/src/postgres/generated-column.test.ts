import type { OutputColumn } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { buildPostgresCatalog } from './build-catalog.ts';
import { createPostgresAnalyzer, loadPostgresParser } from './create-postgres-analyzer.ts';
import { plainCatalogRows } from './plain-catalog-rows.ts';
import { createPostgresContext } from './postgres-context.ts';

const relation = (oid: number, name: string, kind: string, definition: string | null = null) => ({
  ...{ oid, name, kind, definition, schema: 'public', indexed: null },
  ...{ rules: false, triggers: false, rls: false },
});
const column = (oid: number, attnum: number, name: string, from = '') => ({
  ...{ oid, attnum, name, type: 'text', generated_from: from },
});

/** `made(a, b, g)`, where `g` is computed from `b`; a child of it, and views that show `g`. */
const catalog = buildPostgresCatalog({
  ...plainCatalogRows([]),
  relations: [
    relation(1, 'made', 'r'),
    relation(2, 'child', 'r'),
    relation(3, 'shown', 'v', ' SELECT g AS x,\n    a\n   FROM made;'),
    relation(4, 'unread', 'v'),
  ],
  columns: [
    column(1, 1, 'a'),
    column(1, 2, 'g', '4'),
    // Number 3 was dropped.
    column(1, 4, 'b'),
    column(2, 1, 'a'),
    column(2, 2, 'g', '1 3'),
    column(2, 3, 'b'),
    column(3, 1, 'x'),
    column(3, 2, 'a'),
    column(4, 1, 'x'),
  ],
  inheritance: [{ child: 2, parent: 1 }],
  viewRelations: [
    { view: 3, relation: 1, attnum: 1 },
    { view: 3, relation: 1, attnum: 2 },
    { view: 4, relation: 1, attnum: 2 },
  ],
});
const context = createPostgresContext(catalog, { database: 'app', user: 'app' });

async function factsOf(text: string) {
  const analyzer = createPostgresAnalyzer({ parser: await loadPostgresParser() });
  const analysis = await analyzer.analyze(text, context);
  await analyzer.close();
  if (analysis.kind === 'refused') throw new Error(analysis.code);
  return analysis.statements[0]!.facts;
}

function namesOf({ sources }: OutputColumn): readonly string[] | null {
  return sources.known ? sources.value.map(({ object, field }) => [...object.path, field].join('.')) : null;
}

describe('a generated column', () => {
  it.each([
    ['select g from only made', 'derived', ['public.made.g', 'public.made.b']],
    ['select upper(g) from made', 'derived', ['public.made.b', 'public.child.b', 'public.child.a']],
    ['select m.* from (select g from made) m', 'derived', ['public.made.b', 'public.child.b']],
    ['update made set a = 1 returning g', 'derived', ['public.made.b']],
    ['select x from shown', 'derived', ['public.made.b', 'public.child.b']],
    ['select x from unread', 'derived', ['public.made.b', 'public.child.b']],
    ['select b from made', 'value', ['public.made.b']],
  ])('carries what it is computed from: `%s`', async (text, kind, sources) => {
    const { output } = await factsOf(text);
    const [first] = output.known ? output.value : [];
    expect(first!.kind).toBe(kind);
    expect(namesOf(first!)).toEqual(expect.arrayContaining(sources));
  });

  it('makes a filter of what it is computed from, and no guess', async () => {
    const { accesses } = await factsOf(`select a from only made where g = 'x'`);
    const [access] = accesses.known ? accesses.value : [];
    expect(access!.fields).toEqual({
      known: true,
      value: expect.arrayContaining([
        { field: 'g', use: 'filter' },
        { field: 'b', use: 'filter' },
      ]),
    });
  });

  it('is protected where the server names it, as what it is computed from', () => {
    const names = catalog.originAliases(1, 2).map(({ object, field }) => `${object.path[1]}.${field}`);
    expect(names).toEqual(expect.arrayContaining(['made.b', 'child.g', 'child.a', 'child.b']));
    expect(catalog.originAliases(1, 4).map(({ field }) => field)).toEqual(['b']);
  });
});
