import { createHash } from 'node:crypto';

/**
 * The fingerprint of a statement: 16 hex digits over its parse tree without literals, parameters and places.
 *
 * The parser's own fingerprint is not used: it overflows the stack on some small texts (nested functions in
 * FROM), which would damage the parser. Lists of constants count as one constant, whatever their length.
 * Texts that are no expressions (comments, passwords, payloads, function bodies) are left out as well.
 */
export function fingerprintTree(root: unknown): string {
  const words: string[] = [];
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (Array.isArray(value)) {
      if (value.length > 0 && value.every(isLiteral)) words.push('[?');
      else {
        words.push(`[${value.length}`);
        for (const item of value) pending.push(item);
      }
    } else if (typeof value === 'object' && value !== null) {
      if (isLiteral(value)) words.push('?');
      else writeObject(value as Readonly<Record<string, unknown>>, words, pending);
    } else words.push(JSON.stringify(value) ?? '');
  }
  return createHash('sha256').update(words.join('\0')).digest('hex').slice(0, 16);
}

/** Keys under which there is no meaning, or a text that the statement only carries. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'location',
  'stmt_location',
  'stmt_len',
  'rexpr_list_start',
  'rexpr_list_end',
  'comment',
  'payload',
  'label',
  'conninfo',
]);

function writeObject(value: Readonly<Record<string, unknown>>, words: string[], pending: unknown[]): void {
  const isOption = 'defname' in value;
  words.push('{');
  for (const key in value) {
    if (LEFT_OUT.has(key)) continue;
    words.push(key);
    pending.push(isOption && key === 'arg' ? withoutText(value[key]) : value[key]);
  }
  words.push('}');
}

/** The value of an option, if it is no text. */
function withoutText(value: unknown): unknown {
  const isText = typeof value === 'object' && value !== null && ('String' in value || 'List' in value);
  return isText ? '?' : value;
}

function isLiteral(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if ('A_Const' in value || 'ParamRef' in value) return true;
  if (!('List' in value)) return false;
  const items = (value.List as { readonly items?: readonly unknown[] } | null)?.items ?? [];
  return items.length > 0 && items.every(isLiteral);
}
