import type { Masker } from '@gatehouse/masking';
import type { FieldMask, MaskerSpec, OutputColumn, Statement } from '@gatehouse/model';
import type { CatalogOrigin, PostgresCatalog } from '@gatehouse/sql';
import type { ColumnDescription } from '../messages/row-description.ts';
import { valueCodec } from './value-codec.ts';

/** What happens to each column of a result: null leaves it as it is. */
export type MaskPlan = readonly (ColumnMasking | null)[];

export type ColumnMasking =
  /** Every value becomes the same bytes; null for NULL. */
  | { readonly kind: 'constant'; readonly bytes: Buffer | null }
  | { readonly kind: 'computed'; mask(value: Buffer): Buffer | null };

export interface PlanInput {
  readonly columns: readonly ColumnDescription[];
  readonly masks: readonly FieldMask[];
  readonly statement: Statement;
  readonly catalog: PostgresCatalog | null;
  maskerOf(spec: MaskerSpec): Masker;
}

/**
 * The plan for a result, from the origin that the server itself reports for each column, or null when
 * the origin of one column cannot be established: then no row may leave.
 */
export function createMaskPlan(input: PlanInput): MaskPlan | null {
  const plan: (ColumnMasking | null)[] = [];
  for (const [index, column] of input.columns.entries()) {
    const masking = column.tableOid === 0 ? computedColumn(index, input) : originColumn(column, index, input);
    if (masking === 'unknown') return null;
    plan.push(masking);
  }
  return plan;
}

/** A column without an origin must be known to carry nothing that is masked. */
function computedColumn(index: number, { columns, masks, statement }: PlanInput): null | 'unknown' {
  if (!statement.output.known || statement.output.value.length !== columns.length) return 'unknown';
  return revealsMasked(statement.output.value[index]!, masks) ? 'unknown' : null;
}

/** Whether a masked field is behind an output, as far as the analysis says. */
function revealsMasked({ kind, sources }: OutputColumn, masks: readonly FieldMask[]): boolean {
  if (kind === 'none') return false;
  if (!sources.known) return true;
  return sources.value.some(({ object, field }) => masks.some((mask) => covers(mask, object.path, field)));
}

function originColumn(
  column: ColumnDescription,
  index: number,
  input: PlanInput,
): ColumnMasking | null | 'unknown' {
  const { catalog, masks } = input;
  const { tableOid, attnum } = column;
  const origin = catalog?.columnOrigin(tableOid, attnum) ?? null;
  if (catalog === null || origin === null) {
    // System columns (`ctid`, `xmin`) hold no value of the row.
    return attnum < 0 && catalog?.relationByOid(tableOid) !== undefined ? null : 'unknown';
  }
  const mask = strictest([origin, ...catalog.originAliases(tableOid, attnum)], masks);
  if (mask !== null) return maskingOf(column, input.maskerOf(mask.masker));
  // The server names one origin; where the analysis knows of another that is masked, both must be believed.
  const { output } = input.statement;
  const told = output.known && output.value.length === input.columns.length ? output.value[index]! : null;
  return told?.sources.known === true && revealsMasked(told, masks) ? 'unknown' : null;
}

/** The mask of the column itself or of anything that it stands for; `null` wins over all others. */
function strictest(origins: readonly CatalogOrigin[], masks: readonly FieldMask[]): FieldMask | null {
  const found = masks.filter((mask) => origins.some(({ object, field }) => covers(mask, object.path, field)));
  return found.find(({ masker }) => masker.kind === 'null') ?? found[0] ?? null;
}

function covers({ object, field }: FieldMask, path: readonly string[], name: string): boolean {
  return (
    (field === '*' || name === '*' || field === name) &&
    object.path.length === path.length &&
    object.path.every((part, i) => part === path[i])
  );
}

function maskingOf({ typeOid, typeModifier, format }: ColumnDescription, masker: Masker): ColumnMasking {
  const codec = valueCodec(typeOid, typeModifier, format);
  if (codec === null) return { kind: 'constant', bytes: null };
  const mask = masker.column(codec.column);
  if (mask.kind === 'constant')
    return { kind: 'constant', bytes: mask.value === null ? null : codec.encode(mask.value) };
  return {
    kind: 'computed',
    mask(value) {
      const text = codec.decode(value);
      const masked = text === null ? null : mask.mask(text);
      return masked === null ? null : codec.encode(masked);
    },
  };
}
