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
  /** Chunks that arrived while a large frame is waited for; joined once, when it is complete. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #wanted = 0;

  /** The bytes that can be read; offsets are absolute in this buffer until the next `append`. */
  get bytes(): Buffer {
    return this.#chunk;
  }

  /** Where the first unread byte stands in `bytes`. */
  get offset(): number {
    return this.#at;
  }

  /** How many bytes wait in `bytes`. */
  get length(): number {
    return this.#chunk.length - this.#at;
  }

  /** How many bytes are held, those behind `want` included. */
  get heldBytes(): number {
    return this.length + this.#partBytes;
  }

  /** Nothing can be done before so many bytes wait: until then chunks are kept apart and not joined each time. */
  want(count: number): void {
    this.#wanted = count;
  }

  /** Adds received bytes behind what waits. The chunk must not be written to afterwards. */
  append(chunk: Buffer): void {
    if (this.#parts.length === 0 && this.length === 0) {
      this.#chunk = chunk;
      this.#at = 0;
      return;
    }
    this.#parts.push(chunk);
    this.#partBytes += chunk.length;
    if (this.heldBytes >= this.#wanted) this.#join();
  }

  /** Marks `count` bytes as read. */
  advance(count: number): void {
    if (count < 0 || count > this.length) throw new RangeError(`advance by ${count} of ${this.length} bytes`);
    this.#at += count;
    this.#wanted = 0;
  }

  /** Gives back everything that waits and forgets it; used when the connection changes hands (TLS upgrade). */
  drain(): Buffer {
    this.#join();
    const rest = this.#chunk.subarray(this.#at);
    this.#chunk = EMPTY;
    this.#at = 0;
    this.#wanted = 0;
    return rest;
  }

  #join(): void {
    if (this.#parts.length === 0) return;
    this.#chunk = Buffer.concat([this.#chunk.subarray(this.#at), ...this.#parts]);
    this.#at = 0;
    this.#parts = [];
    this.#partBytes = 0;
  }
}

const EMPTY = Buffer.alloc(0);
