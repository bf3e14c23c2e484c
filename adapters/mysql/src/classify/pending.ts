/**
 * A command that waits for its decision, with what is to be done then.
 */
import type { Outbox, PendingRequest, RunningRequest } from '@gatehouse/adapter';
import type { GatewayError, RecordedParameter, Statement } from '@gatehouse/model';

export interface PendingOptions {
  readonly statements: readonly Statement[];
  readonly via: string;
  readonly phase: PendingRequest['phase'];
  readonly text?: () => string | undefined;
  readonly parameters?: () => readonly RecordedParameter[] | undefined;
  /** Carries the command out. */
  readonly permit: (running: RunningRequest, out: Outbox) => void;
  /** Said to the client instead of the denial's own words: the server's usual error for this. */
  readonly ownError?: GatewayError;
  /** Told that the command was refused, before the answer is queued. */
  readonly refused?: (out: Outbox) => void;
}

export class MysqlPending implements PendingRequest {
  readonly statements: readonly Statement[];
  readonly via: string;
  readonly phase: PendingRequest['phase'];
  readonly ownError: GatewayError | null;
  readonly #options: PendingOptions;

  constructor(options: PendingOptions) {
    this.#options = options;
    this.statements = options.statements;
    this.via = options.via;
    this.phase = options.phase;
    this.ownError = options.ownError ?? null;
  }

  text(): string | undefined {
    return this.#options.text?.();
  }

  parameters(): readonly RecordedParameter[] | undefined {
    return this.#options.parameters?.();
  }

  permit(running: RunningRequest, out: Outbox): void {
    this.#options.permit(running, out);
  }

  refused(out: Outbox): void {
    this.#options.refused?.(out);
  }
}
