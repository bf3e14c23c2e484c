import { createFrame, type Frame, WireError } from '@gatehouse/wire';
import { type MaskCounter, type MaskPlan, maskFields } from './mask-fields.ts';
import { MaskOutput } from './mask-output.ts';
import { RowAhead } from './row-ahead.ts';

/** Rewrites rows of one session, without anything made for each of them. */
export class RowMasker {
  readonly #out = new MaskOutput();
  readonly #row = createFrame();
  readonly #ahead = new RowAhead();

  /** The DataRow with its masked columns replaced; the frame holds until the next call, its bytes for ever. */
  mask(frame: Frame, plan: MaskPlan, counter: MaskCounter): Frame {
    const { bytes, start, end } = frame;
    if (end - start < ROW_HEAD_BYTES) throw new WireError('read-past-end', 'row');
    if (bytes.readUInt16BE(start + 5) !== plan.length)
      throw new WireError('malformed', 'row with another number of columns');
    this.#ahead.look(frame, plan);
    const out = this.#out;
    out.begin();
    out.copyFrom(bytes);
    out.reserve(end - start);
    const at = maskFields(bytes, start, start + ROW_HEAD_BYTES, end, plan, counter, out);
    if (at !== end) throw new WireError('trailing-bytes', 'row');
    return out.finish(this.#row, frame.type);
  }
}

/** Type, length, and the number of columns. */
const ROW_HEAD_BYTES = 7;
