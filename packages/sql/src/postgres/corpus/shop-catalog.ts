import { buildPostgresCatalog } from '../build-catalog.ts';
import type { PostgresCatalog } from '../catalog.ts';
import type { CatalogRow } from '../catalog-queries.ts';

/**
 * A small shop's database, as rows of the catalog queries would give it; for tests.
 *
 * It holds what is hard: partitions and inheritance, views over views, a view over a file function, a
 * foreign table that leads back, rewrite rules, own operators and casts, one name in two schemas.
 */
const RELATIONS: readonly (readonly [oid: number, kind: string, name: string, columns: string])[] = [
  [100, 'r', 'public.customers', 'id email name card active'],
  [101, 'r', 'public.orders', 'id customer_id total note'],
  [102, 'p', 'public.payments', 'id card at'],
  [103, 'r', 'public.payments_2024', 'id card at'],
  [104, 'r', 'public.people', 'id phone'],
  [105, 'r', 'public.staff', 'id phone desk'],
  [106, 'r', 'public.ruled', 'a'],
  [107, 'r', 'shop.customers', 'id email'],
  [108, 'r', 'shop.stock', 'id amount'],
  [109, 'f', 'public.far_customers', 'id email'],
  [120, 'v', 'public.active_customers', 'id email name'],
  [121, 'v', 'public.big_orders', 'id total'],
  [122, 'v', 'public.how_many', 'count'],
  [123, 'v', 'public.whole', 'c'],
  [124, 'v', 'public.evil', 'x'],
  [125, 'v', 'public.cards', 'card'],
  [126, 'm', 'public.mailing', 'email'],
  [127, 'v', 'public.guarded', 'a'],
  [140, 'S', 'public.order_numbers', 'last_value log_cnt is_called'],
  [141, 'i', 'public.customers_email', ''],
  [142, 'r', 'secret.hidden', 'word'],
  [143, 'r', 'public.hidden', 'word'],
  [200, 'r', 'pg_catalog.pg_class', 'oid relname relkind'],
  [201, 'v', 'pg_catalog.pg_stats', 'schemaname tablename attname most_common_vals histogram_bounds'],
  [202, 'v', 'pg_catalog.pg_stat_activity', 'pid usename query'],
  [203, 'v', 'pg_catalog.pg_settings', 'name setting'],
  [204, 'v', 'information_schema.tables', 'table_schema table_name'],
  [205, 'r', 'pg_catalog.pg_authid', 'rolname rolpassword'],
  [206, 'r', 'pg_catalog.pg_largeobject', 'loid pageno data'],
];

const INHERITANCE = [
  ['103', '102'],
  ['105', '104'],
];

/** View, relation, attribute number. */
const SELECTED = [
  [120, 100, 0],
  [120, 100, 1],
  [120, 100, 2],
  [120, 100, 3],
  [120, 100, 5],
  [121, 120, 1],
  [121, 101, 2],
  [121, 101, 3],
  [122, 100, 0],
  [123, 100, 0],
  [125, 102, 2],
  [126, 100, 2],
  [127, 106, 1],
];

/** As `pg_get_viewdef` prints them. Views without one are those that nobody could read. */
const DEFINITIONS: ReadonlyMap<number, string> = new Map([
  [120, ' SELECT id,\n    email,\n    name\n   FROM customers\n  WHERE active;'],
  [121, ' SELECT v.id,\n    o.total * 2 AS total\n   FROM active_customers v\n     JOIN orders o ON o.customer_id = v.id;'],
  [122, ' SELECT count(*) AS count\n   FROM customers;'],
  [125, ' SELECT card\n   FROM payments;'],
  [126, ' SELECT lower(email) AS email\n   FROM customers;'],
]);

const FUNCTIONS: readonly (readonly [oid: number, name: string, volatility: string, language: string])[] = [
  [9001, 'public.discount', 'v', 'plpgsql'],
  [9002, 'public.lower', 'i', 'sql'],
  [9003, 'public.pay', 'v', 'plpgsql'],
  [9004, 'public.similarity', 'i', 'c'],
  [9005, 'shop.restock', 'v', 'plpgsql'],
  [9006, 'public.same_card', 'i', 'sql'],
  [9007, 'public.to_money', 's', 'sql'],
];

/** Builds the catalog as `app` sees it, who has no USAGE on `secret`. */
export function createShopCatalog(): PostgresCatalog {
  const relations = RELATIONS.map(([oid, kind, name]): CatalogRow => {
    const [schema, relation] = name.split('.');
    const rules = name === 'public.ruled' || name === 'pg_catalog.pg_settings';
    const indexed = kind === 'i' ? '100' : null;
    const definition = DEFINITIONS.get(oid) ?? null;
    return {
      ...{ oid: String(oid), schema, name: relation, kind, rules, triggers: name === 'public.guarded', rls: false },
      ...{ indexed, definition },
    };
  });
  const columns = RELATIONS.flatMap(([oid, , , names]) =>
    names.split(' ').flatMap((name, index) => (name === '' ? [] : [{ oid, attnum: index + 1, name, type: 'text' }])),
  );
  return buildPostgresCatalog({
    settings: [{ version: '180004', search_path: '"$user", secret, public', user: 'app' }],
    schemas: ['public', 'shop', 'secret', 'pg_catalog', 'information_schema'].map((name) => ({ name, usable: name !== 'secret' })),
    relations,
    columns,
    inheritance: INHERITANCE.map(([child, parent]) => ({ child, parent })),
    viewRelations: SELECTED.map(([view, relation, attnum]) => ({ view, relation, attnum })),
    viewFunctions: [
      { view: 123, whole_rows: true, functions: '' },
      { view: 124, whole_rows: false, functions: 'pg_catalog.pg_read_file\npg_catalog.lower' },
    ],
    foreignTables: [{ oid: 109, schema: 'public', name: 'far_customers', options: 'schema_name=public\ntable_name=customers' }],
    functions: FUNCTIONS.map(([oid, name, volatility, language]) => {
      const [schema, routine] = name.split('.');
      return { oid, schema, name: routine, volatility, language, owner: 'owner', definer: false };
    }),
    operators: [{ name: '===', function: 9006 }],
    casts: [{ type: 'money2', function: 9007 }],
    cascades: [],
    tableRoutines: [],
  });
}
