/**
 * Keeps answers by key, bounded in bytes; what was not used for long goes first.
 *
 * Sizes are the caller's estimate. Two lookups with the same key give the same object. An entry is moved
 * to the young end only when a quarter of the entries could have passed it, so that a hit costs a lookup.
 */
export class TextCache<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #maxBytes: number;
  #bytes = 0;
  #clock = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#clock - entry.movedAt > this.#entries.size >> 2) {
      this.#entries.delete(key);
      this.#add(key, entry.value, entry.bytes);
    }
    return entry.value;
  }

  set(key: string, value: V, bytes: number): void {
    if (bytes > this.#maxBytes) return;
    const before = this.#entries.get(key);
    if (before !== undefined) {
      this.#bytes -= before.bytes;
      this.#entries.delete(key);
    }
    this.#add(key, value, bytes);
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }

  /** Time passes with every entry that becomes the youngest. */
  #add(key: string, value: V, bytes: number): void {
    this.#clock += 1;
    this.#entries.set(key, { value, bytes, movedAt: this.#clock });
  }
}

interface Entry<V> {
  readonly value: V;
  readonly bytes: number;
  readonly movedAt: number;
}
