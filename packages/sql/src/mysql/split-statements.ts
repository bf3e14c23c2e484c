import type { Token } from './lexer.ts';

/** Tokens of one statement, without its separator. */
export type StatementTokens = readonly Token[];

/**
 * Cuts tokens at `;`. A definition with a body (routine, trigger, event) and a compound statement take everything that
 * is left: where such a body ends is the server's affair, and nobody runs it here.
 */
export function splitStatements(tokens: readonly Token[]): StatementTokens[] {
  const statements: StatementTokens[] = [];
  let start = 0;
  for (let i = 0; i <= tokens.length; i++) {
    if (i < tokens.length && tokens[i]!.value === ';' && tokens[i]!.kind === 'symbol') {
      if (hasBody(tokens.slice(start, i))) break;
    } else if (i < tokens.length) continue;
    if (i > start) statements.push(tokens.slice(start, i));
    start = i + 1;
  }
  if (start < tokens.length) statements.push(tokens.slice(start));
  return statements;
}

function hasBody(tokens: StatementTokens): boolean {
  const [first, second] = tokens;
  if (first?.kind !== 'word') return false;
  if (first.value === 'begin' && second?.value === 'not') return true;
  if (first.value !== 'create' && first.value !== 'alter') return false;
  return tokens.some(({ kind, value }) => kind === 'word' && BODIED.has(value));
}

const BODIED = new Set(['procedure', 'function', 'trigger', 'event', 'package']);
