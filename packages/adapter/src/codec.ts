import type { Frame } from '@gatehouse/wire';

/**
 * Codec: where frames begin and end in one direction of one connection.
 *
 * *Requires*: chunks in the order received; `next` is called until it returns false before the next
 * `push` (a pause in between is allowed: bytes wait, and `bufferedBytes` says how many).
 *
 * *Behaviour*: knows lengths and tags, never meaning. Fills its one `frame` (see `Frame` for who owns
 * what). A declared length is checked against its limits before anything is buffered for it. Throws
 * `WireError`; a codec that has thrown throws `codec-unusable` from then on (invariant I6).
 */
export interface Codec {
  readonly frame: Frame;
  readonly bufferedBytes: number;
  push(chunk: Buffer): void;
  /** Fills `frame` with the next frame or piece of a frame; false when more bytes are needed. */
  next(): boolean;
  /** Gives back what was received and not yet consumed, for a TLS upgrade; the codec starts anew. */
  drain(): Buffer;
}
