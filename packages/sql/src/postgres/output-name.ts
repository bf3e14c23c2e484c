import type { Node } from 'libpg-query';
import { nameParts, nodeKind } from './syntax-tree.ts';

/**
 * The name that the server gives a column without an alias (FigureColname in parse_target.c).
 *
 * A weak name, of a type or `case`, gives way to a name further inside.
 */
export function outputName(node: Node): string {
  return figure(node)?.name ?? '?column?';
}

interface Figured {
  readonly name: string;
  readonly weak: boolean;
}

const BY_KIND: Readonly<Record<string, string>> = {
  CoalesceExpr: 'coalesce',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  GroupingFunc: 'grouping',
  XmlSerialize: 'xmlserialize',
  MergeSupportFunc: 'merge_action',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

function figure(node: Node | undefined): Figured | null {
  if (node === undefined) return null;
  if ('ColumnRef' in node) return strong(nameParts(node.ColumnRef.fields).findLast((part) => part !== '*'));
  if ('FuncCall' in node) return strong(nameParts(node.FuncCall.funcname).at(-1));
  if ('A_Indirection' in node) {
    const { arg, indirection } = node.A_Indirection;
    const fields = (indirection ?? []).filter((each) => 'String' in each);
    return strong(nameParts(fields).at(-1)) ?? figure(arg);
  }
  if ('TypeCast' in node)
    return wrap(figure(node.TypeCast.arg), nameParts(node.TypeCast.typeName?.names).at(-1));
  if ('CaseExpr' in node) return wrap(figure(node.CaseExpr.defresult), 'case');
  if ('CollateClause' in node) return figure(node.CollateClause.arg);
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? strong('nullif') : null;
  if ('MinMaxExpr' in node) return strong(node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest');
  if ('SQLValueFunction' in node) return strong(sqlValueName(node.SQLValueFunction.op));
  if ('XmlExpr' in node)
    return node.XmlExpr.op === 'IS_DOCUMENT' ? null : strong(afterPrefix(node.XmlExpr.op, 'IS_'));
  if ('JsonFuncExpr' in node) return strong(afterPrefix(node.JsonFuncExpr.op, '').replace(/_op$/, ''));
  if ('SubLink' in node) return figureSubLink(node.SubLink.subLinkType, node.SubLink.subselect);
  const kind = nodeKind(node);
  return Object.hasOwn(BY_KIND, kind) ? strong(BY_KIND[kind]) : null;
}

function strong(name: string | undefined): Figured | null {
  return name === undefined ? null : { name, weak: false };
}

/** A strong name inside wins over the weak one around it. */
function wrap(inner: Figured | null, name: string | undefined): Figured | null {
  if (inner !== null && !inner.weak) return inner;
  return name === undefined ? inner : { name, weak: true };
}

/** `SVFOP_CURRENT_TIMESTAMP_N` is `current_timestamp`. */
function sqlValueName(op: string | undefined): string {
  return afterPrefix(op, 'SVFOP_').replace(/_n$/, '');
}

function afterPrefix(value: string | undefined, prefix: string): string {
  return (value ?? '').replace(prefix, '').toLowerCase();
}

function figureSubLink(type: string | undefined, query: Node | undefined): Figured | null {
  if (type === 'EXISTS_SUBLINK') return strong('exists');
  if (type === 'ARRAY_SUBLINK') return strong('array');
  let select = query !== undefined && 'SelectStmt' in query ? query.SelectStmt : undefined;
  // The first query of a set operation names its columns.
  while (select?.larg !== undefined) select = select.larg;
  if (type === 'EXPR_SUBLINK' && select?.valuesLists !== undefined) return strong('column1');
  const [first] = select?.targetList ?? [];
  if (type !== 'EXPR_SUBLINK' || first === undefined || !('ResTarget' in first)) return null;
  const { name, val } = first.ResTarget;
  // The server names the query before it names what stands around it, so even a weak name is final.
  return strong(name ?? (val === undefined ? undefined : outputName(val)));
}
