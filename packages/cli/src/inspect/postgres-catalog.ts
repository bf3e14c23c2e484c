import { buildPostgresCatalog, type PostgresCatalog } from '@gatehouse/sql';
import type { CatalogFile } from './open-inspector.ts';

/** A catalog with plain tables only, by the rows that a server would have given. */
export function postgresCatalogOf({ tables }: CatalogFile): PostgresCatalog {
  const entries = Object.entries(tables).map(([path, columns], index) => {
    const dot = path.indexOf('.');
    return {
      oid: String(FIRST_OID + index),
      schema: dot < 0 ? 'public' : path.slice(0, dot),
      name: path.slice(dot + 1),
      columns,
    };
  });
  const schemas = new Set(['public', 'pg_catalog', ...entries.map(({ schema }) => schema)]);
  return buildPostgresCatalog({
    settings: [{ version: '180000', search_path: '"$user", public', user: 'inspect' }],
    schemas: [...schemas].map((name) => ({ name, usable: true })),
    relations: entries.map(({ oid, schema, name }) => ({
      oid,
      schema,
      name,
      kind: 'r',
      rules: false,
      triggers: false,
      rls: false,
      indexed: null,
    })),
    columns: entries.flatMap(({ oid, columns }) =>
      columns.map((name, index) => ({ oid, attnum: String(index + 1), name, type: 'text' })),
    ),
    inheritance: [],
    viewRelations: [],
    viewFunctions: [],
    foreignTables: [],
    functions: [],
    operators: [],
    casts: [],
  });
}

const FIRST_OID = 20_000;
