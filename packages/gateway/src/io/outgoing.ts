import type { Frame } from '@gatehouse/wire';

/**
 * Collects what leaves in one direction and joins neighbours, so that a thousand forwarded rows are
 * one view of the buffer they came in.
 *
 * Order is the order of the calls. Nothing is copied except when many small parts are joined for one
 * write.
 */
export class Outgoing {
  #parts: Buffer[] = [];
  #bytes = 0;
  #run: Buffer | null = null;
  #runStart = 0;
  #runEnd = 0;

  /** Bytes waiting. */
  get length(): number {
    return this.#bytes;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#closeRun();
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** Adds a frame as received; a frame that stands right behind the last one in the same buffer extends it. */
  forward(frame: Frame): void {
    this.#bytes += frame.end - frame.start;
    if (this.#run === frame.bytes && this.#runEnd === frame.start) {
      this.#runEnd = frame.end;
      return;
    }
    this.#closeRun();
    this.#run = frame.bytes;
    this.#runStart = frame.start;
    this.#runEnd = frame.end;
  }

  /** Hands out everything in order and starts anew. */
  take(): Buffer[] {
    this.#closeRun();
    const parts = this.#parts;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    const joins = parts.length > JOIN_ABOVE_PARTS || (parts.length > 1 && bytes <= JOIN_UP_TO_BYTES);
    return joins ? [Buffer.concat(parts, bytes)] : parts;
  }

  clear(): void {
    this.#parts = [];
    this.#run = null;
    this.#bytes = 0;
  }

  #closeRun(): void {
    if (this.#run === null) return;
    this.#parts.push(this.#run.subarray(this.#runStart, this.#runEnd));
    this.#run = null;
  }
}

// A gathered write of more vectors than this costs more than one copy.
const JOIN_ABOVE_PARTS = 8;
// So few bytes are copied faster than a gathered write is set up.
const JOIN_UP_TO_BYTES = 8 * 1024;
