import type { A_Expr, BoolExpr, Node, SelectStmt, SubLink } from 'libpg-query';
import { literalText, nameParts } from './syntax-tree.ts';

/**
 * Whether a WHERE clause is sure to be more than trivially true.
 *
 * Recognised are comparisons of one column with something that holds no column. Everything else is in
 * doubt and counts as no filter: constants, `id = id`, `x is not null`, an OR with an arm in doubt or with
 * two arms that may complement each other.
 *
 * Where a write has other relations beside it, `owner` is the name of its target: only columns that are
 * plainly the target's filter it.
 */
export function isFilter(where: Node | undefined, owner: string | null = null): boolean {
  if (where === undefined) return false;
  if ('CurrentOfExpr' in where) return true;
  if ('BoolExpr' in where) return isBooleanFilter(where.BoolExpr, owner);
  return isPositive(where, owner) || isOpen(where, owner);
}

function isBooleanFilter({ boolop, args = [] }: BoolExpr, owner: Owner): boolean {
  if (boolop === 'AND_EXPR') return args.some((arg) => isFilter(arg, owner));
  if (boolop === 'NOT_EXPR')
    return args.length === 1 && !('NullTest' in args[0]!) && isPositive(args[0]!, owner);
  const ranges = args.filter((arg) => !isPositive(arg, owner));
  // Two ranges, or a range and anything, may cover all there is.
  return ranges.length === 0 && !hasComplement(args);
}

/** `a or …` and `a is true or a is false` may complement each other. */
function hasComplement(args: readonly Node[]): boolean {
  return args.some((arg) => 'BooleanTest' in arg || 'ColumnRef' in arg);
}

/** The item that columns must be of; null for any. */
type Owner = string | null;

const EQUALITIES: ReadonlySet<string> = new Set(['=', '~~', '~~*', '@>', '<@', '&&', '@@', '?', '~', '~*']);
const RANGES: ReadonlySet<string> = new Set(['<', '>', '<=', '>=', '<>']);

/** Picks out some rows by what they are. */
function isPositive(node: Node, owner: Owner): boolean {
  if ('ColumnRef' in node) return isColumnSide(node, owner);
  if ('NullTest' in node)
    return node.NullTest.nulltesttype === 'IS_NULL' && isColumnSide(node.NullTest.arg, owner);
  if ('BooleanTest' in node) {
    return (
      ['IS_TRUE', 'IS_FALSE', 'IS_UNKNOWN'].includes(node.BooleanTest.booltesttype ?? '') &&
      isColumnSide(node.BooleanTest.arg, owner)
    );
  }
  if ('SubLink' in node) return isPositiveSubLink(node.SubLink, owner);
  if ('BoolExpr' in node) return node.BoolExpr.boolop !== 'NOT_EXPR' && isBooleanFilter(node.BoolExpr, owner);
  if (!('A_Expr' in node)) return false;
  const { kind, lexpr, rexpr } = node.A_Expr;
  const operator = nameParts(node.A_Expr.name).at(-1) ?? '';
  switch (kind) {
    case 'AEXPR_OP':
      return (
        EQUALITIES.has(operator) && comparesColumn(node.A_Expr, owner) && !matchesAnything(operator, rexpr)
      );
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
    case 'AEXPR_SIMILAR':
      return !operator.startsWith('!') && comparesColumn(node.A_Expr, owner) && !matchesAnything('~~', rexpr);
    case 'AEXPR_IN':
    case 'AEXPR_OP_ANY':
      return operator === '=' && isColumnSide(lexpr, owner) && isValueSide(rexpr);
    case 'AEXPR_NOT_DISTINCT':
      return comparesColumn(node.A_Expr, owner);
    default:
      return false;
  }
}

/** A range or an exclusion: a filter by itself, not in an OR. */
function isOpen(node: Node, owner: Owner): boolean {
  if (!('A_Expr' in node)) return false;
  const { kind, lexpr, rexpr } = node.A_Expr;
  const operator = nameParts(node.A_Expr.name).at(-1) ?? '';
  if (kind === 'AEXPR_OP') return RANGES.has(operator) && comparesColumn(node.A_Expr, owner);
  if (kind === 'AEXPR_BETWEEN' || kind === 'AEXPR_BETWEEN_SYM')
    return isColumnSide(lexpr, owner) && isValueSide(rexpr);
  if (kind === 'AEXPR_IN') return operator === '<>' && isColumnSide(lexpr, owner) && isValueSide(rexpr);
  return false;
}

function isPositiveSubLink({ subLinkType, testexpr, subselect, operName }: SubLink, owner: Owner): boolean {
  if (subselect === undefined || !('SelectStmt' in subselect)) return false;
  const select: SelectStmt = subselect.SelectStmt;
  if (!isFilter(select.whereClause)) return false;
  if (subLinkType === 'EXISTS_SUBLINK') return false;
  const operator = nameParts(operName);
  return (
    subLinkType === 'ANY_SUBLINK' &&
    (operator.length === 0 || operator[0] === '=') &&
    isColumnSide(testexpr, owner)
  );
}

/** `%` and the like let everything through. */
function matchesAnything(operator: string, pattern: Node | undefined): boolean {
  if (operator === '@>' || operator === '<@') return ['{}', '[]', ''].includes(literalText(pattern) ?? '-');
  if (!operator.startsWith('~')) return false;
  const text = patternText(pattern);
  // A pattern that is not in the text is a parameter's business.
  if (text === undefined || text === null) return false;
  return operator.startsWith('~~') ? /^%*_?%*$/.test(text) : !/\w/.test(text);
}

function patternText(pattern: Node | undefined): string | null | undefined {
  if (pattern !== undefined && 'FuncCall' in pattern) return literalText(pattern.FuncCall.args?.[0]);
  return literalText(pattern);
}

function comparesColumn({ lexpr, rexpr }: A_Expr, owner: Owner): boolean {
  return (
    (isColumnSide(lexpr, owner) && isValueSide(rexpr)) || (isColumnSide(rexpr, owner) && isValueSide(lexpr))
  );
}

const TRANSPARENT: ReadonlySet<string> = new Set(
  'lower upper btrim ltrim rtrim trim date date_trunc to_char extract date_part left right substring md5 timezone'.split(
    ' ',
  ),
);

/** One column, perhaps through a cast, a field of it, or a function that keeps rows apart. */
function isColumnSide(node: Node | undefined, owner: Owner): boolean {
  if (node === undefined) return false;
  if ('ColumnRef' in node) return owner === null || nameParts(node.ColumnRef.fields).at(-2) === owner;
  if ('TypeCast' in node) return isColumnSide(node.TypeCast.arg, owner);
  if ('CollateClause' in node) return isColumnSide(node.CollateClause.arg, owner);
  if ('A_Indirection' in node) return isColumnSide(node.A_Indirection.arg, owner);
  if ('A_Expr' in node) {
    const operator = nameParts(node.A_Expr.name).at(-1) ?? '';
    return (
      operator.startsWith('->') && isColumnSide(node.A_Expr.lexpr, owner) && isValueSide(node.A_Expr.rexpr)
    );
  }
  if (!('FuncCall' in node)) return false;
  const args = node.FuncCall.args ?? [];
  return (
    TRANSPARENT.has(nameParts(node.FuncCall.funcname).at(-1) ?? '') &&
    args.filter((arg) => isColumnSide(arg, owner)).length === 1 &&
    args.every((arg) => isColumnSide(arg, owner) || isValueSide(arg))
  );
}

/** Holds no column and no query. */
function isValueSide(node: unknown): boolean {
  if (node === undefined) return false;
  const pending: unknown[] = [node];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if ('ColumnRef' in value || 'SubLink' in value) return false;
    pending.push(...Object.values(value));
  }
  return true;
}
