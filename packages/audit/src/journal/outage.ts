/**
 * A time in which a journal cannot be written: why, since when, and what it cost.
 *
 * Tried again and again until it is over, unless it is for good.
 */
import type { GatewayError } from '@gatehouse/model';
import { journalFailed } from './journal-errors.ts';

export interface OutageOptions {
  readonly dir: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Called now and then while it lasts. */
  readonly tryAgain: () => void;
}

const RETRY_MS = 250;

export class Outage {
  readonly #options: OutageOptions;
  #failure: GatewayError | null = null;
  #since = 0;
  #lostEvents = 0;
  #refusedEvents = 0;
  #retry: NodeJS.Timeout | null = null;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** Why nothing can be written now, null when it can. */
  get failure(): GatewayError | null {
    return this.#failure;
  }

  /** Begins, or goes on with another reason. */
  begin(cause: Error): GatewayError {
    if (this.#failure === null) this.#since = this.#options.clock();
    const failure = journalFailed(cause, this.#options.dir);
    this.#failure = failure;
    this.#retry ??= setInterval(this.#options.tryAgain, RETRY_MS).unref();
    return failure;
  }

  /** Begins, and never ends. */
  beginForGood(cause: Error): void {
    this.#failure = journalFailed(cause, this.#options.dir);
    this.stopTrying();
  }

  /** Events went down with a batch. */
  lose(events: number): void {
    this.#lostEvents += events;
  }

  /** An event was not taken. */
  refuse(): void {
    this.#refusedEvents += 1;
  }

  /** What is recorded about it. */
  detail(failure: GatewayError): Readonly<Record<string, string | number>> {
    return {
      reason: String(failure.context['reason']),
      lostEvents: this.#lostEvents,
      refusedEvents: this.#refusedEvents,
      durationMs: Math.round(this.#options.clock() - this.#since),
    };
  }

  end(): void {
    this.stopTrying();
    this.#failure = null;
    this.#lostEvents = 0;
    this.#refusedEvents = 0;
  }

  stopTrying(): void {
    if (this.#retry !== null) clearInterval(this.#retry);
    this.#retry = null;
  }
}
