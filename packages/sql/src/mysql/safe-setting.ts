import type { Known } from '@gatehouse/model';

/**
 * Whether a session may take this value of a setting and statements still mean what the lexer here reads.
 *
 * Modes that change quoting or escapes, and character sets in which a backslash can be the second half
 * of a character, are not safe; a computed value is not either.
 */
export function isSafeSetting(name: string, value: Known<string>): boolean {
  const setting = name.toLowerCase().replace(/^@@?(?:(?:session|local|global|persist)\.)?/, '');
  if (setting === 'sql_mode')
    return (
      value.known &&
      !value.value
        .toLowerCase()
        .split(',')
        .some((mode) => UNSAFE_MODES.has(mode.trim()))
    );
  if (CHARACTER_SETS.has(setting)) return value.known && SAFE_CHARACTER_SETS.has(value.value.toLowerCase());
  return true;
}

const UNSAFE_MODES = new Set([
  'ansi_quotes',
  'no_backslash_escapes',
  'ansi',
  'oracle',
  'mssql',
  'db2',
  'maxdb',
  'postgresql',
  'ignore_space',
  'pipes_as_concat',
  'high_not_precedence',
]);
const CHARACTER_SETS = new Set([
  'names',
  'character set',
  'character_set_client',
  'character_set_connection',
  'character_set_results',
  'charset',
]);
const SAFE_CHARACTER_SETS = new Set([
  'utf8mb4',
  'utf8',
  'utf8mb3',
  'latin1',
  'ascii',
  'binary',
  'default',
  'null',
]);
