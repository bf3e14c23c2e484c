import type { Outbox } from './relay.ts';

/**
 * Keeps the replies of one session in the order of its requests.
 *
 * A client may send several messages before it reads an answer. Each message that the upstream will
 * answer is one expectation; an answer that the gateway gives itself stands between them as bytes
 * and leaves when everything before it has been answered. The same queue serves every dialect.
 */
export class ReplyQueue<Expectation extends object> {
  readonly #entries: (Expectation | LocalReply)[] = [];
  #first = 0;

  /** The expectation that the next upstream reply belongs to; null when nothing is expected. */
  get head(): Expectation | null {
    const entry = this.#entries[this.#first];
    return entry === undefined || entry instanceof LocalReply ? null : entry;
  }

  get length(): number {
    return this.#entries.length - this.#first;
  }

  /** The upstream will answer this. */
  expect(expectation: Expectation): void {
    this.#entries.push(expectation);
  }

  /** The gateway answers this itself: at once when nothing stands before it, in its turn otherwise. `sent` runs when it leaves. */
  answer(bytes: Buffer, out: Outbox, sent?: () => void): void {
    if (this.length === 0) {
      out.client(bytes);
      sent?.();
      return;
    }
    this.#entries.push(new LocalReply(bytes, sent));
  }

  /** The head has been answered completely and its last bytes were written: local answers behind it leave now. */
  settle(out: Outbox): void {
    if (this.head === null) throw new Error('settled a reply that was not expected');
    this.#first += 1;
    this.#release(out);
    this.#compact();
  }

  /** Every expectation that is still open, oldest first. */
  *pending(): Iterable<Expectation> {
    for (let i = this.#first; i < this.#entries.length; i++) {
      const entry = this.#entries[i]!;
      if (!(entry instanceof LocalReply)) yield entry;
    }
  }

  #release(out: Outbox): void {
    for (;;) {
      const entry = this.#entries[this.#first];
      if (!(entry instanceof LocalReply)) return;
      this.#first += 1;
      out.client(entry.bytes);
      entry.sent?.();
    }
  }

  #compact(): void {
    if (this.#first === this.#entries.length) {
      this.#entries.length = 0;
      this.#first = 0;
    } else if (this.#first > 64) {
      this.#entries.splice(0, this.#first);
      this.#first = 0;
    }
  }
}

class LocalReply {
  readonly bytes: Buffer;
  readonly sent: (() => void) | undefined;

  constructor(bytes: Buffer, sent: (() => void) | undefined) {
    this.bytes = bytes;
    this.sent = sent;
  }
}
