import type { Token } from './lexer.ts';
import type { MysqlCatalog } from './mysql-catalog.ts';
import type { Json } from './syntax.ts';

/**
 * Proves that the parser's tree leaves out no relation that the tokens name.
 *
 * SECURITY: node-sql-parser is known to lose tables (sql-parsers measurements). The own lexer reads
 * what the server reads, so: every identifier that is the name of a known relation must stand in the tree as often as
 * in the text, and so must every identifier behind a word that is followed by a table. Returns why not, or null.
 */
export function crossCheck(tokens: readonly Token[], tree: Json, catalog: MysqlCatalog): string | null {
  const named = countNames(tree);
  const seen = new Map<string, number>();
  for (const [index, token] of tokens.entries()) {
    if (!isIdentifier(tokens, index)) continue;
    const name = token.value.toLowerCase();
    if (catalog.hasName(name) || isTablePosition(tokens, index)) seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  for (const [name, count] of seen)
    if ((named.get(name) ?? 0) < count) return 'a name of the text is missing from what was parsed';
  return null;
}

/** A quoted name, or a word that is not plainly a keyword where it stands. */
function isIdentifier(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index]!;
  if (token.kind === 'quoted') return true;
  if (token.kind !== 'word') return false;
  const afterDot = tokens[index - 1]?.value === '.';
  return afterDot || !RESERVED.has(token.value);
}

function isTablePosition(tokens: readonly Token[], index: number): boolean {
  let before = index - 1;
  while (before >= 0 && (tokens[before]!.value === '(' || MODIFIERS.has(tokens[before]!.value))) before -= 1;
  const word = tokens[before];
  return (
    word?.kind === 'word' &&
    TABLE_FOLLOWS.has(word.value) &&
    tokens[before - 1]?.value !== '.' &&
    !isOtherUse(tokens, before)
  );
}

/** `FROM` inside EXTRACT, TRIM and SUBSTRING, `UPDATE` of FOR UPDATE and ON DUPLICATE KEY UPDATE are followed by no table. */
function isOtherUse(tokens: readonly Token[], at: number): boolean {
  const { value } = tokens[at]!;
  const previous = tokens[at - 1]?.value;
  if (value === 'update') return previous === 'for' || previous === 'key';
  if (value === 'into') return tokens[at + 1]?.kind === 'variable';
  if (value !== 'from') return false;
  let depth = 0;
  for (let i = at - 1; i >= 0; i--) {
    if (tokens[i]!.value === ')') depth += 1;
    if (tokens[i]!.value === '(') {
      if (depth === 0) return FROM_FUNCTIONS.has(tokens[i - 1]?.value ?? '');
      depth -= 1;
    }
  }
  return false;
}

/** How often each text stands in the tree as a value: tables, columns, qualifiers, aliases, names. */
function countNames(tree: Json): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const open: Json[] = [tree];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    if (typeof current !== 'object' || current === null) continue;
    if (Array.isArray(current)) {
      for (const item of current) push(item, counts, open);
      continue;
    }
    for (const [key, value] of Object.entries(current)) {
      if (value === undefined || SUMMARIES.has(key)) continue;
      // The value of a string literal is no name.
      if (key === 'value' && typeof current['type'] === 'string' && LITERALS.has(current['type'])) continue;
      push(value, counts, open);
    }
  }
  return counts;
}

function push(value: Json, counts: Map<string, number>, open: Json[]): void {
  if (typeof value === 'string') counts.set(value.toLowerCase(), (counts.get(value.toLowerCase()) ?? 0) + 1);
  else open.push(value);
}

/** node-sql-parser's own summaries repeat names. */
const SUMMARIES = new Set(['tableList', 'columnList', 'loc']);
const LITERALS = new Set([
  'single_quote_string',
  'double_quote_string',
  'string',
  'full_hex_string',
  'hex_string',
  'bit_string',
  'natural_string',
]);
const TABLE_FOLLOWS = new Set([
  'from',
  'join',
  'straight_join',
  'update',
  'into',
  'table',
  'using',
  'replace',
  'insert',
  'delete',
]);
const MODIFIERS = new Set([
  'low_priority',
  'high_priority',
  'delayed',
  'quick',
  'ignore',
  'lateral',
  'only',
  'if',
  'exists',
]);
const FROM_FUNCTIONS = new Set(['extract', 'trim', 'substring', 'substr', 'mid', 'overlay']);

/** Reserved words of MySQL 8 and MariaDB 10 that appear in DML; an identifier of that name must be quoted. */
const RESERVED = new Set(
  `all alter analyze and as asc before between both by case change character check collate column condition constraint continue convert create cross
  cume_dist current_date current_role current_time current_timestamp current_user cursor database databases default delayed delete dense_rank desc
  describe distinct distinctrow div drop dual each else elseif empty enclosed escaped except exists exit explain false fetch first_value for force
  foreign from fulltext function generated grant group grouping groups having high_priority if ignore in index inner inout insert intersect interval
  into is iterate join json_table key keys kill lag last_value lateral lead leading leave left like limit linear lines load localtime localtimestamp
  lock long loop low_priority match maxvalue mod modifies natural not nth_value ntile null of on optimize option optionally or order out outer outfile
  over partition percent_rank precision primary procedure purge range rank read reads recursive references regexp release rename repeat replace
  require restrict return returning revoke right rlike row row_number rows schema schemas select sensitive separator set show signal spatial specific
  sql straight_join table terminated then to trailing trigger true undo union unique unlock unsigned update usage use using values varying when where
  while window with write xor zerofill binary`
    .trim()
    .split(/\s+/),
);
