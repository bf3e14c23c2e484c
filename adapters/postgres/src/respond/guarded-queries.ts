import type { Outbox } from '@gatehouse/adapter';
import { WireError } from '@gatehouse/wire';
import type { FrontendClassifier } from '../classify/frontend-classifier.ts';
import { FLUSH } from '../messages/portal-messages.ts';
import type { TransactionStatus } from '../messages/server-messages.ts';
import type { SessionState } from '../session-state.ts';
import { Barrier } from './barrier.ts';
import { dropChanges, type ExpectedReply } from './expected-reply.ts';
import { FAILING_QUERY } from './refuse-message.ts';
import type { ReplyEnd } from './reply-end.ts';
import type { ReplyLine } from './reply-line.ts';
import type { TransactionWatch } from './transaction-watch.ts';
import { BEGIN, type WriteGuard } from './write-guard.ts';

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
      const begin = guard.hidden();
      guard.stage = 'begin';
      this.#line.expect(begin);
      if (barrier !== null) barrier.expected = begin;
      out.upstream(BEGIN);
    } else {
      this.#line.expect(own);
      const query = guard.run('in-transaction');
      out.upstream(own.cut === null ? query : FAILING_QUERY);
      barrier?.sent();
    }
  }

  /** The next step of a write in a transaction of the gateway's own; false when there is none left. */
  goesOn(guard: WriteGuard, expected: ExpectedReply, status: TransactionStatus, out: Outbox): boolean {
    const { own } = guard;
    if (guard.stage === 'end' || guard.stage === 'in-transaction') return false;
    if (guard.stage === 'begin' && expected.failed) return false;
    if (status === 'I') throw new WireError('malformed', 'a transaction that has ended by itself');
    const runs = guard.stage === 'begin' && own.cut === null;
    const next = runs ? own : guard.hidden();
    this.#line.expect(next);
    if (runs) out.upstream(guard.run('run'));
    else {
      const keeps = status === 'T' && own.cut === null;
      if (own.cut !== null) this.#end.tellCut(own, undefined, out);
      if (!keeps) this.#transaction.failed();
      dropChanges(own);
      out.upstream(guard.end(keeps));
    }
    const { barrier } = this.#end;
    if (barrier?.expected === expected) barrier.expected = next;
    barrier?.sent();
    this.#line.settle(out);
    return true;
  }
}
