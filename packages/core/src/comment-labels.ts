/**
 * Labels that stand in the comments of columns: `gatehouse: pii.email, contact`.
 *
 *   comment ::= text? 'gatehouse:' label ((',' | space) label)* ((';' | line end) text?)?
 *
 * The word may stand anywhere in a comment, more than once, in any case; what is before and behind is for people.
 * Comments add to what classification documents say and take nothing from it. Whoever may comment may write
 * anything, so what cannot be read as a label becomes `UNREADABLE`: a slip of the keyboard hides a column, and shows none.
 */
import type { ObjectRef } from '@gatehouse/model';

/** A column with what is written about it in the database. */
export interface ColumnComment {
  readonly object: ObjectRef;
  readonly field: string;
  readonly comment: string;
}

/** A column of one database with labels of its own. Names are names here, not patterns. */
export interface LabelledColumn {
  readonly object: ObjectRef;
  readonly field: string;
  readonly labels: readonly string[];
}

/** Stands for a label that could not be read; masks over `pii.*` hold for it. */
const UNREADABLE = 'pii.unreadable';

const MARK = /(?<![\p{L}\p{N}_-])gatehouse:([^;\r\n]*)/giu;
const LABEL = /^[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)*$/;
const MAX_LABEL = 100;
const MAX_LABELS = 32;

/** Columns whose comments carry labels; others are left out. */
export function readCommentLabels(comments: readonly ColumnComment[]): readonly LabelledColumn[] {
  return comments.flatMap(({ object, field, comment }) => {
    const labels = labelsIn(comment);
    return labels.length === 0 ? [] : [{ object, field, labels }];
  });
}

function labelsIn(comment: string): readonly string[] {
  const found = new Set<string>();
  for (const [, text = ''] of comment.matchAll(MARK)) {
    const words = text.split(/[\s,]+/).filter((word) => word !== '');
    for (const word of words.slice(0, MAX_LABELS)) found.add(labelOf(word));
    if (words.length === 0 || words.length > MAX_LABELS) found.add(UNREADABLE);
  }
  return [...found];
}

function labelOf(word: string): string {
  const label = word.toLowerCase();
  return label.length <= MAX_LABEL && LABEL.test(label) ? label : UNREADABLE;
}
