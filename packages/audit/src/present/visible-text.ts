/**
 * Text that is safe to print: SECURITY: statements and names come from clients and may hold the
 * escape sequences of terminals. Test: `shows control characters instead of sending them`.
 */
export function visibleText(text: string): string {
  // Line ends and tabs read as spaces; direction marks could turn a line around.
  return text
    .replace(/[\t\n\r]+/g, ' ')
    .replace(
      /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}

/** Cuts to a number of characters, the last one `…` when something was cut. */
export function shortened(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
