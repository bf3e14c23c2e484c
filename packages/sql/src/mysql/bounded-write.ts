import { asList, asNode, asText, type Json, type Node, queryOf } from './syntax.ts';

/** Columns of a base table; null when the catalog does not hold it; undefined for a view. */
export type TableLookup = (database: string | null, table: string) => readonly string[] | null | undefined;

/**
 * Whether the filter of a write surely leaves rows of every table out that is written.
 *
 * A column of the table itself is compared with a constant, or it is tied by equal columns to a table of which that is
 * true, or to a query of which it is. Constants that are called columns (derived tables, views, CTEs) leave nothing out.
 *
 * SECURITY: the parser reads some operators in another order than the server (`id = 5 xor true`, `1 || 1`), so a filter
 * that holds one of them anywhere bounds nothing, and only literals and calls count as constants.
 *
 * `tables`: the entries of the statement's table list. `isTarget`: whether rows of the entry are written.
 */
export function boundsEveryTarget(
  where: Json | undefined,
  tables: readonly Json[],
  isTarget: (item: FilterItem) => boolean,
  lookup: TableLookup,
): boolean {
  const items = itemsOf(tables, lookup);
  const targets = items?.filter(isTarget) ?? [];
  if (items === null || targets.length === 0 || isReadOtherwise(where)) return false;
  const reached = narrowedItems(where, tables, items, lookup);
  return targets.every((item) => reached.has(item));
}

export interface FilterItem {
  /** The alias, in lower case. */
  readonly name: string;
  /** The table's own name; null for anything but a base table. */
  readonly table: string | null;
  /** In lower case; null when any name may be one. */
  readonly columns: ReadonlySet<string> | null;
}

function itemsOf(tables: readonly Json[], lookup: TableLookup): readonly FilterItem[] | null {
  const items: FilterItem[] = [];
  for (const entry of tables) {
    const node = asNode(entry);
    if (node === null) return null;
    const table = asText(node['table']);
    const name = (asText(node['as']) ?? table ?? '').toLowerCase();
    const columns = table === null ? undefined : lookup(asText(node['db']), table);
    if (table === null || columns === undefined) items.push({ name, table: null, columns: null });
    else {
      const names = columns === null ? null : new Set(columns.map((column) => column.toLowerCase()));
      items.push({ name, table, columns: names });
    }
  }
  return items;
}

/** The items whose rows the filter leaves out, and those that are tied to them. */
function narrowedItems(
  where: Json | undefined,
  tables: readonly Json[],
  items: readonly FilterItem[],
  lookup: TableLookup,
): ReadonlySet<FilterItem> {
  const conjuncts = conjunctsOf(where);
  const reached = new Set<FilterItem>();
  for (const conjunct of conjuncts) {
    const item = narrowedBy(conjunct, items, lookup, false);
    if (item !== null) reached.add(item);
  }
  const ties = [...conjuncts, ...tables.flatMap((entry) => conjunctsOf(asNode(entry)?.['on']))].flatMap(
    (conjunct) => tieOf(conjunct, items),
  );
  for (let size = -1; size !== reached.size; ) {
    size = reached.size;
    for (const [a, b] of ties) {
      if (reached.has(a)) reached.add(b);
      else if (reached.has(b)) reached.add(a);
    }
  }
  return reached;
}

function conjunctsOf(value: Json | undefined): readonly Node[] {
  const node = asNode(value);
  if (node === null) return [];
  const operator = operatorOf(node);
  if (operator !== 'AND' && operator !== '&&') return [node];
  return [...conjunctsOf(node['left']), ...conjunctsOf(node['right'])];
}

/** The item of which a condition leaves rows out. `equal`: only by being equal, so that arms of OR cannot complement each other. */
function narrowedBy(
  node: Node,
  items: readonly FilterItem[],
  lookup: TableLookup,
  equal: boolean,
): FilterItem | null {
  const operator = operatorOf(node);
  const [left, right] = [asNode(node['left']), asNode(node['right'])];
  if (left === null || right === null) return null;
  if (operator === 'OR') {
    const arms = [left, right].map((arm) => narrowedBy(arm, items, lookup, true));
    return arms[0] === arms[1] ? (arms[0] ?? null) : null;
  }
  if (!EQUAL.has(operator) && (equal || !ORDERED.has(operator))) return null;
  const item = itemOfColumn(left, items);
  if (item !== null && isNarrow(operator, right, lookup)) return item;
  const turned = operator === 'IN' || operator === 'LIKE' || operator === 'BETWEEN';
  return !turned && isConstant(left) ? itemOfColumn(right, items) : null;
}

function isNarrow(operator: string, right: Node, lookup: TableLookup): boolean {
  if (operator === 'LIKE') return isPattern(right);
  const query = operator === '=' ? queryOf(right) : onlyQuery(operator, right);
  return query === null ? isConstant(right) : isBoundedQuery(query, lookup);
}

/** `IN (select …)`. */
function onlyQuery(operator: string, right: Node): Node | null {
  if (operator !== 'IN' || right['type'] !== 'expr_list') return null;
  const [first, ...others] = asList(right['value']);
  return others.length === 0 ? queryOf(first) : null;
}

/** A pattern that begins with a letter, or a parameter. */
function isPattern(node: Node): boolean {
  if (node['type'] === 'origin' || node['type'] === 'param') return true;
  const text = asText(node['value']);
  return TEXTS.has(asText(node['type']) ?? '') && text !== null && /^(?![%_])/.test(text);
}

/** A query over base tables that gives a column of one of which its own filter leaves rows out. */
function isBoundedQuery(query: Node, lookup: TableLookup): boolean {
  const [column, ...others] = asList(query['columns']);
  const expression = asNode(asNode(column)?.['expr']);
  if (query['type'] !== 'select' || others.length > 0 || expression === null) return false;
  if (asNode(query['with']) !== null || asList(query['with']).length > 0) return false;
  const tables = asList(query['from']);
  const items = itemsOf(tables, lookup);
  if (items === null || isReadOtherwise(query['where'])) return false;
  const item = itemOfColumn(expression, items);
  return item !== null && narrowedItems(query['where'], tables, items, lookup).has(item);
}

/** Two different base tables that have to be equal in a column. */
function tieOf(node: Node, items: readonly FilterItem[]): readonly (readonly [FilterItem, FilterItem])[] {
  if (operatorOf(node) !== '=') return [];
  const [left, right] = [asNode(node['left']), asNode(node['right'])];
  const [a, b] = [left && itemOfColumn(left, items), right && itemOfColumn(right, items)];
  return a !== null && b !== null && a !== b ? [[a, b]] : [];
}

/** The one base table that a column belongs to; null when it may be anything else. */
function itemOfColumn(node: Node, items: readonly FilterItem[]): FilterItem | null {
  if (node['type'] !== 'column_ref') return null;
  const name = asText(node['column'])?.toLowerCase();
  const table = asText(node['table'])?.toLowerCase() ?? null;
  if (name === undefined || name === '*') return null;
  const found = items.filter(
    (item) => (table === null || item.name === table) && (item.columns === null || item.columns.has(name)),
  );
  const [item] = found;
  return found.length === 1 && item !== undefined && item.table !== null ? item : null;
}

function isConstant(node: Node): boolean {
  const type = asText(node['type']) ?? '';
  if (type === 'expr_list') return asList(node['value']).every(isConstantValue);
  if (type === 'function') return isConstantCall(node);
  // A date with an interval added; whatever compares or joins may be read in another order by the server.
  if (type === 'unary_expr') return ARITHMETIC.has(operatorOf(node)) && isConstantValue(node['expr']);
  if (type === 'binary_expr')
    return ARITHMETIC.has(operatorOf(node)) && [node['left'], node['right']].every(isConstantValue);
  return CONSTANTS.has(type);
}

function isConstantValue(value: Json | undefined): boolean {
  const node = asNode(value);
  return node !== null && queryOf(node) === null && isConstant(node);
}

function isConstantCall(node: Node): boolean {
  const args = asNode(node['args']);
  return args === null || isConstant(args);
}

/** Operators that bind otherwise in the parser than in the server. */
function isReadOtherwise(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.some(isReadOtherwise);
  const node = asNode(value);
  if (node === null) return false;
  const operator = operatorOf(node);
  return operator === 'XOR' || operator === '||' || Object.values(node).some(isReadOtherwise);
}

function operatorOf(node: Node): string {
  return asText(node['operator'])?.toUpperCase() ?? '';
}

const EQUAL: ReadonlySet<string> = new Set(['=', 'IN']);
const ORDERED: ReadonlySet<string> = new Set(['<', '>', '<=', '>=', 'BETWEEN', 'LIKE']);
const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-']);
const TEXTS: ReadonlySet<string> = new Set(['single_quote_string', 'double_quote_string', 'string']);
const CONSTANTS: ReadonlySet<string> = new Set([
  ...TEXTS,
  ...['number', 'bigint', 'bool', 'origin', 'param', 'date', 'datetime', 'time', 'timestamp', 'interval'],
  ...['hex_string', 'full_hex_string', 'bit_string', 'natural_string'],
]);
