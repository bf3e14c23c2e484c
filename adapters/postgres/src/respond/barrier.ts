import { HANDLED, PASS, type Verdict } from '@gatehouse/adapter';
import type { Frame } from '@gatehouse/wire';
import { FRONTEND } from '../messages/message-type.ts';
import type { ExpectedReply } from './expected-reply.ts';
import { openPromise } from './reply-line.ts';

/**
 * A message whose end has to be seen before anything behind it is looked at: it changes what names mean, takes
 * COPY data, or may have to be taken back.
 *
 * ```text
 * CopyData, CopyDone, CopyFail  pass                    Flush  not needed: the gateway has sent one
 * Sync                          held until the end      anything else  waits
 * ```
 * While the server reads COPY data it ignores Sync and Flush, so they are not sent then; another message would
 * end the COPY and get no reply, so it ends the session.
 *
 * `strict`: a limited write. Nothing behind it goes on before its rows are counted, however long that takes: a Sync
 * or the next statement would make it stay.
 */
export class Barrier {
  expected: ExpectedReply;
  holdsSync = false;
  #copy: 'none' | 'asked' | 'open' | 'done';
  /** Ends of COPY data that were sent before the server had asked for any. */
  #earlyEnds = 0;
  readonly #ended = openPromise();
  #started = openPromise();

  readonly #isStrict: boolean;
  /** The message itself waits for a transaction of the gateway's own. */
  #isUnsent: boolean;
  readonly #sent = openPromise();

  constructor(expected: ExpectedReply, strictness: 'strict' | 'yields' = 'yields') {
    this.expected = expected;
    this.#isStrict = strictness === 'strict';
    this.#isUnsent = expected.guard?.kind === 'query';
    this.#copy = expected.takesCopy ? 'asked' : 'none';
  }

  /** What becomes of a message behind it; null when patience is at its end and it goes on anyway. */
  verdict(frame: Frame, patient: boolean): Verdict | null {
    if (this.#isUnsent) return { kind: 'wait', until: this.#sent.promise, unhurried: true };
    switch (frame.type) {
      case FRONTEND.copyData:
        return PASS;
      case FRONTEND.copyDone:
      case FRONTEND.copyFail:
        if (this.#copy === 'open') this.#copy = 'done';
        else if (this.#copy === 'asked') this.#earlyEnds += 1;
        return PASS;
      case FRONTEND.flush:
        return HANDLED;
      case FRONTEND.sync:
        return this.#sync(patient);
      case FRONTEND.terminate:
        return this.holdsSync || this.#isStrict ? this.#wait(patient) : null;
      default:
        if (this.#copy === 'open') return violation('message-during-copy', 'a message between COPY data');
        return this.#wait(patient);
    }
  }

  /** The server asks for COPY data. */
  copyStarted(): void {
    if (this.#earlyEnds === 0) this.#copy = 'open';
    else this.#earlyEnds -= 1;
    this.#started.resolve();
    this.#started = openPromise();
  }

  /** The message has gone to the server. */
  sent(): void {
    this.#isUnsent = false;
    this.#sent.resolve();
  }

  end(): void {
    this.sent();
    this.#started.resolve();
    this.#ended.resolve();
  }

  #sync(patient: boolean): Verdict | null {
    if (this.#copy === 'open') return HANDLED;
    if (this.#copy === 'asked') return this.#wait(patient);
    if (this.holdsSync) return this.#wait(patient);
    this.holdsSync = true;
    return HANDLED;
  }

  #wait(patient: boolean): Verdict | null {
    const starts = this.#copy === 'asked';
    if (this.#isStrict)
      return { kind: 'wait', until: starts ? this.#started.promise : this.#ended.promise, unhurried: true };
    if (patient) return { kind: 'wait', until: starts ? this.#started.promise : this.#ended.promise };
    return starts ? violation('copy-not-started', 'the server did not begin the COPY in time') : null;
  }
}

function violation(code: string, detail: string): Verdict {
  return { kind: 'violation', code, detail };
}
