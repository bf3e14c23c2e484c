import type { Frame } from '@gatehouse/wire';

/**
 * Where masked rows are written, one behind the other, so that many of them leave as one piece.
 *
 * What was handed out is never written to again: the next row goes behind it, or into a new buffer when this one
 * is full. `bytes` may be another buffer after every call that makes room; what is being written moves with it.
 */
export class MaskOutput {
  bytes: Buffer = EMPTY;
  /** Where the next byte goes. */
  at = 0;
  #start = 0;
  #chunkBytes = FIRST_CHUNK_BYTES;
  #view = viewOf(EMPTY);
  /** Where most is copied from. */
  #source: Buffer = EMPTY;
  #sourceView = viewOf(EMPTY);

  /** Bytes of what is being written. */
  get length(): number {
    return this.at - this.#start;
  }

  /** Begins the next row behind the last one, also when that one was not written to its end. */
  begin(): void {
    if (this.bytes.length > LARGEST_CHUNK_BYTES) {
      // One very long row must not stay in memory with the session.
      this.#use(EMPTY);
      this.at = 0;
    }
    this.#start = this.at;
  }

  /** What is copied from now on is mostly out of this buffer. */
  copyFrom(source: Buffer): void {
    if (source === this.#source) return;
    this.#source = source;
    this.#sourceView = viewOf(source);
  }

  /** Makes room for so many bytes behind `at`. */
  reserve(count: number): void {
    if (this.at + count > this.bytes.length) this.#grow(count);
  }

  int32(value: number): void {
    this.reserve(4);
    writeInt32(this.bytes, this.at, value);
    this.at += 4;
  }

  /** Writes over four bytes, counted from the start of what is being written. */
  patchInt32(position: number, value: number): void {
    writeInt32(this.bytes, this.#start + position, value);
  }

  copy(source: Buffer, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    const { bytes } = this;
    let to = this.at;
    this.at += count;
    if (count > SHORT) {
      source.copy(bytes, to, start, end);
      return;
    }
    let from = start;
    if (source === this.#source) {
      // Four bytes at a time take a quarter of the time.
      const words = this.#view;
      const sourceWords = this.#sourceView;
      for (; end - from >= 4; from += 4, to += 4) words.setInt32(to, sourceWords.getInt32(from));
    }
    for (; from < end; from++) bytes[to++] = source[from]!;
  }

  /** Forgets what was written behind a length. */
  rewind(length: number): void {
    this.at = this.#start + length;
  }

  /** Ends a message of which everything but its length is written, and lends it as a frame. */
  finish(frame: Frame, type: number): Frame {
    this.patchInt32(1, this.length - 1);
    frame.bytes = this.bytes;
    frame.start = this.#start;
    frame.end = this.at;
    frame.type = type;
    frame.totalBytes = this.length;
    return frame;
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes;
    this.#view = viewOf(bytes);
  }

  #grow(count: number): void {
    const written = this.length;
    this.#chunkBytes = Math.min(this.#chunkBytes * 2, LARGEST_CHUNK_BYTES);
    const next = Buffer.allocUnsafeSlow(Math.max(this.#chunkBytes, (written + count) * 2));
    this.bytes.copy(next, 0, this.#start, this.at);
    this.#use(next);
    this.#start = 0;
    this.at = written;
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

function writeInt32(target: Buffer, to: number, value: number): void {
  target[to] = value >>> 24;
  target[to + 1] = value >>> 16;
  target[to + 2] = value >>> 8;
  target[to + 3] = value;
}

const EMPTY = Buffer.alloc(0);
const FIRST_CHUNK_BYTES = 2 * 1024;
const LARGEST_CHUNK_BYTES = 64 * 1024;
/** More bytes are copied faster by the platform, which makes a view of them. */
const SHORT = 256;
