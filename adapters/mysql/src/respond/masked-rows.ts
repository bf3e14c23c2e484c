/**
 * Rows on their way through a mask: collected when they come in pieces, bounded by one packet.
 *
 * A masked row of several packets would need other sequence ids for everything behind it, so it is
 * reported as too large and not masked.
 */
import type { Frame } from '@gatehouse/wire';
import { FULL_PAYLOAD_BYTES } from '../codec/packet-codec.ts';
import { sequenceOf } from './expected-reply.ts';
import type { RowMasker } from './row-masker.ts';

export const MAX_MASKED_ROW_BYTES = FULL_PAYLOAD_BYTES - 1;

export type MaskedRowStep =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'row'; readonly bytes: Buffer; readonly cells: number; readonly sequence: number }
  | { readonly kind: 'too-large'; readonly sequence: number };

export class MaskedRows {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #sequence = 0;

  /** Takes a row or the next piece of one; after `too-large` the other pieces of that row are not given here. */
  take(frame: Frame, masker: RowMasker): MaskedRowStep {
    if (frame.first) this.#sequence = sequenceOf(frame);
    if (frame.first && frame.last) return this.#mask(masker, frame.bytes, frame.start, frame.end);
    this.#bytes += frame.end - frame.start;
    if (this.#bytes > MAX_MASKED_ROW_BYTES) {
      this.#forget();
      return { kind: 'too-large', sequence: this.#sequence };
    }
    this.#pieces.push(frame.bytes.subarray(frame.start, frame.end));
    if (!frame.last) return INCOMPLETE;
    const whole = Buffer.concat(this.#pieces);
    this.#forget();
    return this.#mask(masker, whole, 0, whole.length);
  }

  #mask(masker: RowMasker, bytes: Buffer, start: number, end: number): MaskedRowStep {
    const masked = masker.mask(bytes, start, end);
    if (masked.bytes.length > MAX_MASKED_ROW_BYTES) return { kind: 'too-large', sequence: this.#sequence };
    return { kind: 'row', bytes: masked.bytes, cells: masked.cells, sequence: this.#sequence };
  }

  #forget(): void {
    this.#pieces = [];
    this.#bytes = 0;
  }
}

const INCOMPLETE: MaskedRowStep = { kind: 'incomplete' };
