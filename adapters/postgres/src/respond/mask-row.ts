import { ByteWriter, type Frame, WireError } from '@gatehouse/wire';
import { BACKEND } from '../messages/message-type.ts';
import type { MaskPlan } from './mask-plan.ts';

/** Counts what was masked. */
export interface MaskCounter {
  maskedCells: number;
}

/** Rewrites rows of one session; its buffer is reused, the rows handed out are not written to again. */
export class RowMasker {
  readonly #writer = new ByteWriter(64 * 1024);

  /** The DataRow with its masked columns replaced; NULL stays NULL. */
  mask(frame: Frame, plan: MaskPlan, counter: MaskCounter): Buffer {
    const { bytes, end } = frame;
    if (end - frame.start < 7) throw new WireError('read-past-end', 'row');
    const count = bytes.readUInt16BE(frame.start + 5);
    if (count !== plan.length) throw new WireError('malformed', 'row with another number of columns');
    const out = this.#writer;
    out.uint8(BACKEND.dataRow);
    const length = out.gap(4);
    out.int16be(count);
    let at = frame.start + 7;
    for (const masking of plan) {
      if (end - at < 4) throw new WireError('read-past-end', 'row');
      const size = bytes.readInt32BE(at);
      const next = at + 4 + Math.max(0, size);
      if (size < -1 || next > end) throw new WireError('read-past-end', 'row value');
      if (masking === null || size === -1) out.bytes(bytes.subarray(at, next));
      else {
        counter.maskedCells += 1;
        const value =
          masking.kind === 'constant' ? masking.bytes : masking.mask(bytes.subarray(at + 4, next));
        if (value === null) out.int32be(-1);
        else out.int32be(value.length).bytes(value);
      }
      at = next;
    }
    if (at !== end) throw new WireError('trailing-bytes', 'row');
    out.patchInt32be(length, out.length - 1);
    return out.take();
  }
}
