import { classifyBuiltinFunction } from './builtin-function.ts';
import type {
  CatalogCascade,
  CatalogColumn,
  CatalogFunction,
  CatalogOrigin,
  CatalogReach,
  CatalogRelation,
  CatalogRelationKind,
  CatalogTableRoutine,
  PostgresCatalog,
} from './catalog.ts';
import type { CatalogRow, PostgresCatalogRows } from './catalog-queries.ts';
import { flagOf, numberOf, refuseRow, textOf } from './catalog-row.ts';
import { fieldsBehindField, linkGenerated } from './generated-column.ts';
import { linkCascades, linkTableRoutines } from './link-side-effects.ts';
import { parseSearchPath } from './search-path.ts';
import { isSystemSchema } from './system-relation.ts';

/**
 * Builds the snapshot from the rows of `POSTGRES_CATALOG_QUERIES`.
 *
 * Reads values as text, number or boolean. Rows about objects that another row does not introduce
 * (dropped between two queries) are left out. Throws GatewayError `catalog-unreadable` for rows of another shape.
 */
export function buildPostgresCatalog(rows: PostgresCatalogRows): PostgresCatalog {
  const steps = buildInSteps(rows);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** The same in small pieces with a pause after each, so that who shares the thread need not wait for thousands of tables. */
export async function buildPostgresCatalogInPieces(
  rows: PostgresCatalogRows,
  pause: () => Promise<void>,
): Promise<PostgresCatalog> {
  const steps = buildInSteps(rows);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    await pause();
  }
}

/** Gives back control after each piece. */
function* buildInSteps(rows: PostgresCatalogRows): Generator<undefined, PostgresCatalog> {
  const settings = rows.settings[0] ?? refuseRow('settings');
  const relations = yield* readRelations(rows);
  const functions = readFunctions(rows.functions);
  yield;
  linkIndexes(rows, relations);
  yield* linkBehind(rows, relations);
  yield;
  linkCascades(rows.cascades, relations);
  linkTableRoutines(rows.tableRoutines, relations, functions);
  yield;
  return yield* createCatalog(settings, rows, relations, functions);
}

/** Rows or relations between two pauses: about a millisecond. */
const PIECE = 1_000;

/** The items, with a pause after each thousand. */
function* inPieces<T>(items: Iterable<T>, take: (item: T) => void): Generator<undefined, void> {
  let count = 0;
  for (const item of items) {
    take(item);
    count += 1;
    if (count % PIECE === 0) yield;
  }
}

/** A relation while it is put together. */
interface Draft extends CatalogRelation {
  readonly columns: CatalogColumn[];
  readonly behind: CatalogReach[];
  readonly cascades: CatalogCascade[];
  readonly routines: CatalogTableRoutine[];
  readonly opaqueFunctions: string[];
  table: Draft | null;
}

function* readRelations({
  relations,
  columns,
}: PostgresCatalogRows): Generator<undefined, Map<number, Draft>> {
  const byOid = new Map<number, Draft>();
  yield* inPieces(relations, (row) => {
    const oid = numberOf(row, 'oid');
    byOid.set(oid, {
      oid,
      schema: textOf(row, 'schema'),
      name: textOf(row, 'name'),
      kind: textOf(row, 'kind') as CatalogRelationKind,
      columns: [],
      hasRules: flagOf(row, 'rules'),
      hasTriggers: flagOf(row, 'triggers'),
      hasRowSecurity: flagOf(row, 'rls'),
      table: null,
      behind: [],
      cascades: [],
      routines: [],
      opaqueFunctions: [],
      definition: typeof row['definition'] === 'string' ? row['definition'] : null,
    });
  });
  yield* inPieces(columns, (row) => {
    const attnum = numberOf(row, 'attnum');
    byOid
      .get(numberOf(row, 'oid'))
      ?.columns.push(
        Object.freeze({ attnum, name: textOf(row, 'name'), type: textOf(row, 'type'), generatedFrom: [] }),
      );
  });
  linkGenerated(columns, byOid);
  return byOid;
}

function linkIndexes({ relations }: PostgresCatalogRows, byOid: ReadonlyMap<number, Draft>): void {
  for (const row of relations) {
    if (row['indexed'] === null || row['indexed'] === undefined) continue;
    const index = byOid.get(numberOf(row, 'oid'));
    if (index !== undefined) index.table = byOid.get(numberOf(row, 'indexed')) ?? null;
  }
}

/** Direct edges, from which `behind` is closed. */
interface Edges {
  readonly parents: Map<number, Draft[]>;
  readonly children: Map<number, Draft[]>;
  /** View -> relation -> fields; null for any. */
  readonly selected: Map<number, Map<Draft, Set<string> | null>>;
}

function* linkBehind(
  rows: PostgresCatalogRows,
  byOid: ReadonlyMap<number, Draft>,
): Generator<undefined, void> {
  const edges: Edges = { parents: new Map(), children: new Map(), selected: new Map() };
  for (const row of rows.inheritance) {
    const child = byOid.get(numberOf(row, 'child'));
    const parent = byOid.get(numberOf(row, 'parent'));
    if (child === undefined || parent === undefined) continue;
    append(edges.parents, child.oid, parent);
    append(edges.children, parent.oid, child);
  }
  const wholeRows = new Set<number>();
  for (const row of rows.viewFunctions) {
    const view = byOid.get(numberOf(row, 'view'));
    if (view === undefined) continue;
    if (flagOf(row, 'whole_rows')) wholeRows.add(view.oid);
    view.opaqueFunctions.push(...textOf(row, 'functions').split('\n').flatMap(opaqueName));
  }
  for (const row of rows.viewRelations) {
    const view = byOid.get(numberOf(row, 'view'));
    const relation = byOid.get(numberOf(row, 'relation'));
    if (view === undefined || relation === undefined) continue;
    select(edges, view, relation, numberOf(row, 'attnum'), wholeRows.has(view.oid));
  }
  linkForeignTables(rows.foreignTables, byOid, edges);
  yield* inPieces(byOid.values(), (relation) => relation.behind.push(...close(relation, edges)));
}

function select(edges: Edges, view: Draft, relation: Draft, attnum: number, wholeRows: boolean): void {
  const selected = edges.selected.get(view.oid) ?? new Map<Draft, Set<string> | null>();
  edges.selected.set(view.oid, selected);
  if (wholeRows) {
    selected.set(relation, null);
    return;
  }
  const fields = selected.get(relation) ?? new Set<string>();
  const column = relation.columns.find((candidate) => candidate.attnum === attnum);
  // A system column (negative number) carries no value of the table.
  if (column !== undefined) for (const field of fieldsBehindField(relation, column.name)) fields.add(field);
  selected.set(relation, fields);
}

/** A foreign table may lead back to this very database, so a relation of its remote name counts as read. */
function linkForeignTables(
  rows: readonly CatalogRow[],
  byOid: ReadonlyMap<number, Draft>,
  edges: Edges,
): void {
  if (rows.length === 0) return;
  const byName = new Map(
    [...byOid.values()].map((relation) => [nameKey(relation.schema, relation.name), relation]),
  );
  for (const row of rows) {
    const foreign = byOid.get(numberOf(row, 'oid'));
    if (foreign === undefined) continue;
    const options = new Map(
      textOf(row, 'options')
        .split('\n')
        .map((option) => [option.slice(0, option.indexOf('=')), option.slice(option.indexOf('=') + 1)]),
    );
    const schema = options.get('schema_name') ?? foreign.schema;
    const remote = byName.get(nameKey(schema, options.get('table_name') ?? foreign.name));
    if (remote !== undefined && remote !== foreign)
      edges.selected.set(foreign.oid, new Map([[remote, null]]));
  }
}

/** Everything that is reached from a relation, nearest first; ends because each relation is visited once per manner. */
function close(start: Draft, edges: Edges): CatalogReach[] {
  const same = new Set<Draft>();
  for (const direction of [edges.parents, edges.children]) collect(start, direction, same);
  same.delete(start);
  const views = new Map<Draft, Set<string> | null>();
  for (const relation of [start, ...same]) addSelected(relation, edges, views);
  return [
    ...[...same].map((relation) => Object.freeze({ kind: 'same' as const, relation })),
    ...[...views].map(([relation, fields]) =>
      Object.freeze({
        kind: 'view' as const,
        relation,
        fields: fields === null ? null : Object.freeze([...fields]),
      }),
    ),
  ];
}

function collect(start: Draft, direction: ReadonlyMap<number, readonly Draft[]>, into: Set<Draft>): void {
  const pending = [start];
  const seen = new Set<Draft>(pending);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    into.add(next);
    for (const related of direction.get(next.oid) ?? []) {
      if (seen.has(related)) continue;
      seen.add(related);
      pending.push(related);
    }
  }
}

function addSelected(start: Draft, edges: Edges, into: Map<Draft, Set<string> | null>): void {
  const pending = [start];
  const seen = new Set<Draft>(pending);
  for (let view = pending.pop(); view !== undefined; view = pending.pop()) {
    for (const [relation, fields] of edges.selected.get(view.oid) ?? []) {
      const family = new Set<Draft>();
      for (const direction of [edges.parents, edges.children]) collect(relation, direction, family);
      for (const member of family) {
        mergeFields(into, member, fields);
        if (seen.has(member)) continue;
        seen.add(member);
        pending.push(member);
      }
    }
  }
}

function mergeFields(
  into: Map<Draft, Set<string> | null>,
  relation: Draft,
  fields: Set<string> | null,
): void {
  const before = into.get(relation);
  if (fields === null || before === null) into.set(relation, null);
  else into.set(relation, new Set([...(before ?? []), ...fields]));
}

function readFunctions(rows: readonly CatalogRow[]): Map<number, CatalogFunction> {
  return new Map(
    rows.map((row) => [
      numberOf(row, 'oid'),
      Object.freeze({
        schema: textOf(row, 'schema'),
        name: textOf(row, 'name'),
        volatility: textOf(row, 'volatility') as CatalogFunction['volatility'],
        language: textOf(row, 'language'),
        owner: textOf(row, 'owner'),
        securityDefiner: flagOf(row, 'definer'),
      }),
    ]),
  );
}

/** `pg_catalog.lower` is nothing to mention, `pg_catalog.pg_read_file` and `public.f` are. */
function opaqueName(qualified: string): readonly string[] {
  if (qualified === '') return [];
  if (!qualified.startsWith('pg_catalog.')) return [qualified];
  const name = qualified.slice('pg_catalog.'.length);
  const builtin = classifyBuiltinFunction(name);
  return builtin === 'pure' || builtin === 'introspect' ? [] : [name];
}

function* createCatalog(
  settings: CatalogRow,
  rows: PostgresCatalogRows,
  relations: ReadonlyMap<number, Draft>,
  functions: ReadonlyMap<number, CatalogFunction>,
): Generator<undefined, PostgresCatalog> {
  const schemas = new Map(
    rows.schemas.map((row) => {
      const name = textOf(row, 'name');
      return [name, Object.freeze({ name, usable: flagOf(row, 'usable') })];
    }),
  );
  const byName = new Map<string, CatalogRelation>();
  const named = new Map<string, CatalogRelation[]>();
  yield* inPieces(relations.values(), (relation) => {
    const { columns, behind, cascades, routines, opaqueFunctions } = relation;
    for (const list of [relation, columns, behind, cascades, routines, opaqueFunctions]) Object.freeze(list);
    byName.set(nameKey(relation.schema, relation.name), relation);
    append(named, relation.name, relation);
  });
  const functionsNamed = new Map<string, CatalogFunction[]>();
  for (const routine of functions.values()) append(functionsNamed, routine.name, routine);
  const operators = groupFunctions(rows.operators, 'name', functions);
  const casts = groupFunctions(rows.casts, 'type', functions);
  return Object.freeze({
    serverVersion: numberOf(settings, 'version'),
    user: textOf(settings, 'user'),
    defaultSearchPath: Object.freeze(parseSearchPath(textOf(settings, 'search_path')) ?? []),
    schema: (name: string) => schemas.get(name),
    relation: (schema: string, name: string) => byName.get(nameKey(schema, name)),
    relationByOid: (oid: number) => relations.get(oid),
    relationsNamed: (name: string) => named.get(name) ?? [],
    functionsNamed: (name: string) => functionsNamed.get(name) ?? [],
    operatorFunctions: (name: string) => operators.get(name) ?? [],
    castFunctions: (typeName: string) => casts.get(typeName) ?? [],
    columnOrigin: (oid: number, attnum: number) => columnOrigin(relations.get(oid), attnum),
    originAliases: (oid: number, attnum: number) => originAliases(relations.get(oid), attnum),
  });
}

function columnOrigin(relation: CatalogRelation | undefined, attnum: number): CatalogOrigin | null {
  const column = relation?.columns.find((candidate) => candidate.attnum === attnum);
  return relation === undefined || column === undefined ? null : origin(relation, column.name);
}

function originAliases(relation: CatalogRelation | undefined, attnum: number): readonly CatalogOrigin[] {
  const column = relation?.columns.find((candidate) => candidate.attnum === attnum);
  if (relation === undefined || column === undefined) return [];
  const behind = relation.behind.flatMap((reach) => {
    const fields =
      reach.kind === 'view' ? (reach.fields ?? ['*']) : fieldsBehindField(reach.relation, column.name);
    return fields.map((field) => origin(reach.relation, field));
  });
  return [...column.generatedFrom.map((field) => origin(relation, field)), ...behind];
}

function origin(relation: CatalogRelation, field: string): CatalogOrigin {
  return { object: { kind: 'relation', path: [relation.schema, relation.name] }, field };
}

function groupFunctions(
  rows: readonly CatalogRow[],
  key: string,
  functions: ReadonlyMap<number, CatalogFunction>,
): Map<string, CatalogFunction[]> {
  const groups = new Map<string, CatalogFunction[]>();
  for (const row of rows) {
    const routine = functions.get(numberOf(row, 'function'));
    // A built-in function behind an own operator or cast computes what the built-in one does.
    if (routine !== undefined && !isSystemSchema(routine.schema)) append(groups, textOf(row, key), routine);
  }
  return groups;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function nameKey(schema: string, name: string): string {
  return `${schema}\0${name}`;
}
