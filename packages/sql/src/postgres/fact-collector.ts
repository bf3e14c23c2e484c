import {
  type Access,
  type Action,
  type FieldAccess,
  type FieldSource,
  type FieldUse,
  type FieldUses,
  type Known,
  known,
  type ObjectRef,
  type OutputColumn,
  recordUse,
  unknown,
} from '@gatehouse/model';
import type { CatalogReach, CatalogRelation } from './catalog.ts';
import { followCascades, type RowChange } from './follow-cascades.ts';
import { fieldsBehindField, isGenerated } from './generated-column.ts';
import { combine, type Lineage, type NamedLineage } from './lineage.ts';
import { hasHiddenWrites } from './resolve-names.ts';
import { isDescription } from './system-relation.ts';
import { SYSTEM_COLUMNS, type Target, targetOfRelation } from './target.ts';
import type { ViewColumn, ViewReader } from './view-reader.ts';

/**
 * Gathers the facts of one statement and says them once it is done.
 *
 * Uses are recorded on the relation that the statement names. What lies behind it (parents, children,
 * what a view selects) is added at the end, with the same uses.
 */
export interface FactCollector {
  touch(target: Target, action: Action): void;
  use(target: Target, action: Action, field: string, use: FieldUse): void;
  useAll(lineage: Lineage, use: FieldUse): void;
  /** The columns are compared with one constant, for being equal. */
  compare(lineage: Lineage): void;
  /** The value is put into an object. */
  store(lineage: Lineage): void;
  /** The value decides whether the statement fails, or how long it runs (`isTotal`). */
  probe(lineage: Lineage): void;
  /** Any field of the target may be used in any way. */
  useUnknown(target: Target, action: Action, reason: string): void;
  add(access: Access): void;
  addObject(action: Action, object: ObjectRef): void;
  addFunction(name: string): void;
  /** The accesses as a whole cannot be told. The first reason stays. */
  giveUp(reason: string): void;
  /** What would be written is only looked at: EXPLAIN without ANALYZE. */
  describeWrites(): void;
  /** True when a view that is read calls a routine that cannot be seen through. */
  readonly callsThroughViews: boolean;
  /** True when any such routine is called, or nobody knows. */
  readonly callsUnseen: boolean;
  accesses(): Known<readonly Access[]>;
  functions(): readonly string[];
  probes(): Known<readonly FieldSource[]>;
  /** Undefined where definitions may store what they select. */
  stored(): Known<readonly FieldSource[]> | undefined;
}

interface Touched {
  readonly target: Target;
  readonly action: Action;
  readonly fields: FieldUses;
  unknownReason: string | null;
}

/** Where what is selected may go into the object that is made. */
const STORES_UNSEEN: ReadonlySet<Action> = new Set(['define', 'call', 'unknown']);
const UNSEEN: ReadonlySet<Action> = new Set(['call', 'unknown']);
const WRITES: ReadonlySet<Action> = new Set(['insert', 'update', 'delete']);

export function createFactCollector(views: ViewReader): FactCollector {
  const touched = new Map<string, Touched>();
  const extra = new Map<string, Access>();
  const functions = new Set<string>();
  const probed: Lineage[] = [];
  const kept: Lineage[] = [];
  let gaveUp: string | null = null;
  let onlyDescribed = false;

  const at = (target: Target, action: Action): Touched => {
    const effective = action === 'read' && describes(target) ? 'introspect' : action;
    const key = `${effective}\0${target.key}`;
    let entry = touched.get(key);
    if (entry === undefined) {
      entry = { target, action: effective, fields: new Map(), unknownReason: null };
      touched.set(key, entry);
      if (WRITES.has(action) && target.relation !== null && hasHiddenWrites(target.relation)) {
        gaveUp ??= 'the relation has rewrite rules or triggers that decide what a write does';
      }
    }
    return entry;
  };
  const use = (target: Target, action: Action, field: string, how: FieldUse) => {
    // What a generated column is computed from is written by itself.
    const fields = how === 'write' ? [field] : fieldsBehindField(target.relation, field);
    for (const each of fields) recordUse(at(target, action).fields, { field: each, use: how });
  };
  const add = (access: Access) => {
    extra.set(JSON.stringify([access.action, access.object]), access);
  };

  return {
    touch: (target, action) => {
      at(target, action);
    },
    use,
    useAll(lineage, how) {
      for (const { target, action, field } of lineage.sources) use(target, action, field, how);
    },
    compare({ sources, isValue }) {
      for (const { target, action, field } of sources) {
        if (isValue && !isGenerated(target.relation, field))
          recordUse(at(target, action).fields, { field, use: 'filter', equality: true });
        else use(target, action, field, 'filter');
      }
    },
    store: (lineage) => {
      kept.push(lineage);
    },
    probe: (lineage) => {
      if (lineage.sources.length > 0) probed.push(lineage);
    },
    useUnknown: (target, action, reason) => {
      at(target, action).unknownReason ??= reason;
    },
    add,
    addObject: (action, object) => {
      add({ action, object: known(object), fields: known([]) });
    },
    addFunction: (name) => {
      functions.add(name);
    },
    giveUp: (reason) => {
      gaveUp ??= reason;
    },
    describeWrites: () => {
      onlyDescribed = true;
    },
    get callsThroughViews() {
      return [...touched.values()].some(({ target }) => opaqueFunctionsOf(target).length > 0);
    },
    get callsUnseen() {
      return (
        gaveUp !== null ||
        this.callsThroughViews ||
        [...extra.values()].some(({ action }) => UNSEEN.has(action))
      );
    },
    accesses() {
      // What views behind the named relations call is called too, so this comes first.
      const all = [...touched.values()].flatMap((entry) => expand(entry, views));
      all.push(...followCascades([...touched.values()].flatMap(rowChanges)).map(accessOfChange));
      for (const { target } of touched.values()) {
        for (const name of opaqueFunctionsOf(target)) {
          add({
            action: 'call',
            object: known({ kind: 'routine', path: routinePath(name) }),
            fields: known([]),
          });
        }
      }
      if (gaveUp !== null) return unknown(gaveUp);
      const accesses = [...all, ...extra.values()];
      return known(mergeAccesses(onlyDescribed ? accesses.map(describe) : accesses));
    },
    functions: () => [...new Set([...functions, ...routinesBeside([...touched.values()])])],
    stored: () => {
      const defines = [...touched.values(), ...extra.values()].some(({ action }) =>
        STORES_UNSEEN.has(action),
      );
      return defines ? undefined : outputColumn({ name: '', lineage: combine(kept) }, views).sources;
    },
    probes: () => outputColumn({ name: '', lineage: combine(probed) }, views).sources,
  };
}

/** The columns that a planned write compares still show in estimates; nothing is stored. */
function describe(access: Access): Access {
  if (!WRITES.has(access.action) && access.action !== 'define') return access;
  return { ...access, action: 'introspect' };
}

function describes({ relation }: Target): boolean {
  return relation !== null && isDescription(relation.schema, relation.name);
}

function routinePath(name: string): readonly string[] {
  const dot = name.indexOf('.');
  return dot < 0 ? ['pg_catalog', name] : [name.slice(0, dot), name.slice(dot + 1)];
}

function opaqueFunctionsOf({ relation }: Target): readonly string[] {
  if (relation === null) return [];
  return [relation, ...relation.behind.map((reach) => reach.relation)].flatMap(
    (each) => each.opaqueFunctions,
  );
}

/** The access itself and those of what lies behind. */
function expand({ target, action, fields, unknownReason }: Touched, views: ViewReader): readonly Access[] {
  const list = [...fields.values()];
  const own: Access = {
    action,
    object: target.object,
    fields: unknownReason === null ? known(list) : unknown(unknownReason),
  };
  const behind = (target.relation?.behind ?? []).flatMap((reach): readonly Access[] => {
    // Changing a definition reaches partitions, never what a view selects.
    if (reach.kind === 'view' && !isRowAction(action)) return [];
    return [
      {
        action,
        object: targetOfRelation(reach.relation).object,
        fields:
          unknownReason === null ? known(fieldsBehind(target, reach, list, views)) : unknown(unknownReason),
      },
    ];
  });
  return [own, ...behind];
}

/** What is changed in the relation itself, in its parents and children, and in what a view shows. */
function rowChanges({ target: { relation }, action, fields, unknownReason }: Touched): readonly RowChange[] {
  if (relation === null || (action !== 'update' && action !== 'delete')) return [];
  const written = [...fields.values()].filter(({ use }) => use === 'write').map(({ field }) => field);
  const own = unknownReason === null ? written : ['*'];
  return [
    { relation, does: action, fields: own },
    ...relation.behind.map((reach) => ({
      relation: reach.relation,
      does: action,
      fields: reach.kind === 'same' ? own : ['*'],
    })),
  ];
}

function accessOfChange({ relation, does, fields }: RowChange): Access {
  return {
    action: does,
    object: targetOfRelation(relation).object,
    fields: known(fields.map((field) => ({ field, use: 'write' }))),
  };
}

/** Own functions that run with the relations: nobody calls them, but what they do happens. */
function routinesBeside(touched: readonly Touched[]): readonly string[] {
  const cascaded = followCascades(touched.flatMap(rowChanges));
  const used = [
    ...touched.flatMap(({ target: { relation }, action }) =>
      relation === null
        ? []
        : [relation, ...relation.behind.map((reach) => reach.relation)].map((each) => ({ each, action })),
    ),
    ...cascaded.map(({ relation, does }) => ({ each: relation, action: does })),
  ];
  return used.flatMap(({ each, action }) =>
    each.routines
      .filter(({ on }) => isRowAction(action) && on.has(action))
      .map(({ routine }) => `${routine.schema}.${routine.name}`.toLowerCase()),
  );
}

function isRowAction(action: Action): action is 'read' | 'insert' | 'update' | 'delete' {
  return action === 'read' || WRITES.has(action);
}

function fieldsBehind(
  { relation }: Target,
  reach: CatalogReach,
  fields: readonly FieldAccess[],
  views: ViewReader,
): readonly FieldAccess[] {
  if (reach.kind === 'same') return fields.filter(({ field }) => hasField(reach.relation, field));
  const selected = fields.map((access) => ({ ...access, columns: columnsOf(relation, access.field, views) }));
  if (selected.every(({ columns }) => columns !== null)) {
    const uses: FieldUses = new Map();
    for (const { use, equality, columns } of selected) {
      for (const { kind, sources } of columns!) {
        // What the view computes says something else than the whole value by being equal.
        const how = equality === true && kind === 'value' ? { use, equality } : { use };
        for (const { object, field } of sources)
          if (isRelation(reach.relation, object)) recordUse(uses, { field, ...how });
      }
    }
    return [...uses.values()];
  }
  const uses = new Set(fields.map(({ use }) => use));
  return [...uses].flatMap((use) => (reach.fields ?? ['*']).map((field) => ({ field, use })));
}

/** The columns of a view that a field means, or null where it is no view or was not understood. */
function columnsOf(
  relation: CatalogRelation | null,
  field: string,
  views: ViewReader,
): readonly ViewColumn[] | null {
  if (relation === null || (relation.kind !== 'v' && relation.kind !== 'm')) return null;
  const columns = views.columns(relation);
  if (columns === null) return null;
  if (field === '*') return [...columns.values()];
  const column = columns.get(field);
  if (column !== undefined) return [column];
  return SYSTEM_COLUMNS.has(field) ? [] : null;
}

function isRelation({ schema, name }: CatalogRelation, { path }: ObjectRef): boolean {
  return path.length === 2 && path[0] === schema && path[1] === name;
}

/** A child may have columns of its own. */
function hasField({ columns }: CatalogRelation, field: string): boolean {
  return field === '*' || SYSTEM_COLUMNS.has(field) || columns.some(({ name }) => name === field);
}

/** One access for each action and object. */
function mergeAccesses(accesses: readonly Access[]): readonly Access[] {
  const merged = new Map<string, Access>();
  for (const access of accesses) {
    const key = JSON.stringify([access.action, access.object]);
    const before = merged.get(key);
    merged.set(
      key,
      before === undefined ? access : { ...before, fields: mergeFields(before.fields, access.fields) },
    );
  }
  return [...merged.values()];
}

function mergeFields(
  a: Known<readonly FieldAccess[]>,
  b: Known<readonly FieldAccess[]>,
): Known<readonly FieldAccess[]> {
  if (!a.known) return a;
  if (!b.known) return b;
  const merged: FieldUses = new Map();
  for (const access of [...a.value, ...b.value]) recordUse(merged, access);
  return known([...merged.values()]);
}

/**
 * What leaves in one column. An unchanged value of a table is told by the table that the statement names, as the server
 * does; `with relatives` adds the same column of its parents and children.
 */
export function outputColumn(
  { name, lineage }: NamedLineage,
  views: ViewReader,
  detail: 'named' | 'with relatives' = 'named',
): OutputColumn {
  if (lineage.opaque !== null) return { name, kind: 'derived', sources: unknown(lineage.opaque) };
  if (lineage.sources.length === 0) return { name, kind: 'none', sources: known([]) };
  // A view over such a function may give back anything.
  if (lineage.sources.some(({ target }) => opaqueFunctionsOf(target).length > 0)) {
    return { name, kind: 'derived', sources: unknown('a view calls a function that cannot be seen through') };
  }
  const sources = new Map<string, { object: ObjectRef; field: string }>();
  const put = (object: ObjectRef, field: string) =>
    sources.set(JSON.stringify([object.path, field]), { object, field });
  for (const { target, field } of lineage.sources) {
    if (!target.object.known) return { name, kind: 'derived', sources: target.object };
    for (const each of fieldsBehindField(target.relation, field)) put(target.object.value, each);
  }
  const origins = lineage.sources.map((origin) => ({
    ...origin,
    columns: columnsOf(origin.target.relation, origin.field, views),
  }));
  const isValue = lineage.isValue && origins.every(staysValue);
  for (const { target, field, columns } of origins) {
    if (columns !== null) {
      for (const column of columns) for (const source of column.sources) put(source.object, source.field);
      continue;
    }
    if (isValue && detail === 'named') continue;
    for (const reach of target.relation?.behind ?? []) {
      if (reach.kind === 'same' && !hasField(reach.relation, field)) continue;
      const fields =
        reach.kind === 'same' ? fieldsBehindField(reach.relation, field) : (reach.fields ?? ['*']);
      for (const each of fields)
        put({ kind: 'relation', path: [reach.relation.schema, reach.relation.name] }, each);
    }
  }
  return { name, kind: isValue ? 'value' : 'derived', sources: known([...sources.values()]) };
}

/** Whether what the statement names unchanged is unchanged all the way down: a view may compute, as a generated column does. */
function staysValue({
  target,
  field,
  columns,
}: {
  readonly target: Target;
  readonly field: string;
  readonly columns: readonly ViewColumn[] | null;
}): boolean {
  if (isGenerated(target.relation, field)) return false;
  if (columns !== null) return columns.every(({ kind }) => kind !== 'derived');
  return (target.relation?.behind ?? []).every(({ kind }) => kind !== 'view');
}
