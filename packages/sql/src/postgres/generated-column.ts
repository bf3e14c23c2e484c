/**
 * Generated columns: whoever reads one learns of the columns that it is computed from.
 *
 * Stored or virtual makes no difference, and a guess at such a column is no guess at one whole value.
 */
import type { CatalogColumn, CatalogRelation } from './catalog.ts';
import type { CatalogRow } from './catalog-queries.ts';
import { numberOf } from './catalog-row.ts';

/** The field, and what it is computed from. `*` and fields that are not known are themselves only. */
export function fieldsBehindField(relation: CatalogRelation | null, field: string): readonly string[] {
  const from = relation?.columns.find(({ name }) => name === field)?.generatedFrom ?? [];
  return from.length === 0 ? [field] : [field, ...from];
}

export function isGenerated(relation: CatalogRelation | null, field: string): boolean {
  return fieldsBehindField(relation, field).length > 1;
}

/** Fills `generatedFrom`, once every column of the relations is there. `generated_from`: attribute numbers with blanks between. */
export function linkGenerated(
  rows: readonly CatalogRow[],
  byOid: ReadonlyMap<number, { readonly columns: CatalogColumn[] }>,
): void {
  for (const row of rows) {
    const numbers = row['generated_from'];
    if (typeof numbers !== 'string' || numbers === '') continue;
    const columns = byOid.get(numberOf(row, 'oid'))?.columns ?? [];
    const at = columns.findIndex(({ attnum }) => attnum === numberOf(row, 'attnum'));
    const column = columns[at];
    if (column === undefined) continue;
    const generatedFrom = numbers
      .split(' ')
      .flatMap((attnum) => columns.find((each) => each.attnum === Number(attnum))?.name ?? []);
    columns[at] = Object.freeze({ ...column, generatedFrom: Object.freeze(generatedFrom) });
  }
}
