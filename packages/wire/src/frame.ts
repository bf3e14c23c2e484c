/**
 * One frame, or one piece of a frame that is larger than `wholeFrameBytes`.
 *
 * A codec owns one `Frame` and fills it anew for each call, so nothing is allocated per frame: read
 * what you need before the next call. `bytes[start, end)` is a view of what was received, header
 * included; it stays valid as long as it is held.
 *
 * `type` is the protocol's own tag (Postgres message byte, MySQL first payload byte, Mongo opcode)
 * and keeps its value over all pieces. A whole frame has `first` and `last` both true.
 */
export interface Frame {
  bytes: Buffer;
  start: number;
  end: number;
  type: number;
  /** Length of the whole frame on the wire, header included. */
  totalBytes: number;
  first: boolean;
  last: boolean;
}

/** An empty frame for a codec to fill. */
export function createFrame(): Frame {
  return { bytes: Buffer.alloc(0), start: 0, end: 0, type: 0, totalBytes: 0, first: true, last: true };
}

/** A copy that survives the codec's next call; its bytes are still lent, not copied. */
export function keepFrame(frame: Frame): Frame {
  return { ...frame };
}
