/**
 * Settings that decide how the server reads a text. The parser here reads it one way only, so a session
 * must not change them: with `standard_conforming_strings = off` the server ends strings elsewhere.
 */
const PINNED: Readonly<Record<string, readonly string[]>> = {
  standard_conforming_strings: ['on', 'true', 'yes', '1'],
  client_encoding: ['utf8', 'utf-8', 'unicode', 'unicode_1_1'],
};

export const PINNED_REASON = 'the setting decides how the server reads texts and must stay as it is';

/** True when giving the setting that value (undefined for a computed or default one) would change what texts mean. */
export function isPinnedSetting(name: string, value: string | undefined): boolean {
  const key = name.toLowerCase();
  if (!Object.hasOwn(PINNED, key)) return false;
  return value === undefined || !PINNED[key]!.includes(value.trim().toLowerCase());
}
