import type { FieldUse } from '@gatehouse/model';
import type { A_Expr, A_Indirection, ColumnRef, FuncCall, Node, SubLink, WindowDef } from 'libpg-query';
import { analyzeSelect, consume } from './analyze-select.ts';
import { classifyBuiltinFunction, isBuiltinFunctionName } from './builtin-function.ts';
import { recordCall, recordRoutine } from './call-function.ts';
import { combine, derive, type Lineage, type NamedLineage, NOTHING, opaqueLineage } from './lineage.ts';
import type { QueryEnvironment } from './query-environment.ts';
import { expandAll, expandItem, findItem, resolveColumn, type Scope } from './scope.ts';
import { nameParts, nodeKind } from './syntax-tree.ts';

/**
 * Expressions: which columns they read, in which use, which routines they call, and where their value
 * comes from. Every column that stands anywhere in an expression is a source of it.
 */
export function analyzeExpression(
  env: QueryEnvironment,
  scope: Scope,
  node: Node | undefined,
  use: FieldUse,
): Lineage {
  if (node === undefined) return NOTHING;
  if ('ColumnRef' in node) {
    const lineage = resolveReference(env, scope, node.ColumnRef);
    env.state.facts.useAll(lineage, use);
    return lineage;
  }
  if ('A_Const' in node || 'ParamRef' in node) return NOTHING;
  if ('FuncCall' in node) return analyzeCall(env, scope, node.FuncCall, use);
  if ('SubLink' in node) return analyzeSubLink(env, scope, node.SubLink, use);
  if ('A_Expr' in node) {
    const guessed = use === 'filter' ? comparedColumn(env, node.A_Expr) : undefined;
    if (guessed !== undefined) {
      const lineage = resolveReference(env, scope, guessed);
      env.state.facts.compare(lineage);
      return derive(lineage);
    }
    const operator = nameParts(node.A_Expr.name);
    const operands = [node.A_Expr.lexpr, node.A_Expr.rexpr].map((each) =>
      analyzeExpression(env, scope, each, use),
    );
    return combine([...operands, operatorCall(env, operator, operands)]);
  }
  if ('A_Indirection' in node) return analyzeIndirection(env, scope, node.A_Indirection, use);
  if ('TypeCast' in node) {
    const value = derive(analyzeExpression(env, scope, node.TypeCast.arg, use));
    const type = nameParts(node.TypeCast.typeName?.names).at(-1) ?? '';
    const functions = env.state.context.catalog?.castFunctions(type) ?? [];
    return combine([value, ...functions.map((routine) => recordRoutine(env.state, routine, value))]);
  }
  if ('SelectStmt' in node) return consume(env, analyzeSelect(env, scope, node.SelectStmt, use), use);
  // Everything else (CASE, COALESCE, ROW, arrays, XML and JSON constructors, tests …) combines its parts.
  return analyzeParts(env, scope, node, use);
}

/**
 * The column of `column = constant`, in either order: one guess at the whole value. Not where an operator of that name
 * was made by somebody, which may be the one that is meant and say anything.
 */
function comparedColumn(
  { state }: QueryEnvironment,
  { kind, name, lexpr, rexpr }: A_Expr,
): ColumnRef | undefined {
  const operator = nameParts(name);
  if (kind !== 'AEXPR_OP' || operator.length !== 1 || operator[0] !== '=') return undefined;
  const { catalog } = state.context;
  if (catalog === null || catalog.operatorFunctions('=').length > 0) return undefined;
  for (const [column, other] of [
    [lexpr, rexpr],
    [rexpr, lexpr],
  ]) {
    if (column !== undefined && 'ColumnRef' in column && isPlainConstant(other)) return column.ColumnRef;
  }
  return undefined;
}

/** A literal or a parameter. A cast may name a type of somebody's. */
function isPlainConstant(node: Node | undefined): boolean {
  return node !== undefined && ('A_Const' in node || 'ParamRef' in node);
}

/** Analyzes each expression; the lineage of all together. */
export function analyzeAll(
  env: QueryEnvironment,
  scope: Scope,
  nodes: readonly (Node | undefined)[] | undefined,
  use: FieldUse,
): Lineage {
  return combine((nodes ?? []).map((node) => analyzeExpression(env, scope, node, use)));
}

/** Finds expressions inside any value of the tree: nodes, lists, and objects that are not wrapped as nodes. */
export function analyzeParts(env: QueryEnvironment, scope: Scope, value: unknown, use: FieldUse): Lineage {
  if (typeof value !== 'object' || value === null) return NOTHING;
  if (Array.isArray(value)) return combine(value.map((each) => analyzePart(env, scope, each, use)));
  const parts: Lineage[] = [];
  for (const key in value) parts.push(analyzePart(env, scope, (value as Record<string, unknown>)[key], use));
  return combine(parts);
}

const EXPRESSIONS: ReadonlySet<string> = new Set([
  'ColumnRef',
  'A_Const',
  'ParamRef',
  'FuncCall',
  'SubLink',
  'A_Expr',
  'A_Indirection',
  'TypeCast',
  'SelectStmt',
]);

function analyzePart(env: QueryEnvironment, scope: Scope, value: unknown, use: FieldUse): Lineage {
  if (typeof value !== 'object' || value === null) return NOTHING;
  if (!Array.isArray(value)) {
    if (EXPRESSIONS.has(nodeKind(value as Node))) return analyzeExpression(env, scope, value as Node, use);
    // A FuncCall that is not wrapped as a node.
    if ('funcname' in value && 'funcformat' in value) return analyzeCall(env, scope, value as FuncCall, use);
  }
  return analyzeParts(env, scope, value, use);
}

/** The columns that a reference means, without recording a use. */
export function resolveReference(env: QueryEnvironment, scope: Scope, reference: ColumnRef): Lineage {
  const { state } = env;
  state.accounted.add(reference);
  const parts = nameParts(reference.fields);
  if (parts.at(-1) === '*') return combine(expandStar(env, scope, parts).map(({ lineage }) => lineage));
  const { lineage, unresolved, functionOnRow } = resolveColumn(scope, parts);
  if (unresolved) state.names.noteMissing(parts.join('.'));
  if (functionOnRow) {
    return recordCall(state, { funcname: [{ String: { sval: parts.at(-1)! } }] }, derive(lineage));
  }
  return lineage;
}

/** The columns of `*`, `item.*` or `schema.item.*`. */
export function expandStar(
  env: QueryEnvironment,
  scope: Scope,
  parts: readonly string[],
): readonly NamedLineage[] {
  if (parts.length === 1) return expandAll(scope);
  const item = findItem(scope, parts.slice(0, -1));
  if (item !== null) return expandItem(item);
  env.state.names.noteMissing(parts.slice(0, -1).join('.'));
  return [{ name: '*', lineage: opaqueLineage('a name before an asterisk is not known') }];
}

function analyzeCall(env: QueryEnvironment, scope: Scope, call: FuncCall, use: FieldUse): Lineage {
  env.state.accounted.add(call);
  const args = [analyzeAll(env, scope, call.args, use)];
  if (call.agg_order !== undefined) {
    args.push(analyzeAll(env, scope, call.agg_order, call.agg_within_group ? use : 'sort'));
    if (!call.agg_within_group) analyzeAll(env, scope, call.agg_order, use);
  }
  if (call.agg_filter !== undefined) {
    args.push(analyzeExpression(env, scope, call.agg_filter, 'filter'));
    analyzeExpression(env, scope, call.agg_filter, use);
  }
  if (call.over !== undefined) args.push(analyzeWindow(env, scope, call.over));
  return derive(recordCall(env.state, call, combine(args)));
}

/** The window's columns; they decide the value of what is computed over it. */
export function analyzeWindow(env: QueryEnvironment, scope: Scope, window: WindowDef): Lineage {
  return combine([
    ...(env.windows?.get(window.name ?? window.refname ?? '') ?? []),
    analyzeAll(env, scope, window.partitionClause, 'group'),
    analyzeAll(env, scope, window.orderClause, 'sort'),
    analyzeAll(env, scope, [window.startOffset, window.endOffset], 'sort'),
  ]);
}

function analyzeSubLink(env: QueryEnvironment, scope: Scope, link: SubLink, use: FieldUse): Lineage {
  const test = analyzeExpression(env, scope, link.testexpr, use);
  if (link.subselect === undefined || !('SelectStmt' in link.subselect)) return NOTHING;
  const result = analyzeSelect(env, scope, link.subselect.SelectStmt, use);
  // EXISTS looks at no value.
  const values = link.subLinkType === 'EXISTS_SUBLINK' ? NOTHING : consume(env, result, use);
  return combine([test, derive(values), operatorCall(env, nameParts(link.operName), [test, values])]);
}

/** `(row).field` and `(row).*` are columns; anything else is a part of a value. */
function analyzeIndirection(
  env: QueryEnvironment,
  scope: Scope,
  node: A_Indirection,
  use: FieldUse,
): Lineage {
  const named = indirectColumn(env, scope, node);
  if (named !== null) {
    const lineage = combine(named.map((column) => column.lineage));
    env.state.facts.useAll(lineage, use);
    return named.length === 1 ? named[0]!.lineage : lineage;
  }
  const indices = analyzeParts(env, scope, node.indirection, use);
  const value = derive(combine([analyzeExpression(env, scope, node.arg, use), indices]));
  return combine([value, ...fieldCalls(env, node, value)]);
}

/** SECURITY: `(value).f` is `f(value)` where the value has no such field. */
function fieldCalls({ state }: QueryEnvironment, { indirection }: A_Indirection, value: Lineage): Lineage[] {
  return nameParts(indirection).flatMap((name) => {
    const isCall =
      name !== '' &&
      name !== '*' &&
      (state.names.functions([name]).own.length > 0 ||
        (isBuiltinFunctionName(name) && classifyBuiltinFunction(name) !== 'pure'));
    return isCall ? [recordCall(state, { funcname: [{ String: { sval: name } }] }, value)] : [];
  });
}

/** The columns that `(item).column` or `(item).*` means, if the server takes it apart itself. */
export function indirectColumn(
  env: QueryEnvironment,
  scope: Scope,
  { arg, indirection }: A_Indirection,
): readonly NamedLineage[] | null {
  if (arg === undefined || !('ColumnRef' in arg) || indirection?.length !== 1) return null;
  const parts = nameParts(arg.ColumnRef.fields).filter((part) => part !== '*');
  const [field] = nameParts(indirection);
  if (field === undefined || field === '' || parts.length === 0) return null;
  const isColumn = parts.length === 1 && !resolveColumn(scope, parts).unresolved;
  const item = findItem(scope, parts);
  if (item === null || item.columns === null) return null;
  // The name of a column wins over the name of an item.
  if (isColumn && resolveColumn(scope, parts).lineage !== item.row) return null;
  const found = field === '*' ? item.columns : item.columns.filter(({ name }) => name === field);
  if (found.length === 0) return null;
  env.state.accounted.add(arg.ColumnRef);
  return found;
}

/** A user-defined operator of that name may be meant. */
function operatorCall(env: QueryEnvironment, name: readonly string[], operands: readonly Lineage[]): Lineage {
  const { catalog } = env.state.context;
  const functions = name.length === 0 || catalog === null ? [] : catalog.operatorFunctions(name.at(-1)!);
  if (functions.length === 0) return NOTHING;
  const from = combine(operands);
  return combine(functions.map((routine) => recordRoutine(env.state, routine, from)));
}
