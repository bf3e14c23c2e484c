import type { A_Expr, BoolExpr, Node, NullTest, SelectStmt, SubLink } from 'libpg-query';
import {
  type ColumnTest,
  comparesColumn,
  comparesRange,
  isColumnSide,
  isPlainColumn,
} from './column-side.ts';
import { containsSomething, matchesSomething } from './matches-something.ts';
import { literalText, nameParts, visitObjects } from './syntax-tree.ts';

/**
 * Whether a WHERE clause is sure to be more than trivially true.
 *
 * Recognised are comparisons of one column with something that holds no column. Everything else is in
 * doubt and counts as no filter: constants, `id = id`, `x is not null`, patterns that fit everything, an OR with
 * an arm in doubt or with two arms that may complement each other.
 *
 * How many rows it lets through is another matter: `id > 0` and `note <> 'x'` are filters, whatever the table holds.
 */
export function isFilter(where: Node | undefined, place: FilterPlace = ANYWHERE): boolean {
  if (where === undefined) return false;
  if ('CurrentOfExpr' in where) return true;
  if ('BoolExpr' in where) {
    const { boolop, args = [] } = where.BoolExpr;
    if (boolop === 'AND_EXPR') return args.some((arg) => isFilter(arg, place));
    if (boolop === 'NOT_EXPR') return args.length === 1 && isExclusion(args[0]!, place);
    return isAlternative(where.BoolExpr, place);
  }
  return isPositive(where, place) || isOpen(where, place);
}

/** What the names in a WHERE clause mean. */
export interface FilterPlace {
  /** Whether the reference is to a stored column of the rows that are filtered. */
  readonly isColumn: ColumnTest;
  /** Whether the reference is to a boolean. */
  readonly isBoolean: ColumnTest;
  /** Whether a query that stands in the clause gives back some rows only, by what they are. */
  isBounded(select: SelectStmt): boolean;
}

/** Where any column will do: reads. */
const ANYWHERE: FilterPlace = {
  isColumn: () => true,
  isBoolean: () => false,
  isBounded: (select) => isFilter(select.whereClause),
};

/**
 * Every arm picks out some rows, and they cannot complement each other as two arms about booleans may. What the literals
 * are must not decide this: texts that differ in them share their facts (cache/statement-shape.ts).
 */
function isAlternative({ args = [] }: BoolExpr, place: FilterPlace): boolean {
  return (
    args.every((arg) => isPositive(arg, place)) &&
    args.filter((arg) => !isPositiveBeyondBooleans(arg, place)).length <= 1
  );
}

function isPositiveBeyondBooleans(node: Node, place: FilterPlace): boolean {
  if ('BoolExpr' in node) {
    const { boolop, args = [] } = node.BoolExpr;
    const isBeyond = (arg: Node) => isPositiveBeyondBooleans(arg, place);
    return boolop === 'AND_EXPR' ? args.some(isBeyond) : boolop === 'OR_EXPR' && args.every(isBeyond);
  }
  return isPositive(node, place) && !('ColumnRef' in node) && !isAboutBoolean(node, place);
}

function isAboutBoolean(node: Node, { isBoolean }: FilterPlace): boolean {
  let found = false;
  visitObjects(node, (key, value) => {
    if (key === 'BooleanTest') found = true;
    if (key === 'ColumnRef' && isBoolean(nameParts(value['fields'] as readonly Node[]))) found = true;
  });
  return found;
}

const EQUALITIES: ReadonlySet<string> = new Set(['=', '?']);
const PATTERNS: ReadonlySet<string> = new Set(['~~', '~~*', '~', '~*']);
const CONTAINMENTS: ReadonlySet<string> = new Set(['@>', '<@', '&&']);
const RANGES: ReadonlySet<string> = new Set(['<', '>', '<=', '>=', '<>']);

/** Picks out some rows by what they are. */
function isPositive(node: Node, place: FilterPlace): boolean {
  const { isColumn } = place;
  if ('ColumnRef' in node) return isPlainColumn(node, isColumn);
  if ('NullTest' in node) return isAbsence(node.NullTest, isColumn);
  if ('BooleanTest' in node) {
    const { booltesttype = '', arg } = node.BooleanTest;
    return ['IS_TRUE', 'IS_FALSE', 'IS_UNKNOWN'].includes(booltesttype) && isPlainColumn(arg, isColumn);
  }
  if ('SubLink' in node) return isPositiveSubLink(node.SubLink, place);
  if ('BoolExpr' in node) {
    const { boolop, args = [] } = node.BoolExpr;
    if (boolop === 'AND_EXPR') return args.some((arg) => isPositive(arg, place));
    return boolop === 'OR_EXPR' && isAlternative(node.BoolExpr, place);
  }
  return 'A_Expr' in node && isPositiveExpression(node.A_Expr, place);
}

function isPositiveExpression(expression: A_Expr, place: FilterPlace): boolean {
  const { isColumn } = place;
  const { kind, lexpr, rexpr } = expression;
  const operator = nameParts(expression.name).at(-1) ?? '';
  switch (kind) {
    case 'AEXPR_OP':
      if (EQUALITIES.has(operator)) return comparesColumn(expression, isColumn);
      if (PATTERNS.has(operator))
        return isColumnSide(lexpr, isColumn, rexpr) && matchesSomething(operator, rexpr);
      return (
        CONTAINMENTS.has(operator) &&
        comparesColumn(expression, isColumn) &&
        (containsSomething(lexpr) || containsSomething(rexpr))
      );
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return (
        !operator.startsWith('!') && isColumnSide(lexpr, isColumn, rexpr) && matchesSomething('~~', rexpr)
      );
    case 'AEXPR_SIMILAR':
      return (
        !operator.startsWith('!') &&
        isColumnSide(lexpr, isColumn, rexpr) &&
        matchesSomething('similar', rexpr)
      );
    case 'AEXPR_IN':
    case 'AEXPR_OP_ANY':
      return (
        operator === '=' &&
        comparesColumn(expression, isColumn) &&
        (isSingle(rexpr) || !isAboutBoolean({ A_Expr: expression }, place))
      );
    case 'AEXPR_NOT_DISTINCT':
      // What is computed may be NULL, which a field that is not there is as well.
      return (
        comparesColumn(expression, isColumn) &&
        [lexpr, rexpr].some((side) => isPlainColumn(side, isColumn) || typeof literalText(side) === 'string')
      );
    default:
      return false;
  }
}

/** A list of one value. */
function isSingle(list: unknown): boolean {
  const items = Array.isArray(list) ? list : ((list as { List?: { items?: unknown[] } })?.List?.items ?? []);
  return items.length === 1;
}

/** A field that is not there is NULL in every row; a column is not. */
function isAbsence({ nulltesttype, arg }: NullTest, isColumn: ColumnTest): boolean {
  return nulltesttype === 'IS_NULL' && isPlainColumn(arg, isColumn);
}

/** Leaves out what one comparison picks: `not (a = 1)`. A conjunction may be false everywhere. */
function isExclusion(node: Node, place: FilterPlace): boolean {
  if ('BoolExpr' in node) {
    const { boolop, args = [] } = node.BoolExpr;
    return boolop === 'OR_EXPR' && args.every((arg) => isExclusion(arg, place));
  }
  if ('NullTest' in node) return false;
  if ('BooleanTest' in node && node.BooleanTest.booltesttype === 'IS_UNKNOWN') return false;
  if (
    'A_Expr' in node &&
    !['AEXPR_OP', 'AEXPR_IN', 'AEXPR_LIKE', 'AEXPR_ILIKE'].includes(node.A_Expr.kind ?? '')
  )
    return false;
  return isPositive(node, place);
}

/** A range or an exclusion: a filter by itself, not in an OR. */
function isOpen(node: Node, { isColumn }: FilterPlace): boolean {
  if (!('A_Expr' in node)) return false;
  const { kind } = node.A_Expr;
  const operator = nameParts(node.A_Expr.name).at(-1) ?? '';
  if (kind === 'AEXPR_OP') return RANGES.has(operator) && comparesRange(node.A_Expr, isColumn);
  if (kind === 'AEXPR_BETWEEN' || kind === 'AEXPR_BETWEEN_SYM') return comparesRange(node.A_Expr, isColumn);
  return kind === 'AEXPR_IN' && operator === '<>' && comparesRange(node.A_Expr, isColumn);
}

function isPositiveSubLink(
  { subLinkType, testexpr, subselect, operName }: SubLink,
  { isColumn, isBounded }: FilterPlace,
): boolean {
  if (subLinkType !== 'ANY_SUBLINK' || subselect === undefined || !('SelectStmt' in subselect)) return false;
  const operator = nameParts(operName);
  return (
    (operator.length === 0 || operator[0] === '=') &&
    isColumnSide(testexpr, isColumn) &&
    isBounded(subselect.SelectStmt)
  );
}
