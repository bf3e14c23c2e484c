import type { Outbox } from '@gatehouse/adapter';
import type { GatewayError } from '@gatehouse/model';
import type { FrontendClassifier } from '../classify/frontend-classifier.ts';
import type { RunStatement } from '../classify/prepared.ts';
import { SYNC } from '../messages/portal-messages.ts';
import type { SessionState } from '../session-state.ts';
import type { Barrier } from './barrier.ts';
import type { Diagnostics } from './diagnostics.ts';
import { errorBytes } from './error-fields.ts';
import { dropChanges, type ExpectedReply } from './expected-reply.ts';
import { failSegment } from './refuse-message.ts';
import type { ReplyLine } from './reply-line.ts';

/** How the answer to a message ends: its request is told once, the client hears of a cut once, what waited goes on. */
export class ReplyEnd {
  barrier: Barrier | null = null;
  readonly #state: SessionState;
  readonly #line: ReplyLine;
  readonly #classifier: FrontendClassifier;
  readonly #diagnostics: Diagnostics;

  constructor(
    parts: {
      readonly state: SessionState;
      readonly line: ReplyLine;
      readonly classifier: FrontendClassifier;
    },
    diagnostics: Diagnostics,
  ) {
    this.#state = parts.state;
    this.#line = parts.line;
    this.#classifier = parts.classifier;
    this.#diagnostics = diagnostics;
  }

  /** Ends the request once; a cut is what it is, whatever the server said. */
  finish(
    expected: ExpectedReply,
    result: 'ok' | 'error' | 'cancelled',
    code: string | undefined,
    out: Outbox,
  ): void {
    const own = expected.guard?.own ?? expected;
    const { running, cut } = own;
    if (running === null || own.finished) return;
    own.finished = true;
    if (cut !== null) out.finish(running, 'cut', cut.code);
    else out.finish(running, result, code);
  }

  /** Our error, once, where the statement ends. `ended`: the statement that the server has finished all the same. */
  tellCut(expected: ExpectedReply, ended: RunStatement | undefined, out: Outbox): void {
    if (expected.cutTold || expected.cut === null) return;
    expected.cutTold = true;
    const isAlone = expected.kind === 'query' && expected.guard === null;
    const stands = ended !== undefined && isAlone && this.#state.transaction === 'I';
    const hint = stands && !isRead(ended) ? 'what the statement changed stands' : undefined;
    out.client(errorBytes(expected.cut, 'ERROR', { requestId: expected.running?.id, hint }));
    if (expected.kind !== 'execute' || expected.failed) return;
    this.#hideSegment(expected.cut, out);
  }

  /** The message is answered. `then` runs before what stood behind a barrier goes on. */
  settle(expected: ExpectedReply, out: Outbox, then: () => void = () => undefined): void {
    dropChanges(expected);
    this.#diagnostics.ran(expected.running);
    this.#line.settle(out);
    then();
    if (this.barrier?.expected === expected) this.endBarrier(out);
  }

  endBarrier(out: Outbox): void {
    const { barrier } = this;
    if (barrier === null) return;
    this.barrier = null;
    barrier.end();
    if (!barrier.holdsSync) return;
    this.#classifier.synced();
    out.upstream(SYNC);
  }

  /** The client is in error until its Sync: what the server answers up to there is not shown. */
  #hideSegment(error: GatewayError, out: Outbox): void {
    for (const behind of this.#line.pending()) {
      if (behind.kind === 'sync') return;
      behind.cut ??= error;
      behind.cutTold = true;
    }
    this.#classifier.skipping = true;
    failSegment(this.#line, out);
  }
}

function isRead({ analyzed: { facts } }: RunStatement): boolean {
  return (
    facts.accesses.known &&
    facts.accesses.value.every(({ action }) => action === 'read' || action === 'introspect')
  );
}
