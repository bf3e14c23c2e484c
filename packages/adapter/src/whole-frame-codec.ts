/**
 * Codec for protocols whose frames are always handed over whole: the adapter says how long the next one is.
 *
 * Holds what was received, keeps the named limit, and is of no use any more once it has thrown (I6).
 * Protocols that pass large frames in pieces write their own.
 */
import { createFrame, type Frame, FrameBuffer, type FrameLimits, WireError } from '@gatehouse/wire';
import type { Codec } from './codec.ts';

/**
 * Bytes of the frame that begins at `offset`, as far as `bytes` goes: its full length, which may be more than
 * there is yet, or `null` when that cannot be told yet. May throw `WireError`.
 */
export type MeasureFrame = (bytes: Buffer, offset: number) => number | null;

export class WholeFrameCodec implements Codec {
  readonly frame: Frame = createFrame();
  readonly #buffer = new FrameBuffer();
  readonly #maxBytes: number;
  readonly #measure: MeasureFrame;
  #broken = false;

  /** `Frame.type` is the first byte of the frame. */
  constructor(limits: FrameLimits, measure: MeasureFrame) {
    this.#maxBytes = limits.wholeFrameBytes;
    this.#measure = measure;
  }

  get bufferedBytes(): number {
    return this.#buffer.heldBytes;
  }

  push(chunk: Buffer): void {
    this.#buffer.append(chunk);
  }

  next(): boolean {
    if (this.#broken) throw new WireError('codec-unusable');
    // Whatever is thrown on the way, nobody knows where the next frame begins.
    this.#broken = true;
    const isWhole = this.#advance();
    this.#broken = false;
    return isWhole;
  }

  drain(): Buffer {
    return this.#buffer.drain();
  }

  #advance(): boolean {
    const { bytes, offset, length } = this.#buffer;
    const total = this.#measure(bytes, offset);
    if ((total ?? length) > this.#maxBytes) throw new WireError('frame-too-large');
    if (total !== null && total < 1) throw new WireError('length-too-small');
    if (total === null || total > length) {
      this.#buffer.want(total ?? 0);
      return false;
    }
    const { frame } = this;
    frame.bytes = bytes;
    frame.start = offset;
    frame.end = offset + total;
    frame.type = bytes[offset]!;
    frame.totalBytes = total;
    this.#buffer.advance(total);
    return true;
  }
}
