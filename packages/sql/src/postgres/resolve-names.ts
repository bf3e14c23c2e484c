import type { CatalogFunction, CatalogRelation, PostgresCatalog } from './catalog.ts';
import type { PostgresContext } from './postgres-context.ts';
import { type Target, TEMPORARY_SCHEMA, targetOfName, targetOfRelation, unknownTarget } from './target.ts';

/**
 * What a name means, as the server would look it up: the session's temporary schema first, then
 * `pg_catalog`, then the search path, where schemas without USAGE are skipped.
 *
 * Where the session's state is not certain the answer is every object that the name could mean. Temporary
 * and newly created relations never hide one of the catalog: they may be gone without a word (ON COMMIT DROP,
 * a rollback).
 */
export interface NameResolver {
  /** Relations that the name may mean; never empty. */
  relation(catalogName: string | undefined, schema: string | undefined, name: string): readonly Target[];
  /** Where CREATE puts a relation of that name; `temporary` for `create temp table`. */
  creation(schema: string | undefined, name: string, temporary: boolean): readonly Target[];
  /** The schema that CREATE uses for other kinds of objects; null when it is not certain. */
  creationSchema(schema: string | undefined): string | null;
  /** Functions that are not built in and that the name may mean, and whether a built-in one may be meant. */
  functions(parts: readonly string[]): {
    readonly builtin: boolean;
    readonly own: readonly CatalogFunction[];
  };
  /** Names that the catalog does not hold. */
  readonly missing: ReadonlySet<string>;
  noteMissing(name: string): void;
}

const ANY_TEMPORARY = /^pg_temp_\d+$|^pg_toast/;

export function createNameResolver(context: PostgresContext): NameResolver {
  const { catalog } = context;
  const missing = new Set<string>();
  const targets = new Map<string, Target>();
  const intern = (target: Target): Target => {
    const found = targets.get(target.key);
    if (found !== undefined) return found;
    targets.set(target.key, target);
    return target;
  };
  const created = new Set(context.createdTables.map(([schema, name]) => `${schema}\0${name}`));
  const path = searchOrder(context);

  const inSchema = (schema: string, name: string): Target | null => {
    if (schema === TEMPORARY_SCHEMA) {
      const { temporaryObjects } = context;
      return !temporaryObjects.known || temporaryObjects.value.includes(name)
        ? targetOfName(TEMPORARY_SCHEMA, name)
        : null;
    }
    const relation = catalog?.relation(schema, name);
    if (relation !== undefined) return targetOfRelation(relation);
    return created.has(`${schema}\0${name}`) ? targetOfName(schema, name) : null;
  };

  const notFound = (name: string, schema: string | null): Target => {
    missing.add(name);
    if (catalog === null) return unknownTarget(name, 'no catalog has been loaded');
    if (context.catalogIsFresh && schema !== null)
      return targetOfName(schema, name.slice(name.indexOf('.') + 1));
    return unknownTarget(name, `relation \`${name}\` is not in the catalog`);
  };

  const qualified = (schema: string, name: string): Target => {
    if (ANY_TEMPORARY.test(schema)) {
      return unknownTarget(`${schema}.${name}`, 'storage of another relation or session is named directly');
    }
    return inSchema(schema, name) ?? notFound(`${schema}.${name}`, schema);
  };

  /** A temporary relation that is only possible leaves open what the name means without it. */
  const completed = (
    candidates: readonly Target[],
    name: string,
    schema: string | null,
  ): readonly Target[] => {
    const { temporaryObjects } = context;
    const isGuess = ({ object }: Target) =>
      !temporaryObjects.known && object.known && object.value.path[0] === TEMPORARY_SCHEMA;
    return candidates.every(isGuess) ? [...candidates, notFound(name, schema)] : candidates;
  };

  const unqualified = (name: string): readonly Target[] => {
    const candidates: Target[] = [];
    if (path === null) {
      if (inSchema(TEMPORARY_SCHEMA, name) !== null) candidates.push(targetOfName(TEMPORARY_SCHEMA, name));
      candidates.push(...(catalog?.relationsNamed(name) ?? []).map(targetOfRelation));
      for (const [schema, table] of context.createdTables) {
        if (table === name) candidates.push(targetOfName(schema, name));
      }
      return completed(candidates, name, null);
    }
    for (const { schema, certain } of path) {
      const target = inSchema(schema, name);
      if (target === null) continue;
      candidates.push(target);
      // What the catalog does not hold may have gone with its transaction; then the next schema counts.
      if (certain && target.relation !== null && !context.namesUncertain) return candidates;
    }
    return completed(candidates, name, firstSchema(path));
  };

  return {
    missing,
    noteMissing: (name) => {
      missing.add(name);
    },
    relation(catalogName, schema, name) {
      if (catalogName !== undefined && catalogName !== context.database) {
        return [unknownTarget(name, 'another database is named')];
      }
      return (schema === undefined ? unqualified(name) : [qualified(schema, name)]).map(intern);
    },
    creation(schema, name, temporary) {
      if (temporary || schema === TEMPORARY_SCHEMA) return [intern(targetOfName(TEMPORARY_SCHEMA, name))];
      if (schema !== undefined && ANY_TEMPORARY.test(schema)) {
        return [unknownTarget(name, 'a temporary schema is named directly')];
      }
      const place = this.creationSchema(schema);
      if (place === null) return [unknownTarget(name, 'the schema for new objects is not certain')];
      const existing = catalog?.relation(place, name);
      return [intern(existing === undefined ? targetOfName(place, name) : targetOfRelation(existing))];
    },
    creationSchema(schema) {
      if (schema !== undefined) return schema;
      const first = path?.find((entry) => entry.explicit);
      return first?.certain ? first.schema : null;
    },
    functions: (parts) => findFunctions(parts, catalog, path),
  };
}

interface PathEntry {
  readonly schema: string;
  /** False when the server may skip the schema. */
  readonly certain: boolean;
  readonly explicit: boolean;
}

/** The schemas in the server's order; null when the path is not known. */
function searchOrder(context: PostgresContext): readonly PathEntry[] | null {
  const { catalog, searchPath, user } = context;
  if (!searchPath.known || catalog === null) return null;
  const explicit: PathEntry[] = [];
  for (const entry of searchPath.value) {
    const name = entry === '$user' ? (user.known ? user.value : null) : entry;
    if (name === null) return null;
    if (name === TEMPORARY_SCHEMA || name === 'pg_catalog') {
      explicit.push({ schema: name, certain: true, explicit: true });
      continue;
    }
    const schema = catalog.schema(name);
    const sameUser = user.known && user.value === catalog.user;
    if (schema === undefined || (sameUser && !schema.usable)) continue;
    explicit.push({ schema: name, certain: sameUser, explicit: true });
  }
  const implicit: PathEntry[] = [];
  for (const schema of [TEMPORARY_SCHEMA, 'pg_catalog']) {
    if (!searchPath.value.includes(schema)) implicit.push({ schema, certain: true, explicit: false });
  }
  return [...implicit, ...explicit];
}

function firstSchema(path: readonly PathEntry[]): string | null {
  return path.find((entry) => entry.explicit)?.schema ?? null;
}

function findFunctions(
  parts: readonly string[],
  catalog: PostgresCatalog | null,
  path: readonly PathEntry[] | null,
): { readonly builtin: boolean; readonly own: readonly CatalogFunction[] } {
  const name = parts.at(-1) ?? '';
  const all = catalog?.functionsNamed(name) ?? [];
  if (parts.length > 1) {
    const schema = parts.at(-2)!;
    return { builtin: schema === 'pg_catalog', own: all.filter((routine) => routine.schema === schema) };
  }
  if (path === null) return { builtin: true, own: all };
  const searched = new Set(path.map(({ schema }) => schema));
  return { builtin: true, own: all.filter(({ schema }) => searched.has(schema)) };
}

/** True when reading or writing the relation goes on to something that the catalog cannot show. */
export function hasHiddenWrites(relation: CatalogRelation): boolean {
  return relation.hasRules || (relation.kind === 'v' && relation.hasTriggers);
}
