import type { RunningRequest } from '@gatehouse/adapter';

/** Which requests have ended, so that each ends once. */
export class FinishedRequests {
  readonly #finished = new WeakSet<RunningRequest>();

  /** False when it had ended before. */
  add(running: RunningRequest): boolean {
    if (this.#finished.has(running)) return false;
    this.#finished.add(running);
    return true;
  }
}
