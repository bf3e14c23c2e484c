import { type Outbox, ReplyQueue } from '@gatehouse/adapter';
import type { ExpectedReply } from './expected-reply.ts';

/** The replies that the server still owes, in order, and a way to wait until there are none. */
export class ReplyLine {
  readonly #queue = new ReplyQueue<ExpectedReply>();
  #quiet: { readonly promise: Promise<void>; resolve: () => void } | null = null;

  get head(): ExpectedReply | null {
    return this.#queue.head;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** Whether messages are unanswered whose failure would make the server skip what comes next, a Query too. */
  get hasOpenSegment(): boolean {
    let isOpen = false;
    for (const { kind } of this.#queue.pending()) {
      if (kind === 'sync') isOpen = false;
      else if (kind !== 'query') isOpen = true;
    }
    return isOpen;
  }

  expect(expected: ExpectedReply): void {
    this.#queue.expect(expected);
  }

  settle(out: Outbox): void {
    this.#queue.settle(out);
    if (this.#quiet === null || this.#queue.length > 0) return;
    this.#quiet.resolve();
    this.#quiet = null;
  }

  pending(): Iterable<ExpectedReply> {
    return this.#queue.pending();
  }

  /** Resolves when nothing is owed any more. */
  whenQuiet(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve();
    this.#quiet ??= openPromise();
    return this.#quiet.promise;
  }
}

/** A promise and the function that resolves it. */
export function openPromise(): { readonly promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
