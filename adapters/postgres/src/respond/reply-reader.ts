import type { CatalogHolder, Outbox } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import type { PostgresCatalog } from '@gatehouse/sql';
import { type Frame, WireError } from '@gatehouse/wire';
import { changesNoRows, isCountedWrite } from '../classify/counted-write.ts';
import type { FrontendClassifier } from '../classify/frontend-classifier.ts';
import type { RunStatement } from '../classify/prepared.ts';
import type { SessionContext } from '../classify/session-context.ts';
import { assertPinned } from '../handshake/pinned-status.ts';
import { affectedRowsOf } from '../messages/command-complete.ts';
import {
  decodeErrorFields,
  type ErrorFields,
  encodeErrorResponse,
  encodeNoticeResponse,
} from '../messages/error-response.ts';
import { BACKEND } from '../messages/message-type.ts';
import { FLUSH, SYNC } from '../messages/portal-messages.ts';
import { decodeRowDescription } from '../messages/row-description.ts';
import {
  decodeParameterStatus,
  decodeReadyForQuery,
  type TransactionStatus,
} from '../messages/server-messages.ts';
import type { SessionState } from '../session-state.ts';
import { Barrier } from './barrier.ts';
import { errorBytes, redactedFields } from './error-fields.ts';
import {
  confirmChanges,
  dropChanges,
  type ExpectedReply,
  expectReply,
  type ReplyKind,
} from './expected-reply.ts';
import { FAILING_QUERY, failSegment } from './refuse-message.ts';
import type { ReplyLine } from './reply-line.ts';
import { RowGate } from './row-gate.ts';
import { BEGIN, type WriteGuard } from './write-guard.ts';

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
  barrier: Barrier | null = null;
  readonly #parts: ReplyReaderParts;
  readonly #rows: RowGate;
  /** A limited write that waits for the replies before it. */
  #waiting: WriteGuard | null = null;
  /** An error came since the last ReadyForQuery. */
  #sawError = false;
  /** Something in the open transaction was run whose errors may carry values, deferred ones included. */
  #redactsTransaction = false;
  #objectsChanged = false;
  /** What became of the first piece of a message that comes in pieces. */
  #passesPieces = false;

  constructor(parts: ReplyReaderParts) {
    this.#parts = parts;
    this.#rows = new RowGate(parts, (expected, error, out) => this.cut(expected, error, out));
  }

  read(frame: Frame, out: Outbox): void {
    if (!frame.first) {
      if (this.#passesPieces) out.forwardToClient(frame);
      return;
    }
    switch (frame.type) {
      case BACKEND.dataRow:
        this.#passesPieces = this.#rows.row(frame, this.#parts.line.head, out);
        return;
      case BACKEND.copyData:
        this.#passesPieces = this.#rows.copyData(frame, this.#parts.line.head, out);
        return;
      case BACKEND.noticeResponse:
        this.#notice(frame, out);
        return;
      case BACKEND.notificationResponse:
        out.forwardToClient(frame);
        return;
      case BACKEND.parameterStatus:
        this.#parameterStatus(frame, out);
        return;
      default:
        this.#answer(frame, out);
        this.#startWaiting(out);
    }
  }

  /** Withholds what is left of a message's rows, tells the client where its end would be, and asks to stop it. */
  cut(expected: ExpectedReply, error: GatewayError, out: Outbox): void {
    const { guard } = expected;
    const own = guard?.own ?? expected;
    if (own.cut !== null) return;
    if (guard?.stage === 'wait') {
      own.cut = error;
      return;
    }
    // What has run in time is being committed: should that be stopped, the server's own error tells it.
    if (guard?.stage !== 'end') own.cut = error;
    out.cancelUpstream();
  }

  /** A simple Query whose write is limited: it goes to the server when everything before it has been answered. */
  guard(guard: WriteGuard, out: Outbox): void {
    this.barrier = new Barrier(guard.own, 'strict');
    this.#waiting = guard;
    if (this.#parts.line.length > 0) out.upstream(FLUSH);
    this.#startWaiting(out);
  }

  /** What was permitted and is not answered yet. */
  pending(): readonly ExpectedReply[] {
    return [...this.#parts.line.pending(), ...(this.#waiting === null ? [] : [this.#waiting.own])];
  }

  #startWaiting(out: Outbox): void {
    const { line, classifier, state } = this.#parts;
    const guard = this.#waiting;
    if (guard === null || line.length > 0) return;
    this.#waiting = null;
    const { own } = guard;
    if (classifier.skipping) {
      // An error before it makes the server drop it.
      dropChanges(own);
      this.#finish(own, 'cancelled', 'skipped', out);
      this.#endBarrier(out);
    } else if (state.transaction === 'I') {
      const begin = guard.hidden();
      guard.stage = 'begin';
      line.expect(begin);
      if (this.barrier !== null) this.barrier.expected = begin;
      out.upstream(BEGIN);
    } else {
      line.expect(own);
      const query = guard.run('in-transaction');
      out.upstream(own.cut === null ? query : FAILING_QUERY);
      this.barrier?.sent();
    }
  }

  /** What stands behind the barrier goes on without having seen the end of what is before it. */
  overtake(out: Outbox): void {
    this.#endBarrier(out);
  }

  #notice(frame: Frame, out: Outbox): void {
    if (this.#redacts()) out.client(encodeNoticeResponse(redactedFields(decodeErrorFields(frame))));
    else out.forwardToClient(frame);
  }

  /** What was deferred in a transaction speaks when it ends; its errors may carry what was run before. */
  #redacts(): boolean {
    const { head } = this.#parts.line;
    if (head?.running?.obligations.redactDiagnostics === true) return true;
    return this.#redactsTransaction && (head === null || head.kind === 'sync' || head.run.some(runsDeferred));
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
      this.#showError(frame, decodeErrorFields(frame), out);
      return;
    }
    const allowed = ALLOWED[frame.type];
    if (allowed === undefined || !allowed.includes(expected.kind))
      throw new WireError('malformed', 'reply to another request');
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
    this.#finish(expected, 'ok', undefined, out);
    this.#settle(expected, out);
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
    const isComplete = frame.type !== BACKEND.portalSuspended;
    const statement = expected.run[expected.at];
    this.#countWritten(frame, expected, statement);
    if (isComplete) this.#succeeded(expected, statement);
    if (expected.cut !== null) this.#tellCut(expected, statement, out);
    else if (expected.guard?.stage === 'run' && expected.at >= expected.run.length)
      this.#holdBack(frame, expected.guard, out);
    else if (!expected.hidden) out.forwardToClient(frame);
    if (expected.kind !== 'execute') return;
    this.#finish(expected, 'ok', undefined, out);
    this.#settle(expected, out);
  }

  /** Counts what a statement has changed. Over the limit, or not told: it is cut, and taken back. */
  #countWritten(frame: Frame, expected: ExpectedReply, statement: RunStatement | undefined): void {
    const { running } = expected;
    if (running === null) return;
    const count = frame.type === BACKEND.commandComplete ? affectedRowsOf(frame) : null;
    running.affectedRows += count ?? 0;
    const limit = running.obligations.limits.affectedRows;
    if (limit === undefined || statement === undefined || changesNoRows(statement)) return;
    if (count === null || !isCountedWrite(statement)) expected.cut ??= UNCOUNTED;
    else if (running.affectedRows > limit) expected.cut ??= tooMany(limit);
  }

  #holdBack(frame: Frame, guard: WriteGuard, out: Outbox): void {
    if (guard.held !== null) out.client(guard.held);
    guard.held = Buffer.from(frame.bytes.subarray(frame.start, frame.end));
  }

  /** Effects of the statement that has just ended; the next one of the message begins. */
  #succeeded(expected: ExpectedReply, statement: RunStatement | undefined): void {
    confirmChanges(expected, expected.at);
    expected.at += 1;
    expected.plan = null;
    expected.copy = null;
    if (statement === undefined) return;
    this.#parts.context.succeeded(statement);
    if (changesObjects(statement)) this.#objectsChanged = true;
  }

  #error(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    this.#sawError = true;
    const fields = decodeErrorFields(frame);
    expected.failed = true;
    dropChanges(expected);
    const own = expected.guard?.own ?? expected;
    if (own.cut !== null) this.#tellCut(own, undefined, out);
    else if (expected.errorInstead !== null) out.client(expected.errorInstead);
    else if (!expected.hidden || expected.guard !== null) this.#showError(frame, fields, out);
    this.#finish(expected, 'error', fields.get('C'), out);
    if (expected.kind === 'query' || expected.kind === 'sync') return;
    this.#settle(expected, out, () => this.#skipToSync(out));
  }

  #showError(frame: Frame, fields: ErrorFields, out: Outbox): void {
    if (this.#redacts()) out.client(encodeErrorResponse(redactedFields(fields)));
    else out.forwardToClient(frame);
  }

  /** After an error the server drops everything up to Sync: what was sent meanwhile never ran, what comes is not sent. */
  #skipToSync(out: Outbox): void {
    const { line, classifier } = this.#parts;
    let isBarrierSkipped = false;
    for (let head = line.head; head !== null && head.kind !== 'sync'; head = line.head) {
      dropChanges(head);
      this.#finish(head, 'cancelled', 'skipped', out);
      line.settle(out);
      isBarrierSkipped ||= this.barrier?.expected === head;
    }
    if (line.head === null) classifier.skipping = true;
    if (isBarrierSkipped) this.#endBarrier(out);
  }

  #ready(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    const { state, context, classifier, line } = this.#parts;
    const status = decodeReadyForQuery(frame);
    const { guard } = expected;
    if (guard !== null && this.#guardGoesOn(guard, expected, status, out)) return;
    // Told an error for a write that had succeeded: inside a transaction the server is made to agree first.
    if (this.barrier?.expected === expected && expected.cutTold && !expected.failed && status === 'T') {
      this.#finish(expected, 'ok', undefined, out);
      const hidden = expectReply('query', { hidden: true });
      line.expect(hidden);
      this.barrier.expected = hidden;
      out.upstream(FAILING_QUERY);
      line.settle(out);
      return;
    }
    const rolledBack = this.#sawError || state.transaction === 'E';
    context.ready(status, rolledBack);
    state.transaction = status;
    this.#sawError = false;
    if (status === 'I') this.#transactionEnded(rolledBack, out);
    if (status === 'I') classifier.transactionEnded();
    dropChanges(expected);
    this.#finish(expected, 'ok', undefined, out);
    if (guard?.held != null && !expected.failed) out.client(guard.held);
    out.forwardToClient(frame);
    this.#settle(expected, out);
    if (status === 'I') this.#redactsTransaction = false;
  }

  /** The next step of a write in a transaction of the gateway's own; false when there is none left. */
  #guardGoesOn(guard: WriteGuard, expected: ExpectedReply, status: TransactionStatus, out: Outbox): boolean {
    const { line } = this.#parts;
    const { own } = guard;
    if (guard.stage === 'end' || guard.stage === 'in-transaction') return false;
    if (guard.stage === 'begin' && expected.failed) return false;
    if (status === 'I') throw new WireError('malformed', 'a transaction that has ended by itself');
    const runs = guard.stage === 'begin' && own.cut === null;
    const next = runs ? own : guard.hidden();
    line.expect(next);
    if (runs) out.upstream(guard.run('run'));
    else {
      const keeps = status === 'T' && own.cut === null;
      if (own.cut !== null) this.#tellCut(own, undefined, out);
      if (!keeps) this.#sawError = true;
      dropChanges(own);
      out.upstream(guard.end(keeps));
    }
    if (this.barrier?.expected === expected) this.barrier.expected = next;
    this.barrier?.sent();
    line.settle(out);
    return true;
  }

  #transactionEnded(rolledBack: boolean, out: Outbox): void {
    if (this.#objectsChanged && !rolledBack) out.catalogChanged();
    this.#objectsChanged = false;
  }

  /** Our error, once, where the statement ends. `ended`: the statement that the server has finished all the same. */
  #tellCut(expected: ExpectedReply, ended: RunStatement | undefined, out: Outbox): void {
    if (expected.cutTold || expected.cut === null) return;
    expected.cutTold = true;
    const isAlone = expected.kind === 'query' && expected.guard === null;
    const stands = ended !== undefined && isAlone && this.#parts.state.transaction === 'I';
    const hint = stands && !isRead(ended) ? 'what the statement changed stands' : undefined;
    out.client(errorBytes(expected.cut, 'ERROR', { requestId: expected.running?.id, hint }));
    if (expected.kind !== 'execute' || expected.failed) return;
    this.#hideSegment(expected.cut, out);
  }

  /** The client is in error until its Sync: what the server answers up to there is not shown. */
  #hideSegment(error: GatewayError, out: Outbox): void {
    const { line, classifier } = this.#parts;
    for (const behind of line.pending()) {
      if (behind.kind === 'sync') return;
      behind.cut ??= error;
      behind.cutTold = true;
    }
    classifier.skipping = true;
    failSegment(line, out);
  }

  /** Ends the request once; a cut is what it is, whatever the server said. */
  #finish(
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

  /** The message is answered. `then` runs before what stood behind a barrier goes on. */
  #settle(expected: ExpectedReply, out: Outbox, then: () => void = () => undefined): void {
    dropChanges(expected);
    if (expected.running?.obligations.redactDiagnostics === true) this.#redactsTransaction = true;
    this.#parts.line.settle(out);
    then();
    if (this.barrier?.expected === expected) this.#endBarrier(out);
  }

  #endBarrier(out: Outbox): void {
    const { barrier } = this;
    if (barrier === null) return;
    this.barrier = null;
    barrier.end();
    if (!barrier.holdsSync) return;
    this.#parts.classifier.synced();
    out.upstream(SYNC);
  }
}

function tooMany(limit: number): GatewayError {
  return new GatewayError(
    'limit',
    'affected-rows-limit',
    `more than ${limit} rows would change, the limit for you here; nothing was changed`,
  );
}

const UNCOUNTED = new GatewayError(
  'unsupported',
  'affected-rows-uncounted',
  'you may change a limited number of rows at once, and the database did not tell how many; nothing was changed',
);

function runsDeferred({ analyzed, effects }: RunStatement): boolean {
  return analyzed.facts.verb === 'set constraints' || effects.some(({ kind }) => kind === 'transaction');
}

function changesObjects({ effects }: RunStatement): boolean {
  return effects.some((effect) => effect.kind === 'schema-change' && !effect.temporary);
}

function isRead({ analyzed: { facts } }: RunStatement): boolean {
  return (
    facts.accesses.known &&
    facts.accesses.value.every(({ action }) => action === 'read' || action === 'introspect')
  );
}

const DESCRIBED: readonly ReplyKind[] = ['describe-statement', 'describe-portal'];
const RUN: readonly ReplyKind[] = ['query', 'execute'];

/** Which messages a reply can answer. */
const ALLOWED: Readonly<Record<number, readonly ReplyKind[]>> = {
  [BACKEND.parseComplete]: ['parse'],
  [BACKEND.bindComplete]: ['bind'],
  [BACKEND.closeComplete]: ['close'],
  [BACKEND.parameterDescription]: ['describe-statement'],
  [BACKEND.noData]: DESCRIBED,
  [BACKEND.rowDescription]: ['query', ...DESCRIBED],
  [BACKEND.commandComplete]: RUN,
  [BACKEND.emptyQueryResponse]: RUN,
  [BACKEND.portalSuspended]: ['execute'],
  [BACKEND.copyInResponse]: RUN,
  [BACKEND.copyOutResponse]: RUN,
  [BACKEND.copyDone]: RUN,
  [BACKEND.readyForQuery]: ['query', 'sync'],
  [BACKEND.errorResponse]: ['query', 'parse', 'bind', 'close', ...DESCRIBED, 'execute', 'sync'],
};
