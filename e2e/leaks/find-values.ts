/** Looks for known values in the bytes that have arrived, in time that does not grow with the number of values. */

/** Shorter values cannot be told from chance; so many first characters tell longer ones apart. */
const START = 6;

/** Gives a function that names those of the values, as bytes of UTF-8, that stand somewhere in what arrived. */
export function createValueFinder(values: readonly unknown[]): (received: Buffer) => readonly string[] {
  const byStart = new Map<string, Map<string, string>>();
  for (const value of values) {
    if (typeof value !== 'string' || value.length < START) continue;
    const bytes = asCharacters(Buffer.from(value));
    const start = bytes.slice(0, START);
    byStart.set(start, (byStart.get(start) ?? new Map<string, string>()).set(bytes, value));
  }
  if (byStart.size === 0) throw new Error('no value is long enough to be looked for');
  return (received) => {
    const text = asCharacters(received);
    const found = new Set<string>();
    for (let at = 0; at + START <= text.length; at += 1) {
      for (const [bytes, value] of byStart.get(text.slice(at, at + START)) ?? [])
        if (text.startsWith(bytes, at)) found.add(value);
    }
    return [...found];
  };
}

/** A character for each byte. */
function asCharacters(bytes: Buffer): string {
  return bytes.toString('latin1');
}
