/** What happens with a table besides what the statement says: foreign keys that change other tables, functions that run. */
import type { CatalogCascade, CatalogFunction, CatalogRelation, CatalogTableRoutine } from './catalog.ts';
import type { CatalogRow } from './catalog-queries.ts';
import { numberOf, textOf } from './catalog-row.ts';

/** A relation while its lists are filled. */
interface Linked extends CatalogRelation {
  readonly cascades: CatalogCascade[];
  readonly routines: CatalogTableRoutine[];
}

/** Fills `cascades` of the relations that are referred to. */
export function linkCascades(rows: readonly CatalogRow[], byOid: ReadonlyMap<number, Linked>): void {
  for (const row of rows) {
    const relation = byOid.get(numberOf(row, 'relation'));
    const child = byOid.get(numberOf(row, 'child'));
    if (relation === undefined || child === undefined) continue;
    const keys = namesOf(relation, textOf(row, 'keys'));
    const fields = namesOf(child, textOf(row, 'columns'));
    for (const on of ['delete', 'update'] as const) {
      const letter = textOf(row, `on_${on}`);
      if (!CHANGES.has(letter)) continue;
      const does = on === 'delete' && letter === 'c' ? 'delete' : 'update';
      relation.cascades.push(
        Object.freeze({ on, keys, child, does, fields: does === 'delete' ? [] : fields }),
      );
    }
  }
}

/** Cascade, set null, set default. */
const CHANGES: ReadonlySet<string> = new Set(['c', 'n', 'd']);

function namesOf({ columns }: CatalogRelation, numbers: string): readonly string[] {
  return numbers
    .split(' ')
    .flatMap((attnum) => columns.find((column) => column.attnum === Number(attnum))?.name ?? []);
}

/** Fills `routines` of the relations that they run with. */
export function linkTableRoutines(
  rows: readonly CatalogRow[],
  byOid: ReadonlyMap<number, Linked>,
  functions: ReadonlyMap<number, CatalogFunction>,
): void {
  for (const row of rows) {
    const routine = functions.get(numberOf(row, 'function'));
    if (routine === undefined) continue;
    const on = new Set([...textOf(row, 'events')].flatMap((letter) => EVENTS[letter] ?? []));
    byOid.get(numberOf(row, 'relation'))?.routines.push(Object.freeze({ routine, on }));
  }
}

const EVENTS: Readonly<Record<string, 'read' | 'insert' | 'update' | 'delete'>> = {
  r: 'read',
  i: 'insert',
  u: 'update',
  d: 'delete',
};
