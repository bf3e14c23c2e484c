import type { JoinExpr, Node, RangeVar, SelectStmt } from 'libpg-query';
import { resolveRelation } from './analyze-from.ts';
import { type ColumnTest, isValueSide } from './column-side.ts';
import { type FilterPlace, isFilter } from './is-filter.ts';
import type { PostgresContext } from './postgres-context.ts';
import { findCte, type QueryEnvironment } from './query-environment.ts';
import { nameParts, visitObjects } from './syntax-tree.ts';
import { SYSTEM_COLUMNS, type Target, TEMPORARY_SCHEMA } from './target.ts';

/**
 * Which rows a WHERE clause of a write filters, so that nothing beside the target stands in for it.
 *
 * A constant that is called a column (in VALUES, in a view, in a query of WITH), a filter on another relation that is
 * not tied to the target, a function that gives many rows: none of them bounds a write.
 */

/** Whether the WHERE clause filters the rows of the written relation. `alone`: nothing stands beside it. */
export function filtersTarget(
  env: QueryEnvironment,
  where: Node | undefined,
  written: { readonly targets: readonly Target[]; readonly name: string; readonly alone: boolean },
): boolean {
  const isColumn: ColumnTest = (parts) => {
    const item = parts.at(-2);
    if (item === undefined ? !written.alone : item !== written.name) return false;
    return written.targets.every((target) => isStored(env, target, parts.at(-1) ?? ''));
  };
  const isOfTarget: ColumnTest = (parts) => written.targets.some((target) => isBooleanOf(target, parts));
  return isFilter(where, placeOf(env, isColumn, isOfTarget));
}

function placeOf(env: QueryEnvironment, isColumn: ColumnTest, isBoolean: ColumnTest): FilterPlace {
  return { isColumn, isBoolean, isBounded: (select) => picksRows(env, select) };
}

function isBooleanOf({ relation }: Target, parts: readonly string[]): boolean {
  const name = parts.at(-1);
  return relation?.columns.some((column) => column.name === name && column.type.startsWith('bool')) ?? false;
}

/** A column of a table, or of a view that shows one of a table. */
function isStored({ state }: QueryEnvironment, { object, relation }: Target, column: string): boolean {
  if (relation === null) return object.known && isOwnTable(state.context, object.value.path);
  if (relation.kind === 'v') return state.views.columns(relation)?.get(column)?.kind === 'value';
  return SYSTEM_COLUMNS.has(column) || relation.columns.some(({ name }) => name === column);
}

/** A table that this session has made, and that no catalog shows. */
function isOwnTable(
  { temporaryObjects, createdTables }: PostgresContext,
  [schema = '', name = '']: readonly string[],
): boolean {
  if (createdTables.some(([itsSchema, itsName]) => itsSchema === schema && itsName === name)) return true;
  return schema === TEMPORARY_SCHEMA && temporaryObjects.known && temporaryObjects.value.includes(name);
}

interface Item {
  readonly name: string;
  readonly targets: readonly Target[];
}

/**
 * True for a query whose rows are picked out by a filter, or are written out one by one: over plain relations that are
 * all tied to each other by equal columns, with nothing in its output that makes rows of its own.
 */
export function picksRows(env: QueryEnvironment, select: SelectStmt): boolean {
  if (select.valuesLists !== undefined) return isValueSide(select.valuesLists);
  if (select.op !== 'SETOP_NONE' && select.op !== undefined)
    return [select.larg, select.rarg].every((arm) => arm !== undefined && picksRows(env, arm));
  if (select.withClause !== undefined || makesRows(select.targetList)) return false;
  const join: Join = { items: [], equalities: [], conditions: [] };
  for (const node of select.fromClause ?? []) if (!collect(env, node, join, true)) return false;
  const find = (parts: readonly string[]): Item | undefined => {
    const [column = '', name] = [parts.at(-1), parts.at(-2)];
    const owners = join.items.filter(
      (item) =>
        (name ?? item.name) === item.name && item.targets.every((target) => isStored(env, target, column)),
    );
    return owners.length === 1 || name === undefined ? owners[0] : undefined;
  };
  // What comes from around the query is the same for each of its rows: it says nothing about what is written.
  if (!columnsOf(select.targetList).every((parts) => parts.at(-1) === '*' || find(parts) !== undefined))
    return false;
  if (join.items.length === 0) return true;
  const where: Node[] = [
    ...join.conditions,
    ...(select.whereClause === undefined ? [] : [select.whereClause]),
  ];
  const ties = [...join.equalities, ...where.flatMap(conjuncts)];
  if (!areTied(join.items, ties, find)) return false;
  const place: FilterPlace = placeOf(
    env,
    (parts) => find(parts) !== undefined,
    (parts) => find(parts)?.targets.some((target) => isBooleanOf(target, parts)) ?? false,
  );
  return where.some((node) => isFilter(node, place));
}

interface Join {
  readonly items: Item[];
  /** Conditions of joins of any kind, which tie their sides. */
  readonly equalities: Node[];
  /** Those of inner joins, which filter as well. */
  readonly conditions: Node[];
}

/** Takes the relations out of a FROM item; false for anything but plain relations. */
function collect(env: QueryEnvironment, node: Node, join: Join, isInner: boolean): boolean {
  if ('RangeVar' in node) {
    const relation: RangeVar = node.RangeVar;
    const name = relation.relname ?? '';
    if (relation.alias?.colnames !== undefined) return false;
    if (relation.schemaname === undefined && findCte(env.ctes, name) !== null) return false;
    join.items.push({ name: relation.alias?.aliasname ?? name, targets: resolveRelation(env, relation) });
    return true;
  }
  if (!('JoinExpr' in node)) return false;
  const { larg, rarg, quals, jointype, alias }: JoinExpr = node.JoinExpr;
  if (larg === undefined || rarg === undefined || alias !== undefined || quals === undefined) return false;
  const inner = isInner && jointype === 'JOIN_INNER';
  if (!collect(env, larg, join, inner) || !collect(env, rarg, join, inner)) return false;
  join.equalities.push(...conjuncts(quals));
  if (inner) join.conditions.push(quals);
  return true;
}

function conjuncts(node: Node): readonly Node[] {
  if (!('BoolExpr' in node) || node.BoolExpr.boolop !== 'AND_EXPR') return [node];
  return (node.BoolExpr.args ?? []).flatMap(conjuncts);
}

/** All items hang together by `a.x = b.y`. */
function areTied(
  items: readonly Item[],
  conditions: readonly Node[],
  find: (parts: readonly string[]) => Item | undefined,
): boolean {
  const reached = new Set([items[0]!]);
  const edges = conditions.flatMap((node) => {
    if (!('A_Expr' in node) || node.A_Expr.kind !== 'AEXPR_OP' || nameParts(node.A_Expr.name).at(-1) !== '=')
      return [];
    const sides = [node.A_Expr.lexpr, node.A_Expr.rexpr].map((side) =>
      side !== undefined && 'ColumnRef' in side ? find(nameParts(side.ColumnRef.fields)) : undefined,
    );
    return sides[0] !== undefined && sides[1] !== undefined ? [[sides[0], sides[1]] as const] : [];
  });
  for (let grown = true; grown; ) {
    const before = reached.size;
    for (const [one, other] of edges) {
      if (reached.has(one)) reached.add(other);
      else if (reached.has(other)) reached.add(one);
    }
    grown = reached.size > before;
  }
  return reached.size === items.length;
}

const MAKES_ROWS =
  /^(generate_|unnest$|regexp_(matches|split_to_table)$|string_to_table$|jsonb?_(array_elements|each|to_recordset|populate_recordset|object_keys|path_query)|aclexplode$|ts_|pg_|_pg_|txid_)/;

/** Names of all columns in the tree. */
function columnsOf(tree: unknown): readonly (readonly string[])[] {
  const columns: (readonly string[])[] = [];
  visitObjects(tree, (key, value) => {
    if (key === 'ColumnRef') columns.push(nameParts(value['fields'] as readonly Node[]));
  });
  return columns;
}

/** True when an expression of the output may give more rows than it gets. */
function makesRows(targets: readonly Node[] | undefined): boolean {
  let found = false;
  visitObjects(targets, (key, value) => {
    if (key === 'FuncCall' && MAKES_ROWS.test(nameParts(value['funcname'] as readonly Node[]).at(-1) ?? ''))
      found = true;
  });
  return found;
}
