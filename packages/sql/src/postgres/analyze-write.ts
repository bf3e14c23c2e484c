import type { Action } from '@gatehouse/model';
import type {
  DeleteStmt,
  InsertStmt,
  MergeStmt,
  MergeWhenClause,
  Node,
  RangeVar,
  ResTarget,
  ReturningClause,
  UpdateStmt,
} from 'libpg-query';
import { analyzeAll, analyzeExpression, analyzeParts } from './analyze-expression.ts';
import { analyzeFrom, itemOfRelation, resolveRelation } from './analyze-from.ts';
import { analyzeSelect, analyzeTargets, consume } from './analyze-select.ts';
import { withCtes } from './common-table-expressions.ts';
import { filtersTarget, picksRows } from './filtered-rows.ts';
import { combine, type Lineage, NOTHING } from './lineage.ts';
import type { QueryEnvironment, QueryResult } from './query-environment.ts';
import { type FromPart, partOfItem, type RangeItem, type Scope } from './scope.ts';
import { SYSTEM_COLUMNS, type Target } from './target.ts';

/**
 * INSERT, UPDATE, DELETE and MERGE, at the top or inside WITH.
 *
 * Columns that are set are `write` on the target's access; columns that filter it belong to the same
 * access; values that are stored elsewhere are `output`. What RETURNING gives back is a `read` of the target.
 */
export function analyzeWrite(outer: QueryEnvironment, parent: Scope, node: Node): QueryResult {
  if ('InsertStmt' in node) return analyzeInsert(outer, parent, node.InsertStmt);
  if ('UpdateStmt' in node) return analyzeUpdate(outer, parent, node.UpdateStmt);
  if ('DeleteStmt' in node) return analyzeDelete(outer, parent, node.DeleteStmt);
  if ('MergeStmt' in node) return analyzeMerge(outer, parent, node.MergeStmt);
  outer.state.facts.giveUp('a query in WITH is not understood');
  return { columns: null, output: [], all: NOTHING, bounded: false };
}

/** The target as an item of the scope. */
interface WrittenItem {
  readonly targets: readonly Target[];
  readonly action: Action;
  readonly item: RangeItem;
  readonly part: FromPart;
}

function openTarget(env: QueryEnvironment, relation: RangeVar, action: Action): WrittenItem {
  const targets = resolveRelation(env, relation);
  for (const target of targets) env.state.facts.touch(target, action);
  const item = itemOfRelation(relation, targets, action);
  return { targets, action, item, part: partOfItem(item, false) };
}

function analyzeInsert(outer: QueryEnvironment, parent: Scope, statement: InsertStmt): QueryResult {
  const env = withCtes(outer, parent, statement.withClause);
  if (statement.relation === undefined) return refuse(env);
  const written = openTarget(env, statement.relation, 'insert');
  const source = statement.selectStmt;
  let bounded = true;
  let width = 0;
  if (source !== undefined && 'SelectStmt' in source) {
    const result = analyzeSelect(env, parent, source.SelectStmt, 'output');
    env.state.facts.store(consume(env, result, 'output'));
    bounded = result.bounded;
    width = result.columns?.length ?? Number.POSITIVE_INFINITY;
  }
  if (statement.cols === undefined) writeFirst(env, written, width);
  else writeTargets(env, parent, written, statement.cols);
  const conflict = statement.onConflictClause;
  if (conflict !== undefined) {
    const scope: Scope = { parts: [written.part], parent };
    analyzeParts(env, scope, conflict.infer, 'filter');
    for (const node of conflict.infer?.indexElems ?? []) {
      if ('IndexElem' in node && node.IndexElem.name !== undefined)
        useField(env, written, node.IndexElem.name, 'filter');
    }
    if (conflict.action === 'ONCONFLICT_UPDATE') {
      // As many rows may be updated as the query gives.
      const query = source !== undefined && 'SelectStmt' in source ? source.SelectStmt : undefined;
      if (query !== undefined && query.valuesLists === undefined && !picksRows(env, query)) bounded = false;
      const updated: WrittenItem = {
        ...written,
        action: 'update',
        item: itemOfRelation(statement.relation, written.targets, 'update'),
      };
      for (const target of updated.targets) env.state.facts.touch(target, 'update');
      // `excluded` is the row that was to be inserted: not a value that is stored.
      const excluded = {
        ...written.item,
        name: 'excluded',
        schemas: [],
        columns: blank(written.item),
        open: () => NOTHING,
        row: NOTHING,
        star: [],
      };
      const conflictScope: Scope = {
        parts: [partOfItem(updated.item, false), { ...partOfItem(excluded, true), visible: [] }],
        parent,
      };
      writeTargets(env, conflictScope, updated, conflict.targetList ?? []);
      analyzeExpression(env, conflictScope, conflict.whereClause, 'filter');
    }
  }
  if (!bounded) env.state.writesAreBounded = false;
  return returning(env, parent, written, [], statement.relation, statement.returningClause, bounded);
}

function blank(item: RangeItem) {
  return item.columns?.map(({ name }) => ({ name, lineage: NOTHING })) ?? null;
}

function analyzeUpdate(outer: QueryEnvironment, parent: Scope, statement: UpdateStmt): QueryResult {
  const env = withCtes(outer, parent, statement.withClause);
  if (statement.relation === undefined) return refuse(env);
  const written = openTarget(env, statement.relation, 'update');
  const from = analyzeFrom(env, parent, statement.fromClause ?? []);
  const scope: Scope = { parts: [written.part, ...from], parent };
  writeTargets(env, scope, written, statement.targetList ?? []);
  analyzeExpression(env, scope, statement.whereClause, 'filter');
  const bounded = filtersTarget(env, statement.whereClause, {
    targets: written.targets,
    name: written.item.name,
    alone: from.length === 0,
  });
  if (!bounded) env.state.writesAreBounded = false;
  return returning(env, parent, written, from, statement.relation, statement.returningClause, bounded);
}

function analyzeDelete(outer: QueryEnvironment, parent: Scope, statement: DeleteStmt): QueryResult {
  const env = withCtes(outer, parent, statement.withClause);
  if (statement.relation === undefined) return refuse(env);
  const written = openTarget(env, statement.relation, 'delete');
  const from = analyzeFrom(env, parent, statement.usingClause ?? []);
  analyzeExpression(env, { parts: [written.part, ...from], parent }, statement.whereClause, 'filter');
  const bounded = filtersTarget(env, statement.whereClause, {
    targets: written.targets,
    name: written.item.name,
    alone: from.length === 0,
  });
  if (!bounded) env.state.writesAreBounded = false;
  return returning(env, parent, written, from, statement.relation, statement.returningClause, bounded);
}

function analyzeMerge(outer: QueryEnvironment, parent: Scope, statement: MergeStmt): QueryResult {
  const env = withCtes(outer, parent, statement.withClause);
  if (statement.relation === undefined || statement.sourceRelation === undefined) return refuse(env);
  // A merge always reads the rows that it compares.
  const read = openTarget(env, statement.relation, 'read');
  const from = analyzeFrom(env, parent, [statement.sourceRelation]);
  const scope: Scope = { parts: [read.part, ...from], parent };
  analyzeExpression(env, scope, statement.joinCondition, 'join');
  for (const node of statement.mergeWhenClauses ?? []) {
    if ('MergeWhenClause' in node) analyzeWhen(env, scope, read, node.MergeWhenClause);
  }
  env.state.writesAreBounded = false;
  return returning(
    env,
    parent,
    read,
    from,
    statement.relation,
    statement.returningClause,
    false,
    'beside first',
  );
}

function analyzeWhen(env: QueryEnvironment, scope: Scope, read: WrittenItem, clause: MergeWhenClause): void {
  analyzeExpression(env, scope, clause.condition, 'filter');
  const action = clause.commandType === undefined ? undefined : MERGE_ACTIONS[clause.commandType];
  if (action === undefined) {
    if (clause.commandType !== 'CMD_NOTHING') env.state.facts.giveUp('an action of MERGE is not understood');
    return;
  }
  const written: WrittenItem = { ...read, action };
  for (const target of written.targets) env.state.facts.touch(target, action);
  if (action === 'insert') {
    env.state.facts.store(analyzeAll(env, scope, clause.values, 'output'));
    if (clause.targetList === undefined) writeFirst(env, written, clause.values?.length ?? 0);
  }
  writeTargets(env, scope, written, clause.targetList ?? []);
}

const MERGE_ACTIONS: Readonly<Partial<Record<string, Action>>> = {
  CMD_INSERT: 'insert',
  CMD_UPDATE: 'update',
  CMD_DELETE: 'delete',
};

function refuse(env: QueryEnvironment): QueryResult {
  env.state.facts.giveUp('a write without a target is not understood');
  return { columns: null, output: [], all: NOTHING, bounded: false };
}

function writeTargets(
  env: QueryEnvironment,
  scope: Scope,
  written: WrittenItem,
  targets: readonly Node[],
): void {
  for (const node of targets) if ('ResTarget' in node) writeTarget(env, scope, written, node.ResTarget);
}

function writeTarget(env: QueryEnvironment, scope: Scope, written: WrittenItem, target: ResTarget): void {
  useField(env, written, target.name ?? '*', 'write');
  analyzeParts(env, scope, target.indirection, 'filter');
  const value = target.val;
  if (value === undefined) return;
  // `(a, b) = (…)`: each column holds the whole source.
  const source = 'MultiAssignRef' in value ? value.MultiAssignRef.source : value;
  env.state.facts.store(analyzeExpression(env, scope, source, 'output'));
}

/** INSERT without a column list fills the first columns. */
function writeFirst(env: QueryEnvironment, written: WrittenItem, width: number): void {
  const columns = written.targets.length === 1 ? written.targets[0]!.relation?.columns : undefined;
  if (columns === undefined || columns.length === 0) useField(env, written, '*', 'write');
  else for (const { name } of columns.slice(0, width)) useField(env, written, name, 'write');
}

function useField(env: QueryEnvironment, written: WrittenItem, name: string, use: 'write' | 'filter'): void {
  const { facts, names } = env.state;
  for (const target of written.targets) {
    facts.use(target, written.action, name, use);
    const columns = target.relation?.columns;
    const isKnown = columns === undefined || name === '*' || columns.some((column) => column.name === name);
    if (!isKnown && !SYSTEM_COLUMNS.has(name)) names.noteMissing(name);
  }
}

/** RETURNING sees the target, `old` and `new`, and what stands beside it. */
function returning(
  env: QueryEnvironment,
  parent: Scope,
  written: WrittenItem,
  from: readonly FromPart[],
  relation: RangeVar,
  clause: ReturningClause | undefined,
  bounded: boolean,
  order: 'target first' | 'beside first' = 'target first',
): QueryResult {
  if (clause === undefined) return { columns: [], output: [], all: NOTHING, bounded };
  const item = itemOfRelation(relation, written.targets, 'read');
  const versions = new Map([
    ['old', 'old'],
    ['new', 'new'],
  ]);
  for (const node of clause.options ?? []) {
    if (!('ReturningOption' in node)) continue;
    const { option, value } = node.ReturningOption;
    if (value !== undefined) versions.set(option === 'RETURNING_OPTION_OLD' ? 'old' : 'new', value);
  }
  const named = [...versions.values()].map((name) => ({
    ...partOfItem({ ...item, name, schemas: [] }, true),
    visible: [],
    star: [],
  }));
  const target = partOfItem(item, true);
  // `*` of a MERGE begins with the source.
  const parts = order === 'target first' ? [target, ...from] : [...from, target];
  const scope: Scope = { parts: [...parts, ...named], parent };
  const output = analyzeTargets(env, scope, clause.exprs, 'output');
  const all: Lineage = combine(output.map(({ lineage }) => lineage));
  return { columns: output.some(({ name }) => name === '*') ? null : output, output, all, bounded };
}
