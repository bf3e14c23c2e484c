/**
 * The value of `search_path`, taken apart and put together as the server does (`SplitIdentifierString`).
 */

/** Entries in order, `$user` unquoted; null when the server would refuse the value. */
export function parseSearchPath(value: string): readonly string[] | null {
  if (value.trim() === '') return [];
  const entries: string[] = [];
  const entry = /\s*(?:"((?:[^"]|"")*)"|([^\s,"]+))\s*(,|$)/y;
  for (;;) {
    const match = entry.exec(value);
    if (match === null) return null;
    const [, quoted, plain, separator] = match;
    if (quoted === '') return null;
    entries.push(truncateName(quoted === undefined ? plain!.toLowerCase() : quoted.replaceAll('""', '"')));
    if (separator === '') return entries;
  }
}

/** The inverse of `parseSearchPath`; every entry quoted. */
export function formatSearchPath(entries: readonly string[]): string {
  return entries.map((entry) => `"${entry.replaceAll('"', '""')}"`).join(', ');
}

const MAX_NAME_BYTES = 63;

/** The server cuts names to 63 bytes, at a character boundary. */
export function truncateName(name: string): string {
  if (name.length <= MAX_NAME_BYTES / 3) return name;
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.length <= MAX_NAME_BYTES) return name;
  let end = MAX_NAME_BYTES;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
