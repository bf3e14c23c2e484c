import type { Outbox, RunningRequest } from '@gatehouse/adapter';
import type { Frame } from '@gatehouse/wire';
import type { RunStatement } from '../classify/prepared.ts';
import {
  decodeErrorFields,
  type ErrorFields,
  encodeErrorResponse,
  encodeNoticeResponse,
} from '../messages/error-response.ts';
import { redactedFields } from './error-fields.ts';
import type { ReplyLine } from './reply-line.ts';

/**
 * Errors and notices on their way to the client, without values where what runs must not show any.
 *
 * What was deferred in a transaction speaks when it ends; its errors may carry what was run before.
 */
export class Diagnostics {
  readonly #line: ReplyLine;
  /** Something in the open transaction was run whose errors may carry values, deferred ones included. */
  #redactsTransaction = false;

  constructor(line: ReplyLine) {
    this.#line = line;
  }

  /** A request has run. */
  ran(running: RunningRequest | null): void {
    if (running?.obligations.redactDiagnostics === true) this.#redactsTransaction = true;
  }

  transactionEnded(): void {
    this.#redactsTransaction = false;
  }

  notice(frame: Frame, out: Outbox): void {
    if (this.#redacts()) out.client(encodeNoticeResponse(redactedFields(decodeErrorFields(frame))));
    else out.forwardToClient(frame);
  }

  error(frame: Frame, fields: ErrorFields, out: Outbox): void {
    if (this.#redacts()) out.client(encodeErrorResponse(redactedFields(fields)));
    else out.forwardToClient(frame);
  }

  #redacts(): boolean {
    const { head } = this.#line;
    if (head?.running?.obligations.redactDiagnostics === true) return true;
    return this.#redactsTransaction && (head === null || head.kind === 'sync' || head.run.some(runsDeferred));
  }
}

function runsDeferred({ analyzed, effects }: RunStatement): boolean {
  return analyzed.facts.verb === 'set constraints' || effects.some(({ kind }) => kind === 'transaction');
}
