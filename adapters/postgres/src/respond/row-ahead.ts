import type { Frame } from '@gatehouse/wire';
import type { MaskPlan } from './mask-fields.ts';
import type { ValuesAhead } from './masked-value.ts';

/**
 * Says the values of the rows that have arrived behind a row already, so that the masks of a column are computed
 * together.
 *
 * It only looks: rows that are cut off, broken or something else end it without a word, because whoever reads them says what is wrong.
 */
export class RowAhead {
  #bytes: Buffer | null = null;
  /** Up to here rows of `#bytes` have been said, or need not be. */
  #said = 0;

  look({ bytes, start, type }: Frame, plan: MaskPlan): void {
    if (this.#bytes === bytes && start < this.#said) return;
    this.#bytes = bytes;
    this.#said = bytes.length;
    if (!plan.some(isUseful)) return;
    for (const masking of plan) if (masking?.kind === 'computed') masking.ahead?.clear();
    let at = start;
    for (let rows = 0; rows < MOST_ROWS && bytes.length - at > HEAD_BYTES && bytes[at] === type; rows++) {
      const end = at + 1 + bytes.readUInt32BE(at + 1);
      if (end > bytes.length || !sayRow(bytes, at + HEAD_BYTES, end, plan)) break;
      at = end;
    }
    for (const masking of plan) if (masking?.kind === 'computed') masking.ahead?.run();
    this.#said = at;
  }
}

function isUseful(masking: MaskPlan[number]): boolean {
  return masking?.kind === 'computed' && masking.ahead?.isUseful === true;
}

function sayRow(bytes: Buffer, from: number, end: number, plan: MaskPlan): boolean {
  let at = from;
  for (let index = 0; index < plan.length; index++) {
    if (end - at < 4) return false;
    const size = bytes.readInt32BE(at);
    at += 4;
    if (size <= 0) {
      if (size === 0) say(plan[index]!, bytes, at, at);
      continue;
    }
    if (at + size > end) return false;
    say(plan[index]!, bytes, at, at + size);
    at += size;
  }
  return true;
}

function say(masking: MaskPlan[number], bytes: Buffer, start: number, end: number): void {
  if (masking?.kind !== 'computed') return;
  const ahead: ValuesAhead | undefined = masking.ahead;
  if (ahead?.isUseful === true) ahead.add(bytes, start, end);
}

/** As many as a batch takes. */
const MOST_ROWS = 256;
/** Type, length, and the number of columns. */
const HEAD_BYTES = 7;
