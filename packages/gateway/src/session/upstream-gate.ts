import type { Durability, GatewayError } from '@gatehouse/model';
import type { Frame } from '@gatehouse/wire';
import { Outgoing } from '../io/outgoing.ts';
import type { Peer } from '../io/peer.ts';
import type { JournalPort } from './journal-port.ts';

/**
 * The only way from a session to its upstream.
 *
 * INVARIANT (I1): bytes that follow an intent leave after the journal says that the intent is in the
 * file (or on the disk). While the gate waits, everything behind waits too, so order is kept.
 */
export class UpstreamGate {
  readonly #upstream: Peer;
  readonly #journal: JournalPort;
  readonly #failed: (error: GatewayError) => void;
  readonly #outgoing = new Outgoing();
  #needed: Durability | null = null;
  #waiting = false;
  #onSlow: () => void;
  #onOpen: (() => void) | null = null;

  constructor(
    upstream: Peer,
    journal: JournalPort,
    failed: (error: GatewayError) => void,
    onSlow: () => void,
  ) {
    this.#upstream = upstream;
    this.#journal = journal;
    this.#failed = failed;
    this.#onSlow = onSlow;
  }

  /** True while bytes wait for the disk. */
  get isWaiting(): boolean {
    return this.#waiting;
  }

  push(bytes: Buffer): void {
    this.#outgoing.push(bytes);
  }

  forward(frame: Frame): void {
    this.#outgoing.forward(frame);
  }

  /** What is pushed from now on follows an intent that was just appended. */
  require(durability: Durability): void {
    if (this.#needed !== 'synced') this.#needed = durability;
  }

  /** Calls back once when the gate is not waiting any more. */
  whenOpen(callback: () => void): void {
    this.#onOpen = callback;
  }

  /** Sends what waits as soon as it may leave. */
  flush(): void {
    if (this.#waiting) return;
    if (this.#needed !== null) {
      this.#wait(this.#needed);
      return;
    }
    if (this.#outgoing.length === 0) return;
    if (!this.#upstream.write(this.#outgoing.take())) this.#onSlow();
  }

  #wait(durability: Durability): void {
    this.#needed = null;
    this.#waiting = true;
    if (durability === 'synced') this.#journal.afterSynced(this.#recorded);
    else this.#journal.afterWritten(this.#recorded);
  }

  readonly #recorded = (error: GatewayError | null): void => {
    this.#waiting = false;
    if (error !== null) {
      this.#outgoing.clear();
      this.#failed(error);
      return;
    }
    // Intents that were appended while waiting need their own confirmation first.
    this.flush();
    if (!this.#waiting) {
      const open = this.#onOpen;
      this.#onOpen = null;
      open?.();
    }
  };
}
