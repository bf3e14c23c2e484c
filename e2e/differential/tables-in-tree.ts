/**
 * The relations that a parse tree names: every RangeVar that is not the name of a WITH query in sight.
 *
 * Written apart from the analyzer, and much simpler: it knows nothing of what a statement does with a relation. A name
 * in FOR UPDATE OF is an alias, one in SET CONSTRAINTS a constraint; the target of a write is a relation, also where
 * WITH has the same name. The body of a function is not run by defining it, and calls of the function are opaque.
 */
export interface NamedTable {
  readonly schema: string | null;
  readonly name: string;
}

export function tablesInTree(tree: unknown): readonly NamedTable[] {
  const found: NamedTable[] = [];
  visit(tree, new Set(), found);
  return found;
}

type Fields = Readonly<Record<string, unknown>>;

const NOT_TABLES: ReadonlySet<string> = new Set([
  'withClause',
  'LockingClause',
  'ConstraintsSetStmt',
  'sql_body',
]);

const TARGETS: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

function visit(value: unknown, ctes: ReadonlySet<string>, found: NamedTable[]): void {
  if (Array.isArray(value)) for (const each of value) visit(each, ctes, found);
  if (!isFields(value)) return;
  const inSight = isFields(value['withClause']) ? visitWith(value['withClause'], ctes, found) : ctes;
  for (const [key, child] of Object.entries(value)) {
    if (NOT_TABLES.has(key)) continue;
    if (TARGETS.has(key) && isFields(child)) {
      addTable(child['relation'], new Set(), found);
      visit({ ...child, relation: undefined }, inSight, found);
    } else if (isFields(child) && typeof child['relname'] === 'string' && 'relpersistence' in child) {
      addTable(child, isCreated(key) ? new Set() : inSight, found);
    } else visit(child, inSight, found);
  }
}

/** What is made has no name in sight yet. */
function isCreated(key: string): boolean {
  return key === 'rel' || key === 'view';
}

function addTable(value: unknown, ctes: ReadonlySet<string>, found: NamedTable[]): void {
  if (!isFields(value)) return;
  const name = String(value['relname']);
  const schema = typeof value['schemaname'] === 'string' ? value['schemaname'] : null;
  if (schema !== null || !ctes.has(name)) found.push({ schema, name });
}

/** Under RECURSIVE every query sees every name, otherwise those before it. */
function visitWith(clause: Fields, outer: ReadonlySet<string>, found: NamedTable[]): ReadonlySet<string> {
  const inSight = new Set(outer);
  const queries = (Array.isArray(clause['ctes']) ? clause['ctes'] : []).map(
    (node: { readonly CommonTableExpr: Fields }) => node.CommonTableExpr,
  );
  const nameOf = (query: Fields) => String(query['ctename']);
  if (clause['recursive'] === true) for (const query of queries) inSight.add(nameOf(query));
  for (const query of queries) {
    visit(query, inSight, found);
    inSight.add(nameOf(query));
  }
  return inSight;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
