/**
 * Paths of fields as rules know them: without positions of arrays.
 *
 * `messages.0.body` may mean the first item of an array or a field that is called `0`; both are given.
 * The placeholders of updates (`$`, `$[]`, `$[name]`) only ever mean positions.
 */
export function pathsOf(path: string): readonly string[] {
  if (!POSITION_INSIDE.test(path)) return [path];
  const parts = path.split('.').filter((part) => !/^\$(?:\[.*\])?$/.test(part));
  const withoutNumbers = parts.filter((part) => !/^\d+$/.test(part));
  const exact = parts.join('.');
  const plain = withoutNumbers.join('.');
  if (exact === '') return ['*'];
  return plain === exact || plain === '' ? [exact] : [exact, plain];
}

const POSITION_INSIDE = /(?:^|\.)(?:\d+|\$(?:\[[^.]*\])?)(?:\.|$)/;

/** Whether one path is the other or lies inside it; `*` is every path. */
export function overlaps(a: string, b: string): boolean {
  return a === '*' || b === '*' || a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}
