/**
 * Name patterns: `*` stands for any run of characters, `?` for exactly one; everything else is itself.
 *
 * Matching is a two-pointer scan with one saved position, O(pattern × text) at worst, so a hostile
 * name cannot make it slow. There is no escape: names that hold `*` or `?` are matched by `?`.
 */
export interface Glob {
  readonly source: string;
  readonly literal: boolean;
  matches(text: string): boolean;
}

export interface GlobOptions {
  readonly ignoreCase?: boolean;
}

/** True when the text has a wildcard in it. */
export function hasWildcard(text: string): boolean {
  return text.includes('*') || text.includes('?');
}

/** Compiles one pattern. */
export function compileGlob(source: string, options: GlobOptions = {}): Glob {
  const fold = options.ignoreCase === true;
  const pattern = fold ? source.toLowerCase() : source;
  const literal = !hasWildcard(source);
  const test = chooseTest(pattern, literal);
  return { source, literal, matches: fold ? (text) => test(text.toLowerCase()) : test };
}

/** Compiles a list into one test that is true when any pattern matches; for an empty list it is never true. */
export function compileGlobs(
  sources: readonly string[],
  options: GlobOptions = {},
): (text: string) => boolean {
  const fold = (text: string) => (options.ignoreCase === true ? text.toLowerCase() : text);
  const literals = new Set(sources.filter((source) => !hasWildcard(source)).map(fold));
  const globs = sources.filter(hasWildcard).map((source) => compileGlob(fold(source)));
  return (text) => {
    const folded = fold(text);
    return literals.has(folded) || globs.some((glob) => glob.matches(folded));
  };
}

function chooseTest(pattern: string, literal: boolean): (text: string) => boolean {
  if (literal) return (text) => text === pattern;
  if (pattern === '*') return () => true;
  return (text) => scan(pattern, text);
}

function scan(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const sign = pattern[p];
    if (sign === '*') {
      star = p++;
      resume = t;
    } else if (sign !== undefined && (sign === '?' || sign === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
