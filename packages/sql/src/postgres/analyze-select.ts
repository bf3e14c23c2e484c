import type { FieldUse } from '@gatehouse/model';
import type { Node, ResTarget, SelectStmt } from 'libpg-query';
import { assertColumnCount } from './analysis-limit.ts';
import {
  analyzeAll,
  analyzeExpression,
  analyzeWindow,
  expandStar,
  indirectColumn,
  resolveReference,
} from './analyze-expression.ts';
import { analyzeFrom } from './analyze-from.ts';
import { withCtes } from './common-table-expressions.ts';
import { isFilter } from './is-filter.ts';
import { isTotal } from './is-total.ts';
import { choose, combine, derive, type Lineage, type NamedLineage, opaqueLineage } from './lineage.ts';
import { outputName } from './output-name.ts';
import type { QueryEnvironment, QueryResult } from './query-environment.ts';
import { resolveColumn, type Scope } from './scope.ts';
import { nameParts } from './syntax-tree.ts';

/**
 * SELECT, VALUES, TABLE and set operations.
 *
 * `use` is what the surrounding makes of the result. Plain columns of the target list are not recorded
 * as used here: whoever takes the result records them (`consume`), because only it knows which it takes.
 */
export function analyzeSelect(
  outer: QueryEnvironment,
  parent: Scope,
  select: SelectStmt,
  use: FieldUse,
): QueryResult {
  outer.state.accounted.add(select);
  outer.state.countStep();
  const env = withCtes(outer, parent, select.withClause);
  if (select.larg !== undefined && select.rarg !== undefined)
    return analyzeSetOperation(env, parent, select, use);
  if (select.valuesLists !== undefined) return analyzeValues(env, parent, select, use);
  const from = analyzeFrom(env, parent, select.fromClause ?? []);
  const scope: Scope = { parts: from, parent };
  const inner: QueryEnvironment = { ...env, windows: null };
  const windows = new Map<string, readonly Lineage[]>();
  for (const node of select.windowClause ?? []) {
    if ('WindowDef' in node) {
      windows.set(node.WindowDef.name ?? '', [analyzeWindow({ ...inner, windows }, scope, node.WindowDef)]);
    }
  }
  const here: QueryEnvironment = { ...env, windows };
  analyzeExpression(here, scope, select.whereClause, 'filter');
  analyzeExpression(here, scope, select.havingClause, 'filter');
  const output = analyzeTargets(here, scope, select.targetList, use);
  analyzeGrouping(here, scope, select.groupClause, output);
  analyzeOrder(here, scope, select.sortClause, output);
  analyzeDistinct(here, scope, select.distinctClause, output);
  analyzeAll(here, scope, [select.limitCount, select.limitOffset], 'filter');
  for (const node of select.lockingClause ?? []) accountForLocks(env, node);
  const filtered = isFilter(select.whereClause);
  return createResult(output, filtered || from.every(({ bounded }) => bounded));
}

/** Records that the whole result is used; its lineage. */
export function consume(env: QueryEnvironment, { all }: QueryResult, use: FieldUse): Lineage {
  env.state.facts.useAll(all, use);
  return all;
}

/** Puts the columns of a query together. Throws AnalysisLimit for more than anybody needs. */
export function createResult(output: readonly NamedLineage[], bounded: boolean): QueryResult {
  assertColumnCount(output.length);
  const all = combine(output.map(({ lineage }) => lineage));
  return { columns: output.some(({ name }) => name === '*') ? null : output, output, all, bounded };
}

/** The target list, `*` taken apart. */
export function analyzeTargets(
  env: QueryEnvironment,
  scope: Scope,
  targets: readonly Node[] | undefined,
  use: FieldUse,
): readonly NamedLineage[] {
  return (targets ?? []).flatMap((node) => {
    if (!('ResTarget' in node))
      return [{ name: '?column?', lineage: opaqueLineage('an output is not understood') }];
    return analyzeTarget(env, scope, node.ResTarget, use);
  });
}

function analyzeTarget(
  env: QueryEnvironment,
  scope: Scope,
  { name, val }: ResTarget,
  use: FieldUse,
): readonly NamedLineage[] {
  if (val === undefined) return [];
  if ('ColumnRef' in val) {
    const parts = nameParts(val.ColumnRef.fields);
    if (parts.at(-1) === '*') {
      env.state.accounted.add(val.ColumnRef);
      return expandStar(env, scope, parts);
    }
    return [{ name: name ?? parts.at(-1)!, lineage: resolveReference(env, scope, val.ColumnRef) }];
  }
  if ('A_Indirection' in val) {
    const columns = indirectColumn(env, scope, val.A_Indirection);
    if (columns !== null)
      return columns.map((column) => ({ name: name ?? column.name, lineage: column.lineage }));
  }
  const lineage = derive(analyzeExpression(env, scope, val, use));
  if (!isTotal(val)) env.state.facts.probe(lineage);
  const stars = 'A_Indirection' in val && nameParts(val.A_Indirection.indirection).at(-1) === '*';
  return [{ name: stars ? '*' : (name ?? outputName(val)), lineage }];
}

function analyzeValues(env: QueryEnvironment, parent: Scope, select: SelectStmt, use: FieldUse): QueryResult {
  const columns: Lineage[][] = [];
  for (const row of select.valuesLists ?? []) {
    const items = 'List' in row ? (row.List.items ?? []) : [];
    items.forEach((item, index) => {
      columns[index] ??= [];
      const lineage = analyzeExpression(env, parent, item, use);
      if (!isTotal(item)) env.state.facts.probe(lineage);
      columns[index].push(lineage);
    });
  }
  const output = columns.map((parts, index) => ({
    name: `column${index + 1}`,
    lineage: derive(combine(parts)),
  }));
  analyzeOrder(env, parent, select.sortClause, output);
  analyzeAll(env, parent, [select.limitCount, select.limitOffset], 'filter');
  return createResult(output, true);
}

function analyzeSetOperation(
  env: QueryEnvironment,
  parent: Scope,
  select: SelectStmt,
  use: FieldUse,
): QueryResult {
  const arms = flattenArms(env, select).map((arm) => analyzeSelect(env, parent, arm, use));
  const output = unite(arms);
  // Rows are compared with each other, except by UNION ALL.
  if (!isUnionAll(select)) for (const { lineage } of output) env.state.facts.useAll(lineage, 'group');
  analyzeOrder(env, parent, select.sortClause, output);
  analyzeAll(env, parent, [select.limitCount, select.limitOffset], 'filter');
  return createResult(
    output,
    arms.every(({ bounded }) => bounded),
  );
}

/** The arms of a chain of set operations, without recursion on its left side, which is where chains grow. */
function flattenArms(env: QueryEnvironment, top: SelectStmt): readonly SelectStmt[] {
  const arms: SelectStmt[] = [];
  let at = top;
  for (;;) {
    if (at.rarg !== undefined) arms.push(at.rarg);
    const left = at.larg;
    if (left === undefined) break;
    const plain =
      left.larg !== undefined &&
      !left.withClause &&
      !left.sortClause &&
      !left.limitCount &&
      !left.limitOffset;
    if (!plain || (isUnionAll(top) && !isUnionAll(left))) {
      arms.push(left);
      break;
    }
    env.state.accounted.add(left);
    at = left;
  }
  return arms.reverse();
}

function isUnionAll(select: SelectStmt): boolean {
  return select.op === 'SETOP_UNION' && select.all === true;
}

function unite(arms: readonly QueryResult[]): readonly NamedLineage[] {
  const first = arms[0]?.columns ?? null;
  if (first === null || arms.some(({ columns }) => columns?.length !== first.length)) {
    return [{ name: '*', lineage: derive(combine(arms.map(({ all }) => all))) }];
  }
  return first.map(({ name }, index) => ({
    name,
    lineage: choose(arms.map(({ columns }) => columns![index]!.lineage)),
  }));
}

/** GROUP BY: expressions, positions and, after columns, names of outputs. */
function analyzeGrouping(
  env: QueryEnvironment,
  scope: Scope,
  nodes: readonly Node[] | undefined,
  output: readonly NamedLineage[],
): void {
  for (const node of nodes ?? []) {
    if ('GroupingSet' in node) analyzeGrouping(env, scope, node.GroupingSet.content, output);
    else if ('RowExpr' in node) analyzeGrouping(env, scope, node.RowExpr.args, output);
    else useItem(env, scope, node, output, 'group');
  }
}

function analyzeOrder(
  env: QueryEnvironment,
  scope: Scope,
  nodes: readonly Node[] | undefined,
  output: readonly NamedLineage[],
): void {
  for (const node of nodes ?? []) {
    if ('SortBy' in node && node.SortBy.node !== undefined)
      useItem(env, scope, node.SortBy.node, output, 'sort');
  }
}

function analyzeDistinct(
  env: QueryEnvironment,
  scope: Scope,
  nodes: readonly Node[] | undefined,
  output: readonly NamedLineage[],
): void {
  if (nodes === undefined) return;
  const on = nodes.filter((node) => Object.keys(node).length > 0);
  if (on.length === 0) for (const { lineage } of output) env.state.facts.useAll(lineage, 'group');
  for (const node of on) useItem(env, scope, node, output, 'group');
}

/** One item of ORDER BY, GROUP BY or DISTINCT ON: a position, the name of an output, or an expression. */
function useItem(
  env: QueryEnvironment,
  scope: Scope,
  node: Node,
  output: readonly NamedLineage[],
  use: FieldUse,
): void {
  const { facts, accounted } = env.state;
  if ('A_Const' in node && node.A_Const.ival !== undefined) {
    const chosen = output[(node.A_Const.ival.ival ?? 0) - 1];
    const open = output.some(({ name }) => name === '*');
    for (const { lineage } of chosen === undefined || open ? output : [chosen]) facts.useAll(lineage, use);
    return;
  }
  if ('ColumnRef' in node) {
    const parts = nameParts(node.ColumnRef.fields);
    const named = parts.length === 1 ? output.filter(({ name }) => name === parts[0]) : [];
    for (const { lineage } of named) facts.useAll(lineage, use);
    if (named.length > 0 && (use === 'sort' || resolveColumn(scope, parts).unresolved)) {
      accounted.add(node.ColumnRef);
      return;
    }
  }
  analyzeExpression(env, scope, node, use);
}

/** `FOR UPDATE OF x` names items of the FROM clause, which have been read already. */
function accountForLocks(env: QueryEnvironment, node: Node): void {
  if (!('LockingClause' in node)) return;
  for (const relation of node.LockingClause.lockedRels ?? []) {
    if ('RangeVar' in relation) env.state.accounted.add(relation.RangeVar);
  }
}
