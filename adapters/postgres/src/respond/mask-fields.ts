import { WireError } from '@gatehouse/wire';
import type { MaskOutput } from './mask-output.ts';
import { type ColumnMasking, writeMasked } from './masked-value.ts';

/** What happens to each column of a result: null leaves it as it is. */
export type MaskPlan = readonly (ColumnMasking | null)[];

/** Counts what was masked. */
export interface MaskCounter {
  maskedCells: number;
}

/**
 * Writes the values of one row, each behind its length, with the masked ones replaced; where they end. Bytes from
 * `copied` on that stand before them are written too. NULL stays NULL.
 */
export function maskFields(
  bytes: Buffer,
  copied: number,
  from: number,
  end: number,
  plan: MaskPlan,
  counter: MaskCounter,
  out: MaskOutput,
): number {
  let written = copied;
  let at = from;
  for (let index = 0; index < plan.length; index++) {
    if (end - at < 4) throw new WireError('read-past-end', 'row');
    const size = readInt32(bytes, at);
    const value = at + 4;
    const next = size > 0 ? value + size : value;
    if (size < NULL_SIZE || next > end) throw new WireError('read-past-end', 'row value');
    const masking = plan[index]!;
    if (masking !== null && size !== NULL_SIZE) {
      counter.maskedCells += 1;
      out.copy(bytes, written, at);
      const before = out.length;
      out.int32(NULL_SIZE);
      if (writeMasked(masking, bytes, value, next, out)) out.patchInt32(before, out.length - before - 4);
      written = next;
    }
    at = next;
  }
  out.copy(bytes, written, at);
  return at;
}

function readInt32(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

const NULL_SIZE = -1;
