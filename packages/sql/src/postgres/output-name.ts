import type { Node } from 'libpg-query';
import { nameParts, nodeKind } from './syntax-tree.ts';

/** The name that the server gives a column without an alias (FigureColname in parse_target.c). */
export function outputName(node: Node): string {
  return figure(node) ?? '?column?';
}

const BY_KIND: Readonly<Record<string, string>> = {
  CaseExpr: 'case',
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

function figure(node: Node): string | null {
  if ('ColumnRef' in node) return nameParts(node.ColumnRef.fields).findLast((part) => part !== '*') ?? null;
  if ('FuncCall' in node) return nameParts(node.FuncCall.funcname).at(-1) ?? null;
  if ('A_Indirection' in node) {
    const field = nameParts(node.A_Indirection.indirection).findLast((part) => part !== '' && part !== '*');
    return field ?? (node.A_Indirection.arg === undefined ? null : figure(node.A_Indirection.arg));
  }
  if ('TypeCast' in node) {
    const inner = node.TypeCast.arg === undefined ? null : figure(node.TypeCast.arg);
    return inner ?? nameParts(node.TypeCast.typeName?.names).at(-1) ?? null;
  }
  if ('CollateClause' in node)
    return node.CollateClause.arg === undefined ? null : figure(node.CollateClause.arg);
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? 'nullif' : null;
  if ('MinMaxExpr' in node) return node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest';
  if ('SQLValueFunction' in node) return (node.SQLValueFunction.op ?? '').replace('SVFOP_', '').toLowerCase();
  if ('SubLink' in node) {
    if (node.SubLink.subLinkType === 'EXISTS_SUBLINK') return 'exists';
    if (node.SubLink.subLinkType === 'ARRAY_SUBLINK') return 'array';
    const select = node.SubLink.subselect;
    const first =
      select !== undefined && 'SelectStmt' in select ? select.SelectStmt.targetList?.[0] : undefined;
    if (node.SubLink.subLinkType !== 'EXPR_SUBLINK' || first === undefined || !('ResTarget' in first))
      return null;
    return first.ResTarget.name ?? (first.ResTarget.val === undefined ? null : figure(first.ResTarget.val));
  }
  const kind = nodeKind(node);
  return Object.hasOwn(BY_KIND, kind) ? BY_KIND[kind]! : null;
}
