import type { Node } from 'libpg-query';
import { literalText } from './syntax-tree.ts';

/**
 * Whether a pattern, or a value that must be contained, leaves anything out.
 *
 * `like '%'`, `~ 'z*'`, `similar to '(%)'`, `@> '{}'` and `&& '(,)'` let every row through. What is computed may be such
 * a value and counts as one; a parameter is its sender's business, as its value is in any other comparison.
 */
export function matchesSomething(operator: string, pattern: Node | undefined): boolean {
  if (pattern !== undefined && 'ParamRef' in pattern) return true;
  const text = patternText(pattern);
  if (typeof text !== 'string') return false;
  if (operator === 'similar') return /[^%_]/.test(text) && !/[|*+?{}()[\]\\]/.test(text);
  // Plain words and gaps between them; of what repeats or chooses nobody can say at a glance what it fits.
  if (operator === '~' || operator === '~*')
    return /^\^?(?:[\w @:/-]|\\\.|\.[*+]?)*\$?$/.test(text) && /[^\W_]/.test(text.replaceAll('.*', ''));
  return /[^%_]/.test(text);
}

/** The pattern of `like … escape` and of `similar to` stands in a call. */
function patternText(pattern: Node | undefined): string | null | undefined {
  if (pattern !== undefined && 'FuncCall' in pattern) {
    const name = pattern.FuncCall.funcname?.at(-1);
    const isEscape =
      name !== undefined &&
      'String' in name &&
      ['like_escape', 'similar_to_escape'].includes(name.String.sval ?? '');
    return isEscape ? literalText(pattern.FuncCall.args?.[0]) : undefined;
  }
  return literalText(pattern);
}

/** True for a value that not everything contains, is contained in, or overlaps with. */
export function containsSomething(value: Node | undefined): boolean {
  if (value === undefined) return false;
  if ('ParamRef' in value) return true;
  if ('TypeCast' in value) return containsSomething(value.TypeCast.arg);
  if ('A_ArrayExpr' in value) return (value.A_ArrayExpr.elements ?? []).length > 0;
  const text = literalText(value);
  return typeof text === 'string' && /\w/.test(text) && !/empty|infinity/i.test(text);
}
