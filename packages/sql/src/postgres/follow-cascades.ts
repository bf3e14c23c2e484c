import type { CatalogRelation } from './catalog.ts';

/** Rows of a relation that are deleted, or in which fields are written; `*` is any field. */
export interface RowChange {
  readonly relation: CatalogRelation;
  readonly does: 'update' | 'delete';
  readonly fields: readonly string[];
}

/**
 * What foreign keys change in turn, to the end, without the changes given.
 *
 * Ends because each field of each relation is followed once.
 */
export function followCascades(changes: readonly RowChange[]): readonly RowChange[] {
  const found: RowChange[] = [];
  const seen = new Map<CatalogRelation, Set<string>>();
  const pending = [...changes];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const news = freshMarks(next, seen);
    if (news.length === 0) continue;
    for (const { on, keys, child, does, fields } of next.relation.cascades) {
      const reached =
        on === 'delete' ? next.does === 'delete' : news.some((mark) => keys.includes(mark) || mark === '*');
      if (on !== next.does || !reached) continue;
      const change = { relation: child, does, fields };
      found.push(change);
      pending.push(change);
    }
  }
  return found;
}

/** The fields that were not followed yet; a deletion counts as one, too. */
function freshMarks(
  { relation, does, fields }: RowChange,
  seen: Map<CatalogRelation, Set<string>>,
): string[] {
  const marks = seen.get(relation) ?? new Set<string>();
  seen.set(relation, marks);
  const news = (does === 'delete' ? [' deleted'] : fields).filter((mark) => !marks.has(mark));
  for (const mark of news) marks.add(mark);
  return news;
}
