import type { Ahead } from '@gatehouse/masking';
import type { MaskOutput } from './mask-output.ts';

/** What a column's values become. */
export type ColumnMasking =
  /** Every value becomes the same bytes; null for NULL. */
  | { readonly kind: 'constant'; readonly bytes: Buffer | null }
  | { readonly kind: 'computed'; readonly write: WriteMasked; readonly ahead?: ValuesAhead };

export type AheadOfBytes = Ahead<[source: Buffer, start: number, end: number]>;

/** Values that will be written, said beforehand and in their order. */
export interface ValuesAhead extends AheadOfBytes {
  /** False while the results of most values are known anyway. */
  readonly isUseful: boolean;
}

/**
 * Writes the mask of the value `source[start, end)` to `out`; false for NULL, and then nothing was written.
 * Belongs to one result.
 */
export type WriteMasked = (source: Buffer, start: number, end: number, out: MaskOutput) => boolean;

/** Any value becomes NULL. */
export const HIDDEN: ColumnMasking = { kind: 'constant', bytes: null };

/** Writes what a value becomes; false for NULL. */
export function writeMasked(
  masking: ColumnMasking,
  source: Buffer,
  start: number,
  end: number,
  out: MaskOutput,
): boolean {
  if (masking.kind === 'computed') return masking.write(source, start, end, out);
  const { bytes } = masking;
  if (bytes === null) return false;
  out.copy(bytes, 0, bytes.length);
  return true;
}
