import type { Known } from '@gatehouse/model';

/**
 * Whether a session may take this value of a setting and statements still mean what the lexer here reads.
 *
 * Modes that change quoting or escapes, and character sets in which a backslash can be the second half
 * of a character, are not safe; neither are modes by number or with an escape in their name, nor a computed value.
 * The value is as it stands between the quotes.
 */
export function isSafeSetting(name: string, value: Known<string>): boolean {
  const setting = name.toLowerCase().replace(/^@@?(?:(?:session|local|global|persist)\.)?/, '');
  if (setting === 'sql_mode')
    return value.known && value.value.split(',').every((mode) => SAFE_MODES.has(mode.toLowerCase()));
  if (CHARACTER_SETS.has(setting)) return value.known && SAFE_CHARACTER_SETS.has(value.value.toLowerCase());
  return true;
}

const SAFE_MODES = new Set([
  '',
  'default',
  'real_as_float',
  'only_full_group_by',
  'no_unsigned_subtraction',
  'no_dir_in_create',
  'no_key_options',
  'no_table_options',
  'no_field_options',
  'no_auto_value_on_zero',
  'strict_trans_tables',
  'strict_all_tables',
  'no_zero_in_date',
  'no_zero_date',
  'allow_invalid_dates',
  'error_for_division_by_zero',
  'traditional',
  'no_auto_create_user',
  'no_engine_substitution',
  'pad_char_to_full_length',
  'empty_string_is_null',
  'simultaneous_assignment',
  'time_round_fractional',
  'time_truncate_fractional',
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
