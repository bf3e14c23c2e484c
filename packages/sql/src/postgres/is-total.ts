/**
 * Whether an expression comes out the same for every value of its columns, as far as anybody can watch: it
 * cannot fail, cannot take long, gives one value, and evaluates all of its parts.
 *
 * SECURITY: a computed value of a masked column leaves as NULL, but `1/(ascii(email) - 97)` tells its first letter
 * by failing, and `coalesce(nullif(email, 'x'), slow())` tells it by the time that it takes. What is not on the
 * lists below is taken to tell something. They hold total functions (defined for all arguments of their type), cheap
 * ones only: no sums, which overflow where somebody puts a large value beside the masked one. Adding to them is a
 * decision about leaks, not about comfort.
 */
import type { A_Expr, FuncCall, JsonValueExpr, Node, SubLink } from 'libpg-query';
import { nameParts } from './syntax-tree.ts';

/** True when nothing of its operands can be told from watching it run. Columns and queries inside are judged by themselves. */
export function isTotal(node: Node | undefined): boolean {
  return node === undefined || isTotalAt(node, false);
}

/** `lazy`: inside something that does not evaluate all of its parts, where no query may stand. */
function isTotalAt(node: Node, lazy: boolean): boolean {
  const all = (nodes: readonly (Node | undefined)[] | undefined, isLazy = lazy): boolean =>
    (nodes ?? []).every((each) => each === undefined || isTotalAt(each, isLazy));
  if ('ColumnRef' in node || 'A_Const' in node || 'ParamRef' in node) return true;
  if ('SQLValueFunction' in node || 'GroupingFunc' in node) return true;
  if ('FuncCall' in node) return isTotalCall(node.FuncCall) && all(node.FuncCall.args);
  if ('A_Expr' in node) return isTotalOperator(node.A_Expr) && all([node.A_Expr.lexpr, node.A_Expr.rexpr]);
  if ('TypeCast' in node) {
    const type = nameParts(node.TypeCast.typeName?.names).at(-1) ?? '';
    return (TEXT_TYPES.has(type) && all([node.TypeCast.arg])) || isConstant(node.TypeCast.arg);
  }
  if ('CollateClause' in node) return all([node.CollateClause.arg]);
  if ('NamedArgExpr' in node) return all([node.NamedArgExpr.arg]);
  if ('List' in node) return all(node.List.items);
  if ('RowExpr' in node) return all(node.RowExpr.args);
  if ('A_ArrayExpr' in node) return all(node.A_ArrayExpr.elements);
  if ('MinMaxExpr' in node) return all(node.MinMaxExpr.args);
  if ('NullTest' in node) return all([node.NullTest.arg]);
  if ('BooleanTest' in node) return all([node.BooleanTest.arg]);
  if ('A_Indirection' in node)
    return all([node.A_Indirection.arg, ...(node.A_Indirection.indirection ?? [])]);
  if ('A_Indices' in node) return all([node.A_Indices.lidx, node.A_Indices.uidx]);
  if ('String' in node || 'A_Star' in node) return true;
  if ('CoalesceExpr' in node) return all(node.CoalesceExpr.args, true);
  if ('BoolExpr' in node) return all(node.BoolExpr.args, true);
  if ('CaseExpr' in node)
    return all([node.CaseExpr.arg, ...(node.CaseExpr.args ?? []), node.CaseExpr.defresult], true);
  if ('CaseWhen' in node) return all([node.CaseWhen.expr, node.CaseWhen.result], true);
  if ('JsonValueExpr' in node) return isPlainJson(node.JsonValueExpr) && all([node.JsonValueExpr.raw_expr]);
  if ('JsonScalarExpr' in node)
    return node.JsonScalarExpr.output === undefined && all([node.JsonScalarExpr.expr]);
  if ('JsonArrayConstructor' in node)
    return node.JsonArrayConstructor.output === undefined && all(node.JsonArrayConstructor.exprs);
  if ('JsonObjectConstructor' in node) {
    const { exprs, output, unique } = node.JsonObjectConstructor;
    return output === undefined && unique !== true && all(exprs);
  }
  if ('JsonKeyValue' in node)
    return (
      isText(node.JsonKeyValue.key) &&
      node.JsonKeyValue.value !== undefined &&
      all([{ JsonValueExpr: node.JsonKeyValue.value }])
    );
  if ('SubLink' in node) return !lazy && isTotalSubLink(node.SubLink) && all([node.SubLink.testexpr]);
  return false;
}

/** A text that is read as JSON fails where it is none. */
function isPlainJson({ format }: JsonValueExpr): boolean {
  return format?.format_type === 'JS_FORMAT_DEFAULT';
}

/** Filters, orders and windows of a call are uses of their own, recorded where they are analyzed. */
function isTotalCall({ funcname, args = [], agg_filter, over, func_variadic }: FuncCall): boolean {
  const parts = nameParts(funcname);
  const name = parts.at(-1) ?? '';
  if (func_variadic === true || (parts.length > 1 && parts[0] !== 'pg_catalog')) return false;
  if (agg_filter !== undefined && !isTotal(agg_filter)) return false;
  if (over?.startOffset !== undefined || over?.endOffset !== undefined) return false;
  if (TOTAL_FUNCTIONS.has(name)) return true;
  if (TOTAL_IN_FIRST.has(name)) return args.slice(1).every(isConstant);
  const least = LEAST_NUMBERS.get(name);
  if (least !== undefined)
    return args.slice(1).every((arg) => isText(arg) || isNumberFrom(least, arg)) && !hasPattern(name, args);
  // A key that is NULL fails.
  return KEYED.has(name) && args.every((arg, index) => index % 2 === 1 || isText(arg));
}

function isTotalOperator({ kind, name }: A_Expr): boolean {
  const parts = nameParts(name);
  if (parts.length > 1) return false;
  switch (kind) {
    case 'AEXPR_OP':
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
      return TOTAL_OPERATORS.has(parts[0] ?? '');
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
    case 'AEXPR_NULLIF':
    case 'AEXPR_IN':
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return true;
    default:
      return false;
  }
}

function isTotalSubLink({ subLinkType, operName }: SubLink): boolean {
  return (
    (subLinkType === 'EXPR_SUBLINK' || subLinkType === 'ARRAY_SUBLINK' || subLinkType === 'EXISTS_SUBLINK') &&
    operName === undefined
  );
}

/** A literal or a parameter, cast or not: it fails for everybody or for nobody. */
function isConstant(node: Node | undefined): boolean {
  if (node === undefined) return true;
  if ('TypeCast' in node) return isConstant(node.TypeCast.arg);
  return 'A_Const' in node || 'ParamRef' in node;
}

/** `substring(email, 'pattern')` may be slow for some values. */
function hasPattern(name: string, args: readonly Node[]): boolean {
  return name === 'substring' && args.slice(1).some(isText);
}

/** A literal between the number and a million. */
function isNumberFrom(least: number, node: Node | undefined): boolean {
  if (node === undefined || !('A_Const' in node) || node.A_Const.ival === undefined) return false;
  const number = node.A_Const.ival.ival ?? 0;
  return number >= least && number <= 1_000_000;
}

function isText(node: Node | undefined): boolean {
  return node !== undefined && 'A_Const' in node && node.A_Const.sval !== undefined;
}

/** Casts to these take any value; to a length they cut. */
const TEXT_TYPES: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'name']);

const TOTAL_OPERATORS: ReadonlySet<string> = new Set([
  ...['=', '<>', '!=', '<', '>', '<=', '>=', '||', '->', '->>', '#>', '#>>', '^@'],
  ...['@>', '<@', '?', '?|', '?&', '&&'],
]);

const TOTAL_FUNCTIONS: ReadonlySet<string> = new Set(
  `
lower upper initcap length char_length character_length octet_length bit_length btrim ltrim rtrim reverse concat
concat_ws md5 starts_with position isfinite num_nulls num_nonnulls pg_typeof hashtext
pg_column_size jsonb_pretty quote_literal quote_ident quote_nullable to_json to_jsonb row_to_json array_to_json
json_build_array jsonb_build_array cardinality
count min max any_value bool_and bool_or every array_agg string_agg json_agg jsonb_agg
row_number rank dense_rank percent_rank cume_dist first_value last_value
`
    .trim()
    .split(/\s+/),
);

/** Total in the first argument; the others decide for all rows alike whether it fails. */
const TOTAL_IN_FIRST: ReadonlySet<string> = new Set([
  ...['left', 'right', 'translate', 'strpos', 'lag', 'lead', 'nth_value', 'array_length', 'array_to_string'],
]);

/**
 * Total in the first argument as long as the numbers behind it are literals and not smaller than this. With others
 * they fail, but not for NULL, which would tell where there is one.
 */
const LEAST_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['substr', 0],
  ['substring', 0],
  ['split_part', 1],
  ['lpad', 0],
  ['rpad', 0],
  ['overlay', 1],
]);

/** Keys and values by turns. */
const KEYED: ReadonlySet<string> = new Set(['json_build_object', 'jsonb_build_object']);
