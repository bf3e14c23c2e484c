import { buildPostgresCatalog } from '@gatehouse/sql';

/** A catalog of Postgres without a server: plain tables in `public`, each with its columns (a word each), all of type text. */
export function plainCatalog(
  tables: Readonly<Record<string, string>>,
): ReturnType<typeof buildPostgresCatalog> {
  const relations = Object.keys(tables).map((name, index) => ({ name, oid: String(index + 100) }));
  return buildPostgresCatalog({
    settings: [{ version: '180004', search_path: '"$user", public', user: 'app' }],
    schemas: ['public', 'pg_catalog'].map((name) => ({ name, usable: true })),
    relations: relations.map(({ name, oid }) => ({
      ...{ oid, schema: 'public', name, kind: 'r', rules: false, triggers: false },
      ...{ rls: false, indexed: null, definition: null },
    })),
    columns: relations.flatMap(({ name, oid }) =>
      tables[name]!.split(' ').map((column, position) => ({
        ...{ oid, attnum: String(position + 1), name: column, type: 'text' },
      })),
    ),
    functions: [],
    inheritance: [],
    viewRelations: [],
    viewFunctions: [],
    foreignTables: [],
    operators: [],
    casts: [],
    cascades: [],
    tableRoutines: [],
  });
}
