import type { Token } from './lexer.ts';

export interface NormalDml {
  readonly text: string;
  /** The tokens that the text was made of. */
  readonly tokens: readonly Token[];
}

/**
 * Leaves out words that change how a statement runs but not what it touches, which node-sql-parser does
 * not know: priorities, index hints, locking clauses, FORMAT of a plan. The cross-check works on what is left,
 * and what is left out names no table.
 */
export function normalizeDml(text: string, tokens: readonly Token[]): NormalDml {
  const kept: Token[] = [];
  for (let i = 0; i < tokens.length; ) {
    const skip = skipped(tokens, i);
    if (skip === 0) {
      kept.push(tokens[i]!);
      i += 1;
    } else i += skip;
  }
  return {
    text: kept
      .map(({ start, end }) => text.slice(start, end))
      .join(' ')
      .replaceAll(' . ', '.'),
    tokens: kept,
  };
}

/** How many tokens from here are left out. */
function skipped(tokens: readonly Token[], i: number): number {
  const token = tokens[i]!;
  if (token.kind !== 'word' || tokens[i - 1]?.value === '.' || tokens[i + 1]?.value === '.') return 0;
  const [previous, next] = [tokens[i - 1]?.value ?? '', tokens[i + 1]?.value ?? ''];
  if (PRIORITIES.has(token.value) && STARTERS.has(previous)) return 1;
  if (
    token.value === 'ignore' &&
    ['insert', 'update', 'delete', 'replace', 'low_priority', 'quick'].includes(previous)
  )
    return 1;
  if (['use', 'force', 'ignore'].includes(token.value) && ['index', 'key'].includes(next))
    return indexHint(tokens, i);
  if (token.value === 'for' && ['update', 'share'].includes(next)) return lockingClause(tokens, i, 2);
  if (
    token.value === 'lock' &&
    next === 'in' &&
    tokens[i + 2]?.value === 'share' &&
    tokens[i + 3]?.value === 'mode'
  )
    return 4;
  return 0;
}

/** `USE INDEX [FOR …] (a, b)` */
function indexHint(tokens: readonly Token[], i: number): number {
  let at = i + 2;
  if (tokens[at]?.value === 'for') at += ['order', 'group'].includes(tokens[at + 1]?.value ?? '') ? 3 : 2;
  if (tokens[at]?.value !== '(') return 0;
  const end = tokens.findIndex(({ value }, index) => index > at && value === ')');
  return end < 0 ? 0 : end + 1 - i;
}

/** `FOR UPDATE [NOWAIT | SKIP LOCKED | WAIT n]`; `OF t` names tables that are there already, and stays out of this form. */
function lockingClause(tokens: readonly Token[], i: number, length: number): number {
  const next = tokens[i + length]?.value;
  if (next === 'of') return 0;
  if (next === 'nowait') return length + 1;
  if (next === 'skip' || next === 'wait') return length + 2;
  return length;
}

const PRIORITIES = new Set([
  'low_priority',
  'high_priority',
  'delayed',
  'quick',
  'sql_no_cache',
  'sql_cache',
  'sql_calc_found_rows',
  'sql_small_result',
  'sql_big_result',
  'sql_buffer_result',
  'straight_join',
  'distinctrow',
]);
const STARTERS = new Set([
  'select',
  'insert',
  'replace',
  'update',
  'delete',
  'low_priority',
  'high_priority',
  'quick',
  'sql_no_cache',
  'sql_cache',
  'sql_calc_found_rows',
  'distinct',
  'all',
]);
