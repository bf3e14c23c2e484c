import { describe, expect, it } from 'vitest';
import { createShopCatalog } from './corpus/shop-catalog.ts';
import { createPostgresContext, type PostgresContext } from './postgres-context.ts';
import { createNameResolver } from './resolve-names.ts';

const base = createPostgresContext(createShopCatalog(), { database: 'app', user: 'app' });

/** What the name may mean under the changed context, as people write it. */
function meanings(name: string, change: Partial<PostgresContext> = {}, schema?: string): readonly string[] {
  const resolver = createNameResolver({ ...base, ...change });
  return resolver
    .relation(undefined, schema, name)
    .map(({ object }) => (object.known ? object.value.path.join('.') : '?'));
}

const path = (...entries: string[]): Partial<PostgresContext> => ({
  searchPath: { known: true, value: entries },
});
const UNKNOWN = { known: false, reason: 'x' } as const;

describe('resolving a relation', () => {
  it('takes the first schema of the path that has it', () => {
    expect(meanings('customers')).toEqual(['public.customers']);
    expect(meanings('customers', path('shop', 'public'))).toEqual(['shop.customers']);
    expect(meanings('orders', path('shop', 'public'))).toEqual(['public.orders']);
  });

  it('skips a schema that the user may not use, as the server does', () => {
    expect(meanings('hidden', path('secret', 'public'))).toEqual(['public.hidden']);
  });

  it('counts every schema of the path when another user may use others', () => {
    const other = { ...path('secret', 'public'), user: { known: true, value: 'eve' } } as const;
    expect(meanings('hidden', other)).toEqual(['secret.hidden', 'public.hidden']);
    expect(meanings('hidden', { ...other, user: UNKNOWN })).toEqual(['secret.hidden', 'public.hidden']);
  });

  it('looks into pg_catalog first unless the path names it later', () => {
    expect(meanings('pg_class')).toEqual(['pg_catalog.pg_class']);
    expect(meanings('pg_class', path('public', 'pg_catalog'))).toEqual(['pg_catalog.pg_class']);
  });

  it('counts every relation of that name when the path is not known', () => {
    expect(meanings('customers', { searchPath: UNKNOWN })).toEqual(['public.customers', 'shop.customers']);
    expect(meanings('orders', { searchPath: UNKNOWN })).toEqual(['public.orders']);
  });

  it('counts every schema named like the user only when there is one', () => {
    expect(meanings('customers', path('$user', 'public'))).toEqual(['public.customers']);
    const shop = { ...path('$user', 'public'), user: { known: true, value: 'shop' } } as const;
    expect(meanings('customers', shop)).toEqual(['shop.customers', 'public.customers']);
    expect(meanings('customers', { ...shop, user: UNKNOWN })).toEqual(['public.customers', 'shop.customers']);
  });

  it('never lets a temporary relation hide one of the catalog, for it may be gone', () => {
    const temporaryObjects = { known: true, value: ['customers', 'mine'] } as const;
    expect(meanings('customers', { temporaryObjects })).toEqual(['pg_temp.customers', 'public.customers']);
    expect(meanings('mine', { temporaryObjects })).toEqual(['pg_temp.mine']);
    expect(meanings('mine', { temporaryObjects }, 'pg_temp')).toEqual(['pg_temp.mine']);
  });

  it('leaves open what a name means that only an unseen temporary relation could have', () => {
    expect(meanings('mine', { temporaryObjects: UNKNOWN })).toEqual(['pg_temp.mine', '?']);
    expect(meanings('orders', { temporaryObjects: UNKNOWN })).toEqual(['pg_temp.orders', 'public.orders']);
  });

  it('finds a table that the transaction created, and what it may fall back to', () => {
    const createdTables = [
      ['shop', 'orders'],
      ['public', 'fresh'],
    ] as const;
    expect(meanings('fresh', { createdTables })).toEqual(['public.fresh']);
    expect(meanings('orders', { ...path('shop', 'public'), createdTables })).toEqual([
      'shop.orders',
      'public.orders',
    ]);
  });

  it('goes on through the path while names are uncertain', () => {
    expect(meanings('customers', { ...path('shop', 'public'), namesUncertain: true })).toEqual([
      'shop.customers',
      'public.customers',
    ]);
  });

  it('does not know what is not in the catalog, and says which name', () => {
    const resolver = createNameResolver(base);
    expect(resolver.relation(undefined, undefined, 'nope')[0]!.object.known).toBe(false);
    expect(resolver.relation(undefined, 'shop', 'nope')[0]!.object.known).toBe(false);
    expect([...resolver.missing]).toEqual(['nope', 'shop.nope']);
  });

  it('takes a missing name for new when the catalog is fresh', () => {
    expect(meanings('nope', { catalogIsFresh: true })).toEqual(['public.nope']);
    expect(meanings('nope', { catalogIsFresh: true }, 'shop')).toEqual(['shop.nope']);
    expect(meanings('nope', { catalogIsFresh: true, searchPath: UNKNOWN })).toEqual(['?']);
  });

  it('knows nothing without a catalog', () => {
    expect(meanings('customers', { catalog: null })).toEqual(['?']);
    expect(meanings('customers', { catalog: null }, 'public')).toEqual(['?']);
  });

  it.each(['pg_toast', 'pg_temp_7', 'pg_toast_temp_7'])('knows nothing of what lies in %s', (schema) => {
    expect(meanings('x', {}, schema)).toEqual(['?']);
  });

  it('takes names of built-in properties for names', () => {
    expect(meanings('__proto__')).toEqual(['?']);
    expect(meanings('constructor', {}, 'toString')).toEqual(['?']);
  });
});

describe('resolving a function', () => {
  const resolver = createNameResolver(base);
  it('finds own functions in the path and by schema', () => {
    expect(resolver.functions(['discount']).own.map(({ schema }) => schema)).toEqual(['public']);
    expect(resolver.functions(['restock']).own).toEqual([]);
    expect(resolver.functions(['shop', 'restock']).own).toHaveLength(1);
  });

  it('finds an own function beside the built-in one of the same name', () => {
    expect(resolver.functions(['lower'])).toMatchObject({ builtin: true, own: [{ schema: 'public' }] });
    expect(resolver.functions(['pg_catalog', 'lower'])).toMatchObject({ builtin: true, own: [] });
    expect(resolver.functions(['public', 'lower'])).toMatchObject({
      builtin: false,
      own: [{ schema: 'public' }],
    });
  });
});

describe('the place of new objects', () => {
  it('is the first usable schema of the path', () => {
    expect(createNameResolver(base).creationSchema(undefined)).toBe('public');
    expect(createNameResolver({ ...base, ...path('shop', 'public') }).creationSchema(undefined)).toBe('shop');
  });

  it('is not certain when the path or the user is not', () => {
    expect(createNameResolver({ ...base, searchPath: UNKNOWN }).creationSchema(undefined)).toBeNull();
    expect(
      createNameResolver({ ...base, user: { known: true, value: 'eve' } }).creationSchema(undefined),
    ).toBeNull();
  });
});
