import {
  type CancelPlan,
  type CatalogHolder,
  type Denial,
  type Outbox,
  type PendingRequest,
  type Relay,
  ReplyQueue,
  type RunningRequest,
  type SessionServices,
  type Verdict,
} from '@gatehouse/adapter';
import { createMasker, type Masker } from '@gatehouse/masking';
import { GatewayError, type MaskerSpec } from '@gatehouse/model';
import type { AnalyzedStatement, PostgresAnalyzer, PostgresCatalog } from '@gatehouse/sql';
import { type Frame, WireError } from '@gatehouse/wire';
import { FrontendClassifier, type PendingMessage } from '../classify/frontend-classifier.ts';
import { SessionContext } from '../classify/session-context.ts';
import type { MessageCodec } from '../codec/message-codec.ts';
import { assertPinned } from '../handshake/pinned-status.ts';
import { encodeCancelRequest } from '../handshake/upstream-login.ts';
import { affectedRowsOf } from '../messages/command-complete.ts';
import { decodeErrorFields, encodeErrorResponse, encodeNoticeResponse } from '../messages/error-response.ts';
import { BACKEND, FRONTEND } from '../messages/message-type.ts';
import { encodeParse } from '../messages/parse.ts';
import { decodeExecute, encodeDescribePortal, FLUSH, SYNC } from '../messages/portal-messages.ts';
import { encodeQuery } from '../messages/query.ts';
import { decodeRowDescription } from '../messages/row-description.ts';
import { decodeParameterStatus, decodeReadyForQuery } from '../messages/server-messages.ts';
import type { SessionState } from '../session-state.ts';
import { errorBytes, redactedFields } from './error-fields.ts';
import { type ExpectedReply, expectReply } from './expected-reply.ts';
import { createMaskPlan } from './mask-plan.ts';
import { RowMasker } from './mask-row.ts';

/**
 * One logged-in Postgres session.
 *
 * **Refusing.** A message that must fail takes the refused one's place: a text that no server can
 * parse. The server's own error, its skipping until Sync and its transaction state are then real; only the
 * words of the error are ours.
 *
 * **Cutting** (row limit, time limit, rows whose origin is unknown). Rows are withheld and a cancel is sent.
 * When the server's error arrives, ours takes its place. When the statement ended before the cancel came, our
 * error is told and a failing message makes the server agree, before anything else of the client goes on: the
 * client's input waits while such a statement runs in the extended protocol, with a Flush behind it.
 */
export class PostgresRelay implements Relay {
  readonly #services: SessionServices;
  readonly #state: SessionState;
  readonly #holder: CatalogHolder<PostgresCatalog>;
  readonly #clientCodec: MessageCodec;
  readonly #upstreamCodec: MessageCodec;
  readonly #queue = new ReplyQueue<ExpectedReply>();
  readonly #context: SessionContext;
  readonly #classifier: FrontendClassifier;
  readonly #rows = new RowMasker();
  readonly #maskers = new Map<string, Masker>();
  /** An Execute whose end has to be seen before anything else is looked at. */
  #exclusive: { readonly expected: ExpectedReply; resolve: () => void; readonly done: Promise<void> } | null =
    null;
  #sawError = false;

  constructor(
    services: SessionServices,
    state: SessionState,
    analyzer: PostgresAnalyzer,
    holder: CatalogHolder<PostgresCatalog>,
    codecs: { readonly client: MessageCodec; readonly upstream: MessageCodec },
  ) {
    this.#services = services;
    this.#state = state;
    this.#holder = holder;
    this.#clientCodec = codecs.client;
    this.#upstreamCodec = codecs.upstream;
    this.#context = new SessionContext(holder, state);
    this.#classifier = new FrontendClassifier(analyzer, this.#context, holder, this.#queue);
  }

  classify(frame: Frame, out: Outbox): Verdict {
    if (this.#exclusive !== null && frame.first && frame.type !== FRONTEND.terminate)
      return { kind: 'wait', until: this.#exclusive.done };
    if (!frame.first) return { kind: 'pass' };
    return this.#classifier.classify(frame, out);
  }

  permit(pending: PendingRequest, running: RunningRequest, out: Outbox): void {
    const message = pending as PendingMessage;
    const refusal = message.refusal ?? this.#cannotMask(message, running);
    if (refusal !== null) {
      out.finish(running, isSyntaxError(refusal) ? 'error' : 'denied', refusal.code);
      this.#refuse(message, errorBytes(refusal, 'ERROR', { requestId: running.id }), out);
      return;
    }
    switch (message.kind) {
      case 'query':
        this.#classifier.declareNames(message.text() ?? '', message.analyzed);
        this.#forward(
          message,
          expectReply('query', { running, statements: message.analyzed, done: message.done }),
          out,
        );
        return;
      case 'parse':
      case 'bind':
        this.#forward(message, expectReply(message.kind, { running }), out);
        return;
      case 'execute':
        this.#execute(message, running, out);
        return;
      case 'function':
        this.#forward(message, expectReply('function', { running }), out);
    }
  }

  refuse(pending: PendingRequest, denial: Denial, out: Outbox): void {
    const message = pending as PendingMessage;
    // The text could not even be read: that is the better answer.
    const error = message.refusal ?? denial.error;
    this.#refuse(
      message,
      errorBytes(error, 'ERROR', { hint: denial.hint, requestId: denial.requestId }),
      out,
    );
  }

  reply(frame: Frame, out: Outbox): void {
    if (!frame.first) {
      out.forwardToClient(frame);
      return;
    }
    switch (frame.type) {
      case BACKEND.dataRow:
        this.#dataRow(frame, out);
        return;
      case BACKEND.copyData:
        this.#copyData(frame, out);
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
        this.#expectedReply(frame, out);
    }
  }

  expire(running: RunningRequest, error: GatewayError, out: Outbox): void {
    for (const expected of this.#queue.pending())
      if (expected.running === running) this.#cut(expected, error, out);
  }

  cancelPlan(): CancelPlan {
    const { backendKey } = this.#state;
    return backendKey === null
      ? { via: 'close' }
      : { via: 'new-connection', bytes: encodeCancelRequest(backendKey) };
  }

  farewell(error: GatewayError): Buffer {
    return this.#upstreamCodec.isInside ? Buffer.alloc(0) : errorBytes(error, 'FATAL');
  }

  isIdle(): boolean {
    return this.#queue.length === 0 && this.#state.transaction === 'I' && !this.#clientCodec.isInside;
  }

  running(): readonly RunningRequest[] {
    return [...this.#queue.pending()].flatMap(({ running }) => (running === null ? [] : [running]));
  }

  /** Whether rows that arrive now may be passed on in pieces. */
  get passesRows(): boolean {
    const expected = this.#queue.head;
    return expected !== null && expected.cut === null && expected.running?.obligations.masks.length === 0;
  }

  // ---- towards the server ----

  #forward({ frame }: PendingMessage, expected: ExpectedReply, out: Outbox): void {
    this.#queue.expect(expected);
    out.forwardToUpstream(frame);
  }

  /** COPY streams carry rows without a description: nothing could be masked in them. */
  #cannotMask({ analyzed }: PendingMessage, running: RunningRequest): GatewayError | null {
    if (running.obligations.masks.length === 0 || !analyzed.some(({ returns }) => returns === 'copy-out'))
      return null;
    return new GatewayError(
      'denied',
      'masked-origin-unknown',
      'COPY of an object with masked columns cannot be masked yet; use SELECT',
    );
  }

  #execute(message: PendingMessage, running: RunningRequest, out: Outbox): void {
    const { portal, analyzed, done } = message;
    const { masks, limits } = running.obligations;
    const needsEnd = masks.length > 0 || limits.rows !== undefined || limits.seconds !== undefined;
    if (masks.length > 0 && portal !== null && portal.columns === null) {
      this.#queue.expect(expectReply('describe-portal', { hidden: true, portal }));
      out.upstream(encodeDescribePortal(decodeExecute(message.frame)));
    }
    const expected = expectReply('execute', { running, statements: analyzed, portal, done });
    if (portal !== null) this.#classifier.declareNames(portal.text, analyzed);
    this.#forward(message, expected, out);
    if (!needsEnd || analyzed.some(({ returns }) => returns === 'copy-in')) return;
    out.upstream(FLUSH);
    let resolve = (): void => undefined;
    const end = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#exclusive = { expected, resolve, done: end };
  }

  /** Sends what must fail in place of the message; its error becomes ours. */
  #refuse(message: PendingMessage, errorInstead: Buffer, out: Outbox): void {
    const { kind, refusal } = message;
    if (refusal !== null && isSyntaxError(refusal)) {
      this.#letServerSay(message, errorInstead, out);
      return;
    }
    if (kind === 'query' || kind === 'function') {
      this.#queue.expect(expectReply('query', { errorInstead }));
      out.upstream(FAILING_QUERY);
      return;
    }
    this.#queue.expect(expectReply('parse', { errorInstead }));
    out.upstream(FAILING_PARSE);
    this.#classifier.skipping = true;
  }

  /**
   * A text that does not parse gets the server's own words, by a Parse that is never bound. Should the
   * server read it after all, nothing has run, and the client gets our refusal.
   */
  #letServerSay({ kind, frame, text }: PendingMessage, errorInstead: Buffer, out: Outbox): void {
    if (kind === 'parse') {
      this.#queue.expect(expectReply('parse', { onSuccess: errorInstead }));
      out.forwardToUpstream(frame);
      return;
    }
    this.#queue.expect(expectReply('parse', { onSuccess: errorInstead }));
    this.#queue.expect(expectReply('sync'));
    out.upstream(encodeParse(REFUSED_NAME, text() ?? ''));
    out.upstream(SYNC);
  }

  // ---- towards the client ----

  #dataRow(frame: Frame, out: Outbox): void {
    const expected = this.#queue.head;
    const running = expected?.running ?? null;
    if (expected === null || running === null) throw new WireError('malformed', 'row without a request');
    if (expected.cut !== null) return;
    const { limits, masks } = running.obligations;
    if (limits.rows !== undefined && running.rows >= limits.rows) {
      this.#cut(
        expected,
        new GatewayError('limit', 'row-limit', `more than ${limits.rows} rows, the limit for you here`),
        out,
      );
      return;
    }
    running.rows += 1;
    running.bytes += frame.totalBytes;
    if (masks.length === 0) out.forwardToClient(frame);
    else this.#maskedRow(frame, expected, running, out);
  }

  #maskedRow(frame: Frame, expected: ExpectedReply, running: RunningRequest, out: Outbox): void {
    if (expected.plan === null && expected.portal !== null) this.#plan(expected, out);
    if (expected.cut !== null) return;
    if (expected.plan === null) throw new WireError('malformed', 'row before its description');
    out.client(this.#rows.mask(frame, expected.plan, running));
  }

  /** Makes the plan from the columns of the result; without one no row leaves. */
  #plan(expected: ExpectedReply, out: Outbox, columns = expected.portal?.columns ?? null): void {
    const masks = expected.running?.obligations.masks ?? [];
    const statement = expected.statements[expected.at];
    if (masks.length === 0 || expected.running === null) return;
    const plan =
      columns === null || statement === undefined
        ? null
        : createMaskPlan({
            columns,
            masks,
            statement: statement.facts,
            catalog: this.#holder.current(),
            maskerOf: (spec) => this.#maskerOf(spec),
          });
    expected.plan = plan;
    if (plan === null) {
      expected.running.rows = 0;
      this.#cut(expected, ORIGIN_UNKNOWN, out);
    }
  }

  #copyData(frame: Frame, out: Outbox): void {
    const running = this.#queue.head?.running ?? null;
    if (running === null) throw new WireError('malformed', 'copy data without a request');
    running.rows += 1;
    running.bytes += frame.totalBytes;
    if (this.#queue.head?.cut === null) out.forwardToClient(frame);
  }

  #notice(frame: Frame, out: Outbox): void {
    if (this.#redacts()) out.client(encodeNoticeResponse(redactedFields(decodeErrorFields(frame))));
    else out.forwardToClient(frame);
  }

  #redacts(): boolean {
    return this.#queue.head?.running?.obligations.redactDiagnostics === true;
  }

  #parameterStatus(frame: Frame, out: Outbox): void {
    const { name, value } = decodeParameterStatus(frame);
    assertPinned(name, value);
    this.#context.reported(name, value);
    out.forwardToClient(frame);
  }

  #expectedReply(frame: Frame, out: Outbox): void {
    const expected = this.#queue.head;
    if (expected === null) {
      // Only an error that ends the connection comes without being asked for.
      if (frame.type !== BACKEND.errorResponse) throw new WireError('malformed', 'reply to no request');
      out.forwardToClient(frame);
      return;
    }
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
      case BACKEND.copyOutResponse:
        if ((expected.running?.obligations.masks.length ?? 0) > 0) this.#cut(expected, ORIGIN_UNKNOWN, out);
        else out.forwardToClient(frame);
        return;
      case BACKEND.copyBothResponse:
        throw new WireError('malformed', 'replication stream');
      case BACKEND.parseComplete:
      case BACKEND.bindComplete:
      case BACKEND.closeComplete:
      case BACKEND.noData:
        this.#simpleEnd(frame, expected, out);
        return;
      default:
        // ParameterDescription, CopyIn, CopyDone, FunctionCallResponse: their message goes on.
        if (!expected.hidden && expected.cut === null) out.forwardToClient(frame);
    }
  }

  #rowDescription(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    if (expected.kind === 'query') {
      this.#plan(expected, out, decodeRowDescription(frame));
      if (expected.cut === null) out.forwardToClient(frame);
      return;
    }
    if (expected.portal !== null) expected.portal.columns = decodeRowDescription(frame);
    this.#simpleEnd(frame, expected, out);
  }

  /** The message has had its only (or last) reply. */
  #simpleEnd(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    if (expected.onSuccess !== null) out.client(expected.onSuccess);
    else if (!expected.hidden) out.forwardToClient(frame);
    expected.done?.();
    if (expected.running !== null) out.finish(expected.running, 'ok');
    this.#queue.settle(out);
  }

  #statementEnd(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    const isComplete = frame.type !== BACKEND.portalSuspended;
    if (expected.running !== null && frame.type === BACKEND.commandComplete)
      expected.running.affectedRows += affectedRowsOf(frame);
    if (isComplete) this.#succeeded(expected, out);
    if (expected.cut === null) out.forwardToClient(frame);
    else this.#tellCut(expected, out);
    if (expected.kind !== 'execute') return;
    if (isComplete) expected.done?.();
    this.#finish(expected, 'ok', undefined, out);
    this.#queue.settle(out);
    this.#releaseExclusive(expected);
  }

  /** Effects of the statement that has just ended; the next one of the message begins. */
  #succeeded(expected: ExpectedReply, out: Outbox): void {
    const statement = expected.statements[expected.at];
    expected.at += 1;
    expected.plan = null;
    if (statement === undefined) return;
    this.#context.succeeded(statement);
    if (changesObjects(statement)) out.catalogChanged();
  }

  #error(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    this.#sawError = true;
    const fields = decodeErrorFields(frame);
    expected.failed = true;
    if (expected.cut !== null) this.#tellCut(expected, out);
    else if (expected.errorInstead !== null) out.client(expected.errorInstead);
    else if (!expected.hidden) this.#showError(frame, fields, expected, out);
    if (expected.kind === 'query' || expected.kind === 'function') {
      this.#finish(expected, 'error', fields.get('C'), out);
      return;
    }
    if (expected.kind === 'sync') return;
    this.#finish(expected, 'error', fields.get('C'), out);
    this.#queue.settle(out);
    this.#skipToSync(out);
    this.#releaseExclusive(expected);
  }

  #showError(
    frame: Frame,
    fields: ReturnType<typeof decodeErrorFields>,
    expected: ExpectedReply,
    out: Outbox,
  ): void {
    if (expected.running?.obligations.redactDiagnostics === true)
      out.client(encodeErrorResponse(redactedFields(fields)));
    else out.forwardToClient(frame);
  }

  /** After an error the server drops everything up to Sync: what was sent meanwhile never ran. */
  #skipToSync(out: Outbox): void {
    for (let head = this.#queue.head; head !== null && head.kind !== 'sync'; head = this.#queue.head) {
      if (head.running !== null) this.#finish(head, 'cancelled', 'skipped', out);
      this.#queue.settle(out);
      this.#releaseExclusive(head);
    }
  }

  #ready(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    if (expected.kind !== 'sync' && expected.kind !== 'query' && expected.kind !== 'function')
      throw new WireError('malformed', 'ready before the end');
    const status = decodeReadyForQuery(frame);
    // Told an error for a statement that had succeeded: inside a transaction the server is made to agree first.
    if (expected.kind === 'query' && expected.cutTold && !expected.failed && status === 'T') {
      this.#finish(expected, 'ok', undefined, out);
      out.upstream(FAILING_QUERY);
      this.#queue.expect(expectReply('query', { hidden: true }));
      this.#queue.settle(out);
      return;
    }
    const rolledBack = this.#sawError || this.#state.transaction === 'E';
    this.#context.ready(status, rolledBack);
    this.#state.transaction = status;
    this.#sawError = false;
    if (status === 'I') this.#classifier.transactionEnded();
    if (expected.kind !== 'sync' && !expected.failed) expected.done?.();
    if (expected.running !== null) this.#finish(expected, 'ok', undefined, out);
    out.forwardToClient(frame);
    this.#queue.settle(out);
  }

  // ---- cuts ----

  #cut(expected: ExpectedReply, error: GatewayError, out: Outbox): void {
    if (expected.cut !== null) return;
    expected.cut = error;
    out.cancelUpstream();
  }

  /** Our error, once, where the statement ends; the extended protocol is then in error on both sides. */
  #tellCut(expected: ExpectedReply, out: Outbox): void {
    if (expected.cutTold || expected.cut === null) return;
    expected.cutTold = true;
    out.client(errorBytes(expected.cut, 'ERROR', { requestId: expected.running?.id }));
    if (expected.kind !== 'execute') return;
    this.#classifier.skipping = true;
    if (expected.failed) return;
    out.upstream(FAILING_PARSE);
    this.#queue.expect(expectReply('parse', { hidden: true }));
  }

  /** Ends the request once; a cut is what it is, whatever the server said. */
  #finish(
    expected: ExpectedReply,
    result: 'ok' | 'error' | 'cancelled',
    code: string | undefined,
    out: Outbox,
  ): void {
    const { running } = expected;
    if (running === null || this.#isFinished(running)) return;
    this.#finished.add(running);
    if (expected.cut !== null) out.finish(running, 'cut', expected.cut.code);
    else out.finish(running, result, code);
  }

  readonly #finished = new WeakSet<RunningRequest>();

  #isFinished(running: RunningRequest): boolean {
    return this.#finished.has(running);
  }

  #releaseExclusive(expected: ExpectedReply): void {
    if (this.#exclusive?.expected !== expected) return;
    const { resolve } = this.#exclusive;
    this.#exclusive = null;
    resolve();
  }

  #maskerOf(spec: MaskerSpec): Masker {
    const name = JSON.stringify(spec);
    let masker = this.#maskers.get(name);
    if (masker === undefined) {
      masker = createMasker(spec, { key: this.#services.maskingKey });
      this.#maskers.set(name, masker);
    }
    return masker;
  }
}

function changesObjects({ effects }: AnalyzedStatement): boolean {
  return effects.some((effect) => effect.kind === 'schema-change' && !effect.temporary);
}

function isSyntaxError({ code }: GatewayError): boolean {
  return code === 'syntax-error';
}

/** No server parses this, in any version; it shows in the server's log as what it is. */
const NEVER_PARSES = 'gatehouse: this statement was refused';
const FAILING_QUERY = encodeQuery(NEVER_PARSES);
/** A name of its own, so that the client's unnamed statement is not touched. */
const REFUSED_NAME = 'gatehouse_refused';
const FAILING_PARSE = encodeParse(REFUSED_NAME, NEVER_PARSES);
const ORIGIN_UNKNOWN = new GatewayError(
  'denied',
  'masked-origin-unknown',
  'a column of the result cannot be traced to where it comes from, and the statement reads masked columns',
);
