/**
 * Finds the place in a YAML text of one character of a scalar's value, so that a mistake inside a
 * folded or quoted expression is reported where it stands.
 *
 * The value and its source are walked together: every character that is not white space is looked up in
 * the source from where the last one was found. Escapes and folding only ever add characters to the source.
 */
import type { Scalar } from 'yaml';

/** The offset in `text` of `value[index]`; the scalar's own start when it cannot be followed. */
export function locateInScalar(text: string, node: Scalar<string>, index: number): number {
  const start = node.range?.[0] ?? 0;
  const end = node.range?.[1] ?? start;
  const block = node.type === 'BLOCK_FOLDED' || node.type === 'BLOCK_LITERAL';
  let offset = block ? Math.max(start, text.indexOf('\n', start) + 1) : start;
  if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') offset++;
  const value = node.value;
  for (let at = 0; at < value.length && at <= index; at++) {
    if (/\s/.test(value[at]!)) continue;
    const found = text.indexOf(value[at]!, offset);
    if (found < 0 || found >= end) return start;
    if (at === index) return found;
    offset = found + 1;
  }
  return Math.min(offset, end);
}
