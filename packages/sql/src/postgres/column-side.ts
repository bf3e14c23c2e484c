import type { A_Expr, FuncCall, Node } from 'libpg-query';
import { literalText, nameParts } from './syntax-tree.ts';
import { SYSTEM_COLUMNS } from './target.ts';

/**
 * The side of a comparison that is one column, perhaps through something that keeps rows apart.
 *
 * What may be the same for every row is none: `tableoid`, `id::boolean`, `left(note, 0)`, `to_char(id, '"x"')`.
 */
export type ColumnTest = (parts: readonly string[]) => boolean;

/** A column as it is. */
export function isPlainColumn(node: Node | undefined, isColumn: ColumnTest): boolean {
  if (node === undefined || !('ColumnRef' in node)) return false;
  const parts = nameParts(node.ColumnRef.fields);
  const name = parts.at(-1) ?? '*';
  return name !== '*' && (name === 'ctid' || !SYSTEM_COLUMNS.has(name)) && isColumn(parts);
}

/** True when one side is a column and the other holds none. */
export function comparesColumn({ lexpr, rexpr }: A_Expr, isColumn: ColumnTest): boolean {
  return (
    (isColumnSide(lexpr, isColumn, rexpr) && isValueSide(rexpr)) ||
    (isColumnSide(rexpr, isColumn, lexpr) && isValueSide(lexpr))
  );
}

/** As `comparesColumn`, where the order of values matters: nothing that cuts a value short, and not the first of all texts. */
export function comparesRange({ lexpr, rexpr }: A_Expr, isColumn: ColumnTest): boolean {
  const isFirst = (node: Node | undefined) => literalText(node) === '';
  return (
    (isColumnSide(lexpr, isColumn) && isValueSide(rexpr) && !isFirst(rexpr)) ||
    (isColumnSide(rexpr, isColumn) && isValueSide(lexpr) && !isFirst(lexpr))
  );
}

const KEEPS_APART: ReadonlySet<string> = new Set(
  'lower upper btrim ltrim rtrim trim date date_trunc extract date_part md5 timezone'.split(' '),
);
const CUTS: ReadonlySet<string> = new Set('left right substring substr btrim ltrim rtrim'.split(' '));

/** One column, perhaps through a cast, a field of it, or a function. `value` is what it is compared with for being equal. */
export function isColumnSide(node: Node | undefined, isColumn: ColumnTest, value?: Node): boolean {
  if (node === undefined) return false;
  if ('ColumnRef' in node) return isPlainColumn(node, isColumn);
  if ('TypeCast' in node) {
    const { arg, typeName } = node.TypeCast;
    const type = nameParts(typeName?.names).at(-1) ?? '';
    // A length or a scale rounds, a boolean has two values.
    if (type === 'bool' || typeName?.typmods !== undefined) return false;
    return isColumnSide(arg, isColumn, value);
  }
  if ('CollateClause' in node) return isColumnSide(node.CollateClause.arg, isColumn, value);
  if ('A_Indirection' in node) return isColumnSide(node.A_Indirection.arg, isColumn, value);
  if ('A_Expr' in node) {
    const { name, lexpr, rexpr } = node.A_Expr;
    const isField = (nameParts(name).at(-1) ?? '').startsWith('->');
    return isField && isColumnSide(lexpr, isColumn, value) && isValueSide(rexpr);
  }
  return 'FuncCall' in node && isColumnCall(node.FuncCall, isColumn, value);
}

function isColumnCall({ funcname, args = [] }: FuncCall, isColumn: ColumnTest, value?: Node): boolean {
  const name = nameParts(funcname).at(-1) ?? '';
  const columns = args.filter((arg) => isColumnSide(arg, isColumn, value));
  if (columns.length !== 1 || !args.every((arg) => columns.includes(arg) || isValueSide(arg))) return false;
  if (KEEPS_APART.has(name) && (args.length === 1 || !CUTS.has(name))) return true;
  // What is cut short may be nothing at all, and is then equal to nothing.
  if (value === undefined || literalText(value) === '') return false;
  const isGiven = 'ParamRef' in value || typeof literalText(value) === 'string';
  if (name === 'to_char')
    return isGiven && /^[^"]*(?:YY|MM|DD|HH|MI|SS)[^"]*$/.test(literalText(args[1]) ?? '');
  return isGiven && CUTS.has(name);
}

/** Holds no column and no query. */
export function isValueSide(node: unknown): boolean {
  if (node === undefined) return false;
  const pending: unknown[] = [node];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if ('ColumnRef' in value || 'SubLink' in value) return false;
    pending.push(...Object.values(value));
  }
  return true;
}
