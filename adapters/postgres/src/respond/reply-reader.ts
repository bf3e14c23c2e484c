import type { CatalogHolder, Outbox } from '@gatehouse/adapter';
import type { GatewayError } from '@gatehouse/model';
import type { PostgresCatalog } from '@gatehouse/sql';
import { type Frame, WireError } from '@gatehouse/wire';
import type { FrontendClassifier } from '../classify/frontend-classifier.ts';
import type { RunStatement } from '../classify/prepared.ts';
import type { SessionContext } from '../classify/session-context.ts';
import { assertPinned } from '../handshake/pinned-status.ts';
import { decodeErrorFields } from '../messages/error-response.ts';
import { BACKEND } from '../messages/message-type.ts';
import { FLUSH } from '../messages/portal-messages.ts';
import { decodeRowDescription } from '../messages/row-description.ts';
import { decodeParameterStatus, decodeReadyForQuery } from '../messages/server-messages.ts';
import type { SessionState } from '../session-state.ts';
import { countWritten, judgeMeasured } from './affected-rows.ts';
import { mayAnswer } from './allowed-replies.ts';
import { Barrier } from './barrier.ts';
import { Diagnostics } from './diagnostics.ts';
import type { ExecuteGuard } from './execute-guard.ts';
import { confirmChanges, dropChanges, type ExpectedReply, expectReply } from './expected-reply.ts';
import { GuardedQueries } from './guarded-queries.ts';
import { FAILING_QUERY, failSegment } from './refuse-message.ts';
import { ReplyEnd } from './reply-end.ts';
import type { ReplyLine } from './reply-line.ts';
import { RowGate } from './row-gate.ts';
import { TransactionWatch } from './transaction-watch.ts';
import type { WriteGuard } from './write-guard.ts';

export interface ReplyReaderParts {
  readonly state: SessionState;
  readonly holder: CatalogHolder<PostgresCatalog>;
  readonly line: ReplyLine;
  readonly context: SessionContext;
  readonly classifier: FrontendClassifier;
  readonly maskingKey: Buffer;
}

/**
 * One logged-in Postgres session, towards the client: every reply is given to the message that it answers.
 *
 * **Cutting** (row limit, time limit, rows whose origin is unknown). Rows are withheld and a cancel is sent.
 * When the server's error arrives, ours takes its place. When the statement ended before the cancel came, our
 * error is told all the same; where the statement may have changed something, a failing message then makes the
 * server take it back, except for a single simple Query outside a transaction, whose error says that it stands.
 *
 * **Counting** (limit on affected rows). The count comes with the end of the statement. At that moment the write can
 * still be taken back, because nothing behind it has gone on: in a transaction and in the extended protocol a failing
 * message does it, a simple Query outside a transaction runs in one of the gateway's own (`WriteGuard`).
 *
 * INVARIANT: a reply that its message cannot have ends the session; nothing is ever guessed about order.
 */
export class ReplyReader {
  readonly #parts: ReplyReaderParts;
  readonly #rows: RowGate;
  readonly #diagnostics: Diagnostics;
  readonly #transaction: TransactionWatch;
  readonly #end: ReplyEnd;
  readonly #guarded: GuardedQueries;
  /** What became of the first piece of a message that comes in pieces. */
  #passesPieces = false;

  constructor(parts: ReplyReaderParts) {
    this.#parts = parts;
    this.#rows = new RowGate(parts, (expected, error, out) => this.cut(expected, error, out));
    this.#diagnostics = new Diagnostics(parts.line);
    this.#transaction = new TransactionWatch(parts.state, parts.context, parts.classifier);
    this.#end = new ReplyEnd(parts, this.#diagnostics);
    this.#guarded = new GuardedQueries(parts, this.#end, this.#transaction);
  }

  get barrier(): Barrier | null {
    return this.#end.barrier;
  }

  set barrier(barrier: Barrier | null) {
    this.#end.barrier = barrier;
  }

  read(frame: Frame, out: Outbox): void {
    if (!frame.first) {
      if (this.#passesPieces) out.forwardToClient(frame);
      return;
    }
    switch (frame.type) {
      case BACKEND.dataRow:
        this.#passesPieces = this.#row(frame, out);
        return;
      case BACKEND.copyData:
        this.#passesPieces = this.#rows.copyData(frame, this.#parts.line.head, out);
        return;
      case BACKEND.noticeResponse:
        this.#diagnostics.notice(frame, out);
        return;
      case BACKEND.notificationResponse:
        out.forwardToClient(frame);
        return;
      case BACKEND.parameterStatus:
        this.#parameterStatus(frame, out);
        return;
      default:
        this.#answer(frame, out);
        this.#guarded.start(out);
    }
  }

  /** Withholds what is left of a message's rows, tells the client where its end would be, and asks to stop it. */
  cut(expected: ExpectedReply, error: GatewayError, out: Outbox): void {
    const { guard } = expected;
    const own = guard?.own ?? expected;
    if (own.cut !== null) return;
    const stage = guard?.kind === 'query' ? guard.stage : 'run';
    if (stage === 'wait') {
      own.cut = error;
      return;
    }
    // What has run in time is being committed: should that be stopped, the server's own error tells it.
    if (stage !== 'end') own.cut = error;
    out.cancelUpstream();
  }

  /** A simple Query whose write is limited: it goes to the server when everything before it has been answered. */
  guard(guard: WriteGuard, out: Outbox): void {
    this.#guarded.add(guard, out);
  }

  /** An Execute whose rows are measured; `forward` sends the client's message. */
  measure(guard: ExecuteGuard, forward: () => void, out: Outbox): void {
    const { line } = this.#parts;
    guard.before(line, out);
    line.expect(guard.own);
    forward();
    this.barrier = new Barrier(guard.after(line, out), 'strict');
    out.upstream(FLUSH);
  }

  /** What was permitted and is not answered yet. */
  pending(): readonly ExpectedReply[] {
    const { waiting } = this.#guarded;
    return [...this.#parts.line.pending(), ...(waiting === null ? [] : [waiting])];
  }

  /** What stands behind the barrier goes on without having seen the end of what is before it. */
  overtake(out: Outbox): void {
    this.#end.endBarrier(out);
  }

  #row(frame: Frame, out: Outbox): boolean {
    const { head } = this.#parts.line;
    if (head?.hidden !== true || head.guard?.measure == null) return this.#rows.row(frame, head, out);
    head.guard.measure.read(frame);
    return false;
  }

  #parameterStatus(frame: Frame, out: Outbox): void {
    const { name, value } = decodeParameterStatus(frame);
    assertPinned(name, value);
    this.#parts.context.reported(name, value);
    out.forwardToClient(frame);
  }

  #answer(frame: Frame, out: Outbox): void {
    const expected = this.#parts.line.head;
    if (expected === null) {
      // Only an error that ends the connection comes without being asked for.
      if (frame.type !== BACKEND.errorResponse) throw new WireError('malformed', 'reply to no request');
      this.#diagnostics.error(frame, decodeErrorFields(frame), out);
      return;
    }
    if (!mayAnswer(frame.type, expected.kind)) throw new WireError('malformed', 'reply to another request');
    switch (frame.type) {
      case BACKEND.rowDescription:
        this.#rowDescription(frame, expected, out);
        return;
      case BACKEND.commandComplete:
      case BACKEND.emptyQueryResponse:
      case BACKEND.portalSuspended:
        this.#statementEnd(frame, expected, out);
        return;
      case BACKEND.errorResponse:
        this.#error(frame, expected, out);
        return;
      case BACKEND.readyForQuery:
        this.#ready(frame, expected, out);
        return;
      case BACKEND.copyInResponse:
        this.#copyIn(frame, expected, out);
        return;
      case BACKEND.copyOutResponse:
        this.#rows.copyOut(frame, expected, out);
        if (expected.cut === null) out.forwardToClient(frame);
        return;
      case BACKEND.parameterDescription:
      case BACKEND.copyDone:
        if (!expected.hidden && expected.cut === null) out.forwardToClient(frame);
        return;
      default:
        this.#messageEnd(frame, expected, out);
    }
  }

  #rowDescription(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    if (expected.kind === 'query') {
      if (expected.hidden) return;
      this.#rows.plan(expected, out, () => decodeRowDescription(frame));
      if (expected.cut === null) out.forwardToClient(frame);
      return;
    }
    if (expected.portal !== null) expected.portal.columns = decodeRowDescription(frame);
    this.#messageEnd(frame, expected, out);
  }

  #copyIn(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    if (!expected.takesCopy || this.barrier?.expected !== expected)
      throw new WireError('malformed', 'COPY that was not asked for');
    this.barrier.copyStarted();
    out.forwardToClient(frame);
  }

  /** The message has had its only (or last) reply. */
  #messageEnd(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    confirmChanges(expected, 0);
    if (expected.onSuccess !== null) this.#acceptedAfterAll(expected.onSuccess, out);
    else if (!expected.hidden && !expected.cutTold) out.forwardToClient(frame);
    if (!expected.hidden) this.#end.finish(expected, 'ok', undefined, out);
    this.#end.settle(expected, out);
  }

  /** The server reads a text that could not be read here: refused, and the server is made to agree. */
  #acceptedAfterAll(refusal: Buffer, out: Outbox): void {
    const { classifier, line } = this.#parts;
    out.client(refusal);
    if (line.length > 1) return;
    classifier.skipping = true;
    failSegment(line, out);
  }

  #statementEnd(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    const { guard } = expected;
    if (expected.hidden) {
      if (guard?.kind === 'execute') this.#measured(expected, guard, out);
      return;
    }
    const isComplete = frame.type !== BACKEND.portalSuspended;
    const statement = expected.run[expected.at];
    countWritten(frame, expected, statement);
    if (isComplete) this.#succeeded(expected, statement);
    if (expected.cut !== null) this.#end.tellCut(expected, statement, out);
    else if (guard !== null && holdsBack(guard, expected))
      guard.held = Buffer.from(frame.bytes.subarray(frame.start, frame.end));
    else out.forwardToClient(frame);
    if (expected.kind !== 'execute') return;
    if (guard?.kind === 'execute') guard.measure.turn();
    if (guard?.held == null) this.#end.finish(expected, 'ok', undefined, out);
    this.#end.settle(expected, out);
  }

  /** One of the two looks at the server's counters has been read; behind the second the statement ends. */
  #measured(look: ExpectedReply, { own, measure, held }: ExecuteGuard, out: Outbox): void {
    if (held !== null) {
      judgeMeasured(own, measure);
      if (own.cut === null) out.client(held);
      else this.#end.tellCut(own, undefined, out);
      this.#end.finish(own, 'ok', undefined, out);
    }
    this.#end.settle(look, out);
  }

  /** Effects of the statement that has just ended; the next one of the message begins. */
  #succeeded(expected: ExpectedReply, statement: RunStatement | undefined): void {
    confirmChanges(expected, expected.at);
    expected.at += 1;
    expected.plan = null;
    expected.copy = null;
    if (statement !== undefined) this.#transaction.succeeded(statement);
  }

  #error(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    this.#transaction.failed();
    const fields = decodeErrorFields(frame);
    expected.failed = true;
    dropChanges(expected);
    const own = expected.guard?.own ?? expected;
    if (own.cut !== null) this.#end.tellCut(own, undefined, out);
    else if (expected.errorInstead !== null) out.client(expected.errorInstead);
    else if (!expected.hidden || expected.guard !== null) this.#diagnostics.error(frame, fields, out);
    this.#end.finish(expected, 'error', fields.get('C'), out);
    if (expected.kind === 'query' || expected.kind === 'sync') return;
    this.#end.settle(expected, out, () => this.#skipToSync(out));
  }

  /** After an error the server drops everything up to Sync: what was sent meanwhile never ran, what comes is not sent. */
  #skipToSync(out: Outbox): void {
    const { line, classifier } = this.#parts;
    let isBarrierSkipped = false;
    for (let head = line.head; head !== null && head.kind !== 'sync'; head = line.head) {
      dropChanges(head);
      this.#end.finish(head, 'cancelled', 'skipped', out);
      line.settle(out);
      isBarrierSkipped ||= this.barrier?.expected === head;
    }
    if (line.head === null) classifier.skipping = true;
    if (isBarrierSkipped) this.#end.endBarrier(out);
  }

  #ready(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    const { line } = this.#parts;
    const status = decodeReadyForQuery(frame);
    const { guard } = expected;
    if (guard?.kind === 'query' && this.#guarded.goesOn(guard, expected, status, out)) return;
    // Told an error for a write that had succeeded: inside a transaction the server is made to agree first.
    if (this.barrier?.expected === expected && expected.cutTold && !expected.failed && status === 'T') {
      this.#end.finish(expected, 'ok', undefined, out);
      const hidden = expectReply('query', { hidden: true });
      line.expect(hidden);
      this.barrier.expected = hidden;
      out.upstream(FAILING_QUERY);
      line.settle(out);
      return;
    }
    this.#transaction.ready(status, out);
    dropChanges(expected);
    this.#end.finish(expected, 'ok', undefined, out);
    if (guard?.held != null && !expected.failed) out.client(guard.held);
    out.forwardToClient(frame);
    this.#end.settle(expected, out);
    if (status === 'I') this.#diagnostics.transactionEnded();
  }
}

/** Whether this end of a statement is told later. */
function holdsBack(guard: WriteGuard | ExecuteGuard, { at, run }: ExpectedReply): boolean {
  return guard.kind === 'execute' || (guard.holdsBack && at >= run.length);
}
