import { describe, expect, it } from 'vitest';
import { buildPostgresCatalog } from './build-catalog.ts';
import type { PostgresCatalogRows } from './catalog-queries.ts';
import { createShopCatalog } from './corpus/shop-catalog.ts';
import { plainCatalogRows } from './plain-catalog-rows.ts';

const EMPTY = plainCatalogRows([], { searchPath: 'public' });

function relation(oid: number, name: string, kind = 'r') {
  return { oid, schema: 'public', name, kind, rules: false, triggers: false, rls: false, indexed: null };
}

function aliases(
  catalog: ReturnType<typeof createShopCatalog>,
  oid: number,
  attnum: number,
): readonly string[] {
  return catalog.originAliases(oid, attnum).map(({ object, field }) => [...object.path, field].join('.'));
}

describe('where a column of a result comes from', () => {
  const catalog = createShopCatalog();

  it('finds it by table and attribute number', () => {
    expect(catalog.columnOrigin(100, 2)).toEqual({
      object: { kind: 'relation', path: ['public', 'customers'] },
      field: 'email',
    });
    expect(catalog.relationByOid(102)?.kind).toBe('p');
  });

  it.each([
    ['a whole row', 100, 0],
    ['a system column', 100, -1],
    ['a column that is not there', 100, 99],
    ['a table that is not there', 4_242, 1],
    ['no table', 0, 0],
  ])('knows no origin of %s', (_name, oid, attnum) => {
    expect(catalog.columnOrigin(oid, attnum)).toBeNull();
    expect(catalog.originAliases(oid, attnum)).toEqual([]);
  });

  it('protects a child by its parent and a parent by its children', () => {
    expect(aliases(catalog, 103, 2)).toEqual(['public.payments.card']);
    expect(aliases(catalog, 102, 2)).toEqual(['public.payments_2024.card']);
  });

  it('protects a view by everything behind it', () => {
    expect(aliases(catalog, 121, 1)).toEqual([
      'public.active_customers.id',
      'public.orders.customer_id',
      'public.orders.total',
      'public.customers.id',
      'public.customers.email',
      'public.customers.name',
      'public.customers.active',
    ]);
    expect(aliases(catalog, 123, 1)).toEqual(['public.customers.*']);
    expect(aliases(catalog, 125, 1)).toEqual(['public.payments.card', 'public.payments_2024.card']);
  });

  it('protects a foreign table by the relation that it may lead back to', () => {
    expect(aliases(catalog, 109, 2)).toEqual(['public.customers.*']);
  });

  it('says which functions of a view cannot be seen through', () => {
    expect(catalog.relation('public', 'evil')?.opaqueFunctions).toEqual(['pg_read_file']);
  });
});

describe('rows that do not fit together', () => {
  it('leaves out edges to relations that are gone', () => {
    const catalog = buildPostgresCatalog({
      ...EMPTY,
      relations: [relation(1, 'a')],
      columns: [
        { oid: 1, attnum: 1, name: 'x', type: 'text' },
        { oid: 2, attnum: 1, name: 'y', type: 'text' },
      ],
      inheritance: [
        { child: 1, parent: 2 },
        { child: 3, parent: 1 },
      ],
      viewRelations: [
        { view: 9, relation: 1, attnum: 1 },
        { view: 1, relation: 9, attnum: 1 },
      ],
      viewFunctions: [{ view: 9, whole_rows: true, functions: 'public.f' }],
      foreignTables: [{ oid: 9, schema: 'public', name: 'a', options: '' }],
      operators: [{ name: '+', function: 77 }],
      casts: [{ type: 't', function: 77 }],
      cascades: [],
      tableRoutines: [],
    });
    expect(catalog.relation('public', 'a')?.behind).toEqual([]);
    expect(catalog.operatorFunctions('+')).toEqual([]);
  });

  it('ends when relations reach each other in circles', () => {
    const catalog = buildPostgresCatalog({
      ...EMPTY,
      relations: [relation(1, 'a', 'v'), relation(2, 'b', 'v'), relation(3, 'c')],
      inheritance: [{ child: 3, parent: 3 }],
      viewRelations: [
        { view: 1, relation: 2, attnum: 0 },
        { view: 2, relation: 1, attnum: 0 },
        { view: 2, relation: 3, attnum: 0 },
      ],
    });
    const names = catalog.relation('public', 'a')?.behind.map((reach) => reach.relation.name);
    expect(new Set(names)).toEqual(new Set(['a', 'b', 'c']));
  });

  it('reads numbers and flags as text as well', () => {
    const row = { ...relation(1, 'a'), oid: '1', rules: 't', triggers: 'f', rls: 'false' };
    expect(buildPostgresCatalog({ ...EMPTY, relations: [row] }).relationByOid(1)?.hasRules).toBe(true);
  });

  it.each([
    ['no settings', { settings: [] }],
    ['a number that is none', { relations: [{ ...relation(1, 'a'), oid: 'x' }] }],
    ['a name that is missing', { relations: [{ ...relation(1, 'a'), name: null }] }],
    ['a flag that is none', { relations: [{ ...relation(1, 'a'), rules: 'perhaps' }] }],
    ['an empty number', { columns: [{ oid: '', attnum: 1, name: 'x', type: 'text' }] }],
  ])('refuses %s', (_name, change) => {
    expect(() => buildPostgresCatalog({ ...EMPTY, ...change } as PostgresCatalogRows)).toThrowError(
      expect.objectContaining({ code: 'catalog-unreadable' }),
    );
  });

  it('takes names of built-in properties for names', () => {
    const catalog = buildPostgresCatalog({ ...EMPTY, relations: [relation(1, '__proto__')] });
    expect(catalog.relation('public', '__proto__')?.oid).toBe(1);
    expect(catalog.relation('public', 'constructor')).toBeUndefined();
    expect(catalog.functionsNamed('toString')).toEqual([]);
  });
});
