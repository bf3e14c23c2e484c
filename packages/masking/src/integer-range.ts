import type { MaskColumn } from './mask-type.ts';

/** The smallest and the largest value of an integer column; 32 bits with a sign when the width is not known. */
export function integerRange(column: MaskColumn): { readonly min: bigint; readonly max: bigint } {
  const bits = BigInt(column.bits ?? 32);
  if (column.unsigned === true) return { min: 0n, max: (1n << bits) - 1n };
  return { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n };
}
