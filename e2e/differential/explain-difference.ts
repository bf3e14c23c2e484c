/** Whether what the analyzer says of a statement accounts for a difference that one changed value made. */
import type { Access, FieldSource, OutputColumn, Statement } from '@gatehouse/model';
import type { PostgresCatalog } from '@gatehouse/sql';
import type { Change, Outcome } from './scratch-databases.ts';

/** What the value changed, `rows` where their number did; null for nothing. */
export type Difference =
  | { readonly kind: 'rows' | 'error' }
  | { readonly kind: 'cells'; readonly columns: readonly number[] };

export function differenceOf(base: Outcome, other: Outcome): Difference | null {
  if (base.kind === 'error' || other.kind === 'error') {
    const isSame = base.kind === 'error' && other.kind === 'error' && base.code === other.code;
    return isSame ? null : { kind: 'error' };
  }
  if (base.rows.length !== other.rows.length) return { kind: 'rows' };
  const columns = new Set<number>();
  for (const [index, row] of base.rows.entries()) {
    row.forEach((value, column) => {
      if (value !== other.rows[index]![column]) columns.add(column);
    });
  }
  return columns.size === 0 ? null : { kind: 'cells', columns: [...columns] };
}

export interface Explanation {
  readonly facts: Statement;
  /**
   * The queries of the views behind it. What they filter, sort, group and join by is the choice of who defined the view,
   * so it is no use by the statement, but it decides what the statement shows.
   */
  readonly views: readonly Statement[];
}

/**
 * What is missing in the facts, one line each; empty when the difference is accounted for.
 *
 * A cell may differ when its output names the column, or when the column decides which rows there are, in which order
 * or group (a filter, sort, group or join). Another number of rows needs the latter, or an expression that gives as
 * many rows as the value says, as an error does. Whatever is stored may change anything.
 */
export function unexplained(
  { facts, views }: Explanation,
  change: Change,
  difference: Difference,
  catalog: PostgresCatalog,
): readonly string[] {
  if ([facts, ...views].some((each) => decides(each, change))) return [];
  const column = `${change.schema}.${change.table}.${change.column}`;
  // What is stored may come back by RETURNING, or be refused by the table.
  if (facts.stored === undefined || names(facts.stored, change)) return [];
  const isProbed = facts.probes === undefined || names(facts.probes, change);
  if (difference.kind !== 'cells') {
    if (isProbed) return [];
    if (difference.kind === 'rows') return [`the number of rows depends on ${column}`];
    return [`whether it fails depends on ${column}`];
  }
  const { output } = facts;
  if (!output.known) return [];
  // An asterisk over unknown columns stands for any number of them.
  const isOpen = output.value.some(({ name }) => name === '*');
  return difference.columns.flatMap((index) => {
    const found = isOpen ? output.value : output.value.slice(index, index + 1);
    return found.some((each) => carries(each, change, catalog))
      ? []
      : [`output ${index} depends on ${column}`];
  });
}

function decides({ accesses }: Statement, change: Change): boolean {
  if (!accesses.known) return true;
  return accesses.value.some(
    (access) =>
      !access.object.known || (isTable(access.object.value.path, change) && usesField(access, change.column)),
  );
}

function usesField({ fields }: Access, column: string): boolean {
  if (!fields.known) return true;
  return fields.value.some(
    ({ field, use }) => (field === column || field === '*') && use !== 'output' && use !== 'write',
  );
}

function carries({ kind, sources }: OutputColumn, change: Change, catalog: PostgresCatalog): boolean {
  if (!sources.known || names(sources, change)) return true;
  if (kind !== 'value') return false;
  // An unchanged value is told by the relation that the statement names; the gateway adds parents and children.
  const relation = catalog.relation(change.schema, change.table);
  const kin = (relation?.behind ?? [])
    .filter((reach) => reach.kind === 'same')
    .map((reach) => reach.relation);
  return kin.some(({ schema, name }) => names(sources, { schema, table: name, column: change.column }));
}

function names(sources: Statement['probes'] & object, change: Change): boolean {
  if (!sources.known) return true;
  return sources.value.some(({ object, field }: FieldSource) => {
    return isTable(object.path, change) && (field === change.column || field === '*');
  });
}

function isTable(path: readonly string[], { schema, table }: Change): boolean {
  return path.length === 2 && path[0] === schema && path[1] === table;
}
