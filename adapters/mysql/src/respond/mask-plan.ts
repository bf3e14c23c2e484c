/**
 * Which columns of a result are masked, and when a result is withheld instead.
 *
 * For each column two witnesses are heard: the lineage that the analyzer found for this position, and the
 * origin that the server reports. Each can only add a mask. A column leaves unmasked only where the
 * lineage says that no masked field reaches it, or where there is no lineage but the statement is so
 * plain that the server's origin cannot be an alias.
 *
 * | lineage at this position | server's origin | the column |
 * |---|---|---|
 * | one masked field, unchanged | any | that field's masker |
 * | computed from a masked field | any | redacted whole |
 * | known, nothing masked | names a masked field | that field's masker |
 * | known, nothing masked | anything else | as it is |
 * | unknown | names a masked field of a base table | that field's masker |
 * | unknown, plain statement over base tables | names another field of one of them | as it is |
 * | unknown | anything else | the result is withheld |
 */
import type { FieldMask, MaskerSpec, OutputColumn, Statement } from '@gatehouse/model';
import type { ColumnDefinition41 } from '../messages/column-definition-41.ts';
import { createRowMasker, type RowMasker } from './row-masker.ts';

export type MaskPlan =
  | { readonly kind: 'mask'; readonly masker: RowMasker | null }
  | { readonly kind: 'withhold'; readonly reason: string };

export interface MaskContext {
  readonly masks: readonly FieldMask[];
  /** The statement that this result answers, where that is certain. */
  readonly statement: Statement | null;
  /** The text is one SELECT without derived tables, so that a base table named by the server is one. */
  readonly plain: boolean;
  /** Tells base tables from views and from everything unknown. */
  isBaseTable(schema: string, table: string): boolean;
  readonly binary: boolean;
  readonly key: Buffer;
}

export function planMasks(columns: readonly ColumnDefinition41[], context: MaskContext): MaskPlan {
  const output = outputOf(context.statement, columns.length);
  const specs: (MaskerSpec | null)[] = [];
  for (const [i, column] of columns.entries()) {
    const spec = maskerFor(column, output?.[i] ?? null, context);
    if (spec === 'unknown')
      return {
        kind: 'withhold',
        reason: 'it could not be established where the values of a result come from',
      };
    specs.push(spec);
  }
  if (specs.every((spec) => spec === null)) return { kind: 'mask', masker: null };
  return { kind: 'mask', masker: createRowMasker(columns, specs, context) };
}

/** The analyzer's columns, only where it counts as many as the server. */
function outputOf(statement: Statement | null, count: number): readonly OutputColumn[] | null {
  if (statement === null || !statement.output.known) return null;
  return statement.output.value.length === count ? statement.output.value : null;
}

function maskerFor(
  column: ColumnDefinition41,
  output: OutputColumn | null,
  context: MaskContext,
): MaskerSpec | null | 'unknown' {
  const reported = reportedMasks(column, context.masks);
  const sources = output?.sources;
  if (output === null || sources === undefined || !sources.known) {
    if (reported.length > 0) return stricterOf(reported);
    return context.plain && context.isBaseTable(column.schema, column.orgTable) ? null : 'unknown';
  }
  const fromLineage = sources.value.flatMap((source) =>
    context.masks.filter((mask) => covers(mask, source.object.path, source.field)),
  );
  if (fromLineage.length > 0 && output.kind !== 'value') return wholeMask([...fromLineage, ...reported]);
  const all = [...fromLineage, ...reported];
  return all.length === 0 ? null : stricterOf(all);
}

function reportedMasks(column: ColumnDefinition41, masks: readonly FieldMask[]): FieldMask[] {
  if (column.orgName === '') return [];
  return masks.filter((mask) => {
    if (column.schema !== '') return covers(mask, [column.schema, column.orgTable], column.orgName);
    // Through temporary tables the server forgets the schema, and sometimes renames the field.
    return (
      equal(mask.object.path.at(-1), column.orgTable) &&
      (mask.field === '*' || equal(mask.field, column.orgName))
    );
  });
}

function covers(mask: FieldMask, path: readonly string[], field: string): boolean {
  const object = mask.object.path;
  return (
    object.length === path.length &&
    object.every((part, i) => equal(part, path[i])) &&
    (mask.field === '*' || field === '*' || equal(mask.field, field))
  );
}

/** Names compare without case: a mask too many is safe, one too few is not. */
function equal(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase();
}

/** A part of a value (first characters, a rounded number) tells more through an expression than alone. */
function wholeMask(masks: readonly FieldMask[]): MaskerSpec {
  return masks.some((mask) => mask.masker.kind === 'null') ? { kind: 'null' } : { kind: 'redact' };
}

function stricterOf(masks: readonly FieldMask[]): MaskerSpec {
  const [first, ...others] = masks.map((mask) => mask.masker);
  if (others.every((other) => JSON.stringify(other) === JSON.stringify(first))) return first!;
  return wholeMask(masks);
}
