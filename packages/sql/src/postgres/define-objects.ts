import { type Action, known, type ObjectKind, type ObjectRef, unknown } from '@gatehouse/model';
import type { FuncCall, Node, ObjectType, RangeVar, SelectStmt } from 'libpg-query';
import { resolveRelation } from './analyze-from.ts';
import { analyzeSelect, consume } from './analyze-select.ts';
import { recordCall, recordOpaque } from './call-function.ts';
import { NOTHING } from './lineage.ts';
import type { QueryEnvironment } from './query-environment.ts';
import { EMPTY_SCOPE } from './scope.ts';
import { quietForm, type StatementForm } from './statement-form.ts';
import { nameParts, visitObjects } from './syntax-tree.ts';

/**
 * Objects that DDL names: by kind and name, as accesses.
 *
 * Relations are resolved like anywhere else. Triggers, rules, policies, columns and constraints count as
 * their relation. What a definition contains besides (referenced tables, defaults, queries) is added by
 * `recordContents`.
 */
export function recordObject(
  env: QueryEnvironment,
  action: Action,
  type: ObjectType | undefined,
  object: Node | undefined,
): void {
  const parts = objectName(object);
  const kind = type ?? 'OBJECT_TABLE';
  if (RELATIONS.has(kind)) recordRelationName(env, action, parts);
  else if (PARTS_OF_RELATIONS.has(kind)) recordRelationName(env, action, parts.slice(0, -1));
  else if (kind === 'OBJECT_INDEX') recordIndex(env, action, parts);
  else if (ROUTINES.has(kind)) recordRoutine(env, action, parts);
  else if (kind === 'OBJECT_TYPE' || kind === 'OBJECT_DOMAIN') recordInSchema(env, action, 'type', parts);
  else {
    const plain: ObjectKind = (PLAIN_KINDS as Readonly<Record<string, ObjectKind>>)[kind] ?? 'other';
    const name = parts.join('.');
    env.state.facts.add({
      action,
      object:
        name === '' ? unknown('the object has no name of its own') : known({ kind: plain, path: [name] }),
      fields: known([]),
    });
  }
}

const RELATIONS: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_FOREIGN_TABLE',
]);
const PARTS_OF_RELATIONS: ReadonlySet<string> = new Set([
  'OBJECT_COLUMN',
  'OBJECT_TRIGGER',
  'OBJECT_RULE',
  'OBJECT_POLICY',
  'OBJECT_TABCONSTRAINT',
]);
const ROUTINES: ReadonlySet<string> = new Set([
  'OBJECT_FUNCTION',
  'OBJECT_PROCEDURE',
  'OBJECT_ROUTINE',
  'OBJECT_AGGREGATE',
]);
const PLAIN_KINDS = {
  OBJECT_SCHEMA: 'namespace',
  OBJECT_DATABASE: 'database',
  OBJECT_ROLE: 'role',
  OBJECT_FOREIGN_SERVER: 'server',
  OBJECT_PARAMETER_ACL: 'setting',
} as const;

const WORDS: Readonly<Record<string, string>> = {
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_TABCONSTRAINT: 'constraint',
  OBJECT_DOMCONSTRAINT: 'constraint',
  OBJECT_FOREIGN_SERVER: 'server',
  OBJECT_FDW: 'foreign data wrapper',
  OBJECT_TSCONFIGURATION: 'text search configuration',
  OBJECT_TSDICTIONARY: 'text search dictionary',
  OBJECT_TSPARSER: 'text search parser',
  OBJECT_TSTEMPLATE: 'text search template',
  OBJECT_STATISTIC_EXT: 'statistics',
  OBJECT_OPCLASS: 'operator class',
  OBJECT_OPFAMILY: 'operator family',
};

/** How people call that type of object: `OBJECT_MATVIEW` is `materialized view`. */
export function objectWords(type: ObjectType | undefined): string {
  const name = type ?? 'OBJECT_TABLE';
  return WORDS[name] ?? name.replace('OBJECT_', '').replaceAll('_', ' ').toLowerCase();
}

/** The dotted name in whatever form the grammar gives it. */
function objectName(node: Node | undefined): readonly string[] {
  if (node === undefined) return [];
  if ('List' in node) return nameParts(node.List.items);
  if ('ObjectWithArgs' in node) return nameParts(node.ObjectWithArgs.objname);
  if ('TypeName' in node) return nameParts(node.TypeName.names);
  if ('String' in node) return [node.String.sval ?? ''];
  if ('RangeVar' in node)
    return [node.RangeVar.schemaname, node.RangeVar.relname].filter((part) => part !== undefined);
  if ('RoleSpec' in node) return [roleName(node)];
  return [];
}

export function roleName(node: Node): string {
  if (!('RoleSpec' in node)) return '';
  return node.RoleSpec.rolename ?? (node.RoleSpec.roletype ?? '').replace('ROLESPEC_', '').toLowerCase();
}

function recordRelationName({ state }: QueryEnvironment, action: Action, parts: readonly string[]): void {
  for (const target of state.names.relation(parts.at(-3), parts.at(-2), parts.at(-1) ?? '')) {
    state.facts.touch(target, action);
  }
}

/** An index is named with its table, which is what anybody cares about. */
function recordIndex({ state }: QueryEnvironment, action: Action, parts: readonly string[]): void {
  for (const { object, relation } of state.names.relation(undefined, parts.at(-2), parts.at(-1) ?? '')) {
    const index = object.known ? known<ObjectRef>({ kind: 'index', path: object.value.path }) : object;
    state.facts.add({ action, object: index, fields: known([]) });
    const table = relation?.table;
    if (!table) continue;
    for (const target of state.names.relation(undefined, table.schema, table.name))
      state.facts.touch(target, action);
  }
}

export function recordRoutine({ state }: QueryEnvironment, action: Action, parts: readonly string[]): void {
  const { own } = state.names.functions(parts);
  for (const { schema, name } of own)
    state.facts.addObject(action, { kind: 'routine', path: [schema, name] });
  if (own.length > 0) return;
  recordInSchema({ state, ctes: null, windows: null }, action, 'routine', parts);
}

/** An object that lives in a schema; where none is named, in the one for new objects. */
export function recordInSchema(
  { state }: QueryEnvironment,
  action: Action,
  kind: ObjectKind,
  parts: readonly string[],
): void {
  const schema = state.names.creationSchema(parts.at(-2));
  state.facts.add({
    action,
    object:
      schema === null
        ? unknown('the schema for new objects is not certain')
        : known({ kind, path: [schema, parts.at(-1) ?? ''] }),
    fields: known([]),
  });
}

/** The relation that a statement is about, by its RangeVar. */
export function recordRelation(env: QueryEnvironment, action: Action, relation: RangeVar | undefined): void {
  if (relation === undefined) {
    env.state.facts.giveUp('a statement without its relation is not understood');
    return;
  }
  for (const target of resolveRelation(env, relation)) env.state.facts.touch(target, action);
}

/** A relation that comes into being. True when it is temporary. */
export function recordCreation(env: QueryEnvironment, relation: RangeVar | undefined): boolean {
  if (relation === undefined) {
    env.state.facts.giveUp('a statement without its relation is not understood');
    return false;
  }
  env.state.accounted.add(relation);
  const temporary = relation.relpersistence === 't' || relation.schemaname === 'pg_temp';
  for (const target of env.state.names.creation(relation.schemaname, relation.relname ?? '', temporary)) {
    env.state.facts.touch(target, 'define');
  }
  return temporary;
}

/**
 * What else a definition holds: keys into other tables, tables that it is shaped like, queries, and the
 * functions of its expressions. Columns in expressions are those of the object that is defined.
 */
export function recordContents(env: QueryEnvironment, tree: unknown): void {
  const { accounted, facts } = env.state;
  visitObjects(tree, (key, value) => {
    if (key === 'TableLikeClause' && isRangeVar(value['relation'])) {
      recordRelation(env, 'introspect', value['relation']);
    } else if (key === 'Constraint' && isRangeVar(value['pktable']) && !accounted.has(value['pktable'])) {
      const columns = nameParts(value['pk_attrs'] as readonly Node[] | undefined);
      for (const target of resolveRelation(env, value['pktable'])) {
        facts.touch(target, 'read');
        for (const column of columns) facts.use(target, 'read', column, 'join');
      }
    } else if (isSelect(value) && !accounted.has(value)) {
      consume(env, analyzeSelect(env, EMPTY_SCOPE, value, 'output'), 'output');
    } else if ('funcname' in value && 'funcformat' in value && !accounted.has(value)) {
      accounted.add(value);
      recordCall(env.state, value as FuncCall, NOTHING);
    } else if (key === 'ColumnRef') accounted.add(value);
    else if (isRangeVar(value) && !accounted.has(value)) recordRelation(env, 'define', value);
    else if (key === 'CreateTrigStmt') {
      const name = nameParts(value['funcname'] as readonly Node[] | undefined);
      recordOpaque(
        env.state,
        name.at(-2) ?? env.state.names.functions(name).own[0]?.schema ?? '',
        name.at(-1) ?? '',
        NOTHING,
      );
    }
  });
}

/** Puts everything of a tree into `accounted`: a body that is opaque by its nature. */
export function accountForBody(env: QueryEnvironment, tree: unknown): void {
  visitObjects(tree, (_key, value) => {
    env.state.accounted.add(value);
  });
}

function isRangeVar(value: unknown): value is RangeVar {
  return typeof value === 'object' && value !== null && 'relname' in value && 'relpersistence' in value;
}

function isSelect(value: object): value is SelectStmt {
  return 'limitOption' in value && 'op' in value;
}

/** Says that objects change; `temporary` ones are this session's only. */
export function recordChange(env: QueryEnvironment, temporary = false): void {
  env.state.effects.push({ kind: 'schema-change', temporary });
}

/** The form of a statement after which objects are not what they were. */
export function alteredForm(env: QueryEnvironment, verb: string): StatementForm {
  recordChange(env);
  return quietForm(verb);
}

/** An object outside of schemas, by its one name. */
export function recordPlain(env: QueryEnvironment, kind: ObjectKind, name: string | undefined): void {
  env.state.facts.add({
    action: 'define',
    object: name === undefined ? unknown('an object without a name') : known({ kind, path: [name] }),
    fields: known([]),
  });
}
