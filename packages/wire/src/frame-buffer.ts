/**
 * Holds received bytes until they make frames, and never copies what it can lend.
 *
 * A chunk that starts at a frame border is lent as it came. Only the unfinished tail of a chunk is
 * joined with the next one. Knows nothing of any protocol.
 *
 * Memory: the buffer owns the chunks given to it; views handed out stay valid as long as somebody
 * holds them, because chunks are never written to.
 */
export class FrameBuffer {
  #chunk: Buffer = EMPTY;
  #at = 0;

  /** The bytes that can be read; offsets are absolute in this buffer until the next `append`. */
  get bytes(): Buffer {
    return this.#chunk;
  }

  /** Where the first unread byte stands in `bytes`. */
  get offset(): number {
    return this.#at;
  }

  /** How many bytes wait. */
  get length(): number {
    return this.#chunk.length - this.#at;
  }

  /** Adds received bytes behind what waits. The chunk must not be written to afterwards. */
  append(chunk: Buffer): void {
    if (this.#at === this.#chunk.length) {
      this.#chunk = chunk;
    } else {
      this.#chunk = Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
    }
    this.#at = 0;
  }

  /** Marks `count` bytes as read. */
  advance(count: number): void {
    if (count < 0 || count > this.length) throw new RangeError(`advance by ${count} of ${this.length} bytes`);
    this.#at += count;
  }

  /** Gives back everything that waits and forgets it; used when the connection changes hands (TLS upgrade). */
  drain(): Buffer {
    const rest = this.#chunk.subarray(this.#at);
    this.#chunk = EMPTY;
    this.#at = 0;
    return rest;
  }
}

const EMPTY = Buffer.alloc(0);
