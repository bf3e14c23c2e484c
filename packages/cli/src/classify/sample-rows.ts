import type { ValueType } from '@gatehouse/classify';
import { partsOfDocuments, readJsonTexts } from './document-paths.ts';
import type { Row, SampledColumn, SampledPart } from './sampled-table.ts';

/** A column that is to be sampled, and the key of its values in the rows. */
export interface RowColumn {
  readonly name: string;
  readonly key: string;
  readonly type: ValueType;
}

/** Columns with the values that the rows have for them. Columns of JSON texts are taken apart into paths; the column itself is what is labelled. */
export function columnsOfRows(columns: readonly RowColumn[], rows: readonly Row[]): readonly SampledColumn[] {
  return columns.map((column) => ({
    field: column.name,
    parts: partsOf(
      column,
      rows.flatMap((row) => textOf(row[column.key])),
    ),
  }));
}

function partsOf({ name, type }: RowColumn, values: readonly string[]): readonly SampledPart[] {
  const documents = type === 'text' || type === 'other' ? readJsonTexts(values) : undefined;
  if (documents === undefined) return [{ path: [name], type, values }];
  return partsOfDocuments(documents).map((part) => ({ ...part, path: [name, ...part.path] }));
}

function textOf(value: unknown): readonly string[] {
  if (value === null || value === undefined) return [];
  if (typeof value === 'string') return [value];
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? [] : [value.toISOString()];
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return [String(value)];
  return value instanceof Uint8Array ? [] : [JSON.stringify(value)];
}
