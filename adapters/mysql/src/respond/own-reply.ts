/**
 * The answer to a question of the gateway's own; the client sees nothing of it.
 */
import type { Outbox } from '@gatehouse/adapter';
import type { Frame } from '@gatehouse/wire';
import { type OwnAnswer, OwnAnswerReader } from '../handshake/own-query.ts';
import type { SessionState } from '../session-state.ts';
import type { ExpectedReply } from './expected-reply.ts';

export class OwnReply implements ExpectedReply {
  readonly running = null;
  readonly barrier = true;
  readonly wantsFile = false;
  readonly #reader: OwnAnswerReader;
  readonly #answered: (answer: OwnAnswer, out: Outbox) => void;

  constructor(session: SessionState, answered: (answer: OwnAnswer, out: Outbox) => void) {
    this.#reader = new OwnAnswerReader(session.negotiated);
    this.#answered = answered;
  }

  receive(frame: Frame, out: Outbox): boolean {
    const answer = this.#reader.take(frame);
    if (answer === null) return false;
    this.#answered(answer, out);
    return true;
  }

  expire(): boolean {
    return false;
  }

  fileSent(): void {}

  nextSequence(): 'first' {
    return 'first';
  }
}
