import type { Outbox } from '@gatehouse/adapter';
import { WireError } from '@gatehouse/wire';
import type { FrontendClassifier } from '../classify/frontend-classifier.ts';
import { FLUSH } from '../messages/portal-messages.ts';
import type { TransactionStatus } from '../messages/server-messages.ts';
import type { SessionState } from '../session-state.ts';
import { judgeMeasured } from './affected-rows.ts';
import { Barrier } from './barrier.ts';
import { dropChanges, type ExpectedReply } from './expected-reply.ts';
import { FAILING_QUERY } from './refuse-message.ts';
import type { ReplyEnd } from './reply-end.ts';
import type { ReplyLine } from './reply-line.ts';
import type { TransactionWatch } from './transaction-watch.ts';
import type { WriteGuard } from './write-guard.ts';

/** Takes simple Queries with limited writes through the steps of their `WriteGuard`. */
export class GuardedQueries {
  readonly #state: SessionState;
  readonly #line: ReplyLine;
  readonly #classifier: FrontendClassifier;
  readonly #end: ReplyEnd;
  readonly #transaction: TransactionWatch;
  /** Waits for the replies before it. */
  #waiting: WriteGuard | null = null;

  constructor(
    parts: {
      readonly state: SessionState;
      readonly line: ReplyLine;
      readonly classifier: FrontendClassifier;
    },
    end: ReplyEnd,
    transaction: TransactionWatch,
  ) {
    this.#state = parts.state;
    this.#line = parts.line;
    this.#classifier = parts.classifier;
    this.#end = end;
    this.#transaction = transaction;
  }

  get waiting(): ExpectedReply | null {
    return this.#waiting?.own ?? null;
  }

  /** It goes to the server when everything before it has been answered. */
  add(guard: WriteGuard, out: Outbox): void {
    this.#end.barrier = new Barrier(guard.own, 'strict');
    this.#waiting = guard;
    if (this.#line.length > 0) out.upstream(FLUSH);
    this.start(out);
  }

  start(out: Outbox): void {
    const guard = this.#waiting;
    if (guard === null || this.#line.length > 0) return;
    this.#waiting = null;
    const { own } = guard;
    const { barrier } = this.#end;
    if (this.#classifier.skipping) {
      // An error before it makes the server drop it.
      dropChanges(own);
      this.#end.finish(own, 'cancelled', 'skipped', out);
      this.#end.endBarrier(out);
    } else if (this.#state.transaction === 'I') {
      this.#sayFirst(guard, guard.begin(), out);
    } else {
      guard.isAlone = false;
      if (guard.measure !== null && own.cut === null) {
        this.#sayFirst(guard, guard.look('before'), out);
        return;
      }
      this.#line.expect(own);
      const query = guard.run();
      out.upstream(own.cut === null ? query : FAILING_QUERY);
      barrier?.sent();
    }
  }

  /** The next step, when one has been answered; false when there is none left and the client gets the ReadyForQuery. */
  goesOn(guard: WriteGuard, expected: ExpectedReply, status: TransactionStatus, out: Outbox): boolean {
    const { own, stage, isAlone } = guard;
    if (stage === 'end' || (stage === 'begin' && expected.failed)) return false;
    if (!isAlone && (expected.failed || !guard.holdsBack)) return false;
    if (status === 'I') throw new WireError('malformed', 'a transaction that has ended by itself');
    if (stage === 'after' && !expected.failed) judgeMeasured(own, guard.measure);
    const goesWell = status === 'T' && own.cut === null;
    if (stage === 'after' && goesWell && !isAlone) return false;
    const next = this.#next(guard, goesWell, out);
    const { barrier } = this.#end;
    if (barrier?.expected === expected) barrier.expected = next;
    if (guard.stage === 'run' || guard.stage === 'end') barrier?.sent();
    this.#line.settle(out);
    return true;
  }

  #next(guard: WriteGuard, goesWell: boolean, out: Outbox): ExpectedReply {
    const { own, stage, measure } = guard;
    if (goesWell && stage === 'begin' && measure !== null) return this.#say(guard, guard.look('before'), out);
    if (goesWell && (stage === 'begin' || stage === 'before')) {
      this.#line.expect(own);
      out.upstream(guard.run());
      return own;
    }
    if (goesWell && stage === 'run' && measure !== null) return this.#say(guard, guard.look('after'), out);
    this.#end.tellCut(own, undefined, out);
    if (!goesWell) this.#transaction.failed();
    dropChanges(own);
    return this.#say(guard, guard.end(goesWell), out);
  }

  #sayFirst(guard: WriteGuard, message: Buffer, out: Outbox): void {
    const hidden = this.#say(guard, message, out);
    const { barrier } = this.#end;
    if (barrier !== null) barrier.expected = hidden;
  }

  #say(guard: WriteGuard, message: Buffer, out: Outbox): ExpectedReply {
    const hidden = guard.hidden();
    this.#line.expect(hidden);
    out.upstream(message);
    return hidden;
  }
}
