/**
 * Masks the rows of a COPY to the client as they stream (manual, COPY, "File Formats").
 *
 * The server sends one row in one CopyData message, with its line end; the binary form begins with a header before the
 * first row and ends with a trailer. A message of any other shape ends the session: where the rows of a stream begin is
 * never guessed.
 */
import type { CopyFormat } from '@gatehouse/sql';
import { createFrame, type Frame, WireError } from '@gatehouse/wire';
import { type CopyText, csvText, plainText } from './copy-text.ts';
import { type MaskCounter, type MaskPlan, maskFields } from './mask-fields.ts';
import { MaskOutput } from './mask-output.ts';
import { writeMasked } from './masked-value.ts';

export interface CopyMasker {
  /**
   * The CopyData with its masked fields replaced; the frame holds until the next call, its bytes for ever. Throws
   * WireError for what is not rows of this plan.
   */
  mask(frame: Frame, counter: MaskCounter): Frame;
}

/** Creates the masker of one COPY; it counts on seeing every message of it, in order. */
export function createCopyMasker(plan: MaskPlan, format: CopyFormat): CopyMasker {
  const out = new MaskOutput();
  const lent = createFrame();
  const write = format.format === 'binary' ? binaryWriter(plan, out) : textWriter(plan, format, out);
  return {
    mask(frame, counter) {
      if (frame.end - frame.start < HEAD_BYTES) throw new WireError('read-past-end', 'row of a COPY');
      out.begin();
      out.reserve(frame.end - frame.start);
      write(frame, counter);
      return out.finish(lent, frame.type);
    },
  };
}

type WriteRows = (frame: Frame, counter: MaskCounter) => void;

/** Text and CSV: one line. */
function textWriter(plan: MaskPlan, format: CopyFormat, out: MaskOutput): WriteRows {
  const text = format.format === 'csv' ? csvText(format) : plainText(format);
  const nullText = Buffer.from(format.nullText);
  let isHeader = format.header;
  return ({ bytes, start, end }, counter) => {
    const lineEnd = end - 1;
    if (lineEnd < start + HEAD_BYTES || bytes[lineEnd] !== LF)
      throw new WireError('malformed', 'row of a COPY without its end');
    const masks = !isHeader;
    isHeader = false;
    let written = start;
    let at = start + HEAD_BYTES;
    for (let index = 0; index < plan.length; index++) {
      const next = text.endOfField(bytes, at, lineEnd);
      if ((next === lineEnd) !== (index === plan.length - 1))
        throw new WireError('malformed', 'row of a COPY with another number of columns');
      const masking = plan[index]!;
      if (masks && masking !== null && !text.isNull(bytes, at, next)) {
        counter.maskedCells += 1;
        out.copy(bytes, written, at);
        const value = text.valueOf(bytes, at, next);
        const before = out.length;
        if (writeMasked(masking, value.bytes, value.start, value.end, out)) quote(out, before, text);
        else out.copy(nullText, 0, nullText.length);
        written = next;
      }
      at = next + 1;
    }
    if (plan.length === 0 && at !== lineEnd)
      throw new WireError('malformed', 'row of a COPY with another number of columns');
    out.copy(bytes, written, end);
  };
}

/** Gives what was written since `before` the form of a field. */
function quote(out: MaskOutput, before: number, text: CopyText): void {
  const from = out.at - (out.length - before);
  const quoted = text.quote(out.bytes, from, out.at);
  if (quoted === null) return;
  out.at = from;
  out.copy(quoted, 0, quoted.length);
}

function binaryWriter(plan: MaskPlan, out: MaskOutput): WriteRows {
  let isStart = true;
  let isOver = false;
  return ({ bytes, start, end }, counter) => {
    let written = start;
    let at = start + HEAD_BYTES;
    if (isStart) {
      if (end - at < HEADER_BYTES || SIGNATURE.compare(bytes, at, at + SIGNATURE.length) !== 0)
        throw new WireError('malformed', 'COPY without its header');
      at += HEADER_BYTES + bytes.readUInt32BE(at + HEADER_BYTES - 4);
      isStart = false;
    }
    if (isOver || at > end) throw new WireError('malformed', 'header of a COPY');
    while (at < end) {
      if (end - at < 2) throw new WireError('read-past-end', 'row of a COPY');
      const count = bytes.readInt16BE(at);
      at += 2;
      if (count === -1) {
        isOver = true;
        if (at !== end) throw new WireError('trailing-bytes', 'COPY behind its end');
        break;
      }
      if (count !== plan.length)
        throw new WireError('malformed', 'row of a COPY with another number of columns');
      at = maskFields(bytes, written, at, end, plan, counter, out);
      written = at;
    }
    out.copy(bytes, written, end);
  };
}

const LF = 0x0a;
/** Type and length of a CopyData. */
const HEAD_BYTES = 5;
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** Signature, flags, and the length of an extension. */
const HEADER_BYTES = SIGNATURE.length + 8;
