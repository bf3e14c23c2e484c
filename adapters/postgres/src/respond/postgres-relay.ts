import {
  type CancelPlan,
  type CatalogHolder,
  type Denial,
  HANDLED,
  type Outbox,
  PASS,
  type PendingRequest,
  type Relay,
  type RunningRequest,
  type SessionServices,
  type Verdict,
} from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import type { PostgresAnalyzer, PostgresCatalog } from '@gatehouse/sql';
import type { Frame } from '@gatehouse/wire';
import { cannotLimit, isLimitedWrite, needsMeasure } from '../classify/counted-write.ts';
import { FrontendClassifier } from '../classify/frontend-classifier.ts';
import type { PendingMessage } from '../classify/pending-message.ts';
import type { RunStatement } from '../classify/prepared.ts';
import { SessionContext } from '../classify/session-context.ts';
import { TextKnowledge } from '../classify/text-knowledge.ts';
import type { MessageCodec } from '../codec/message-codec.ts';
import { encodeCancelRequest } from '../handshake/upstream-login.ts';
import { FRONTEND } from '../messages/message-type.ts';
import { decodeExecute, encodeDescribePortal, FLUSH } from '../messages/portal-messages.ts';
import type { SessionState } from '../session-state.ts';
import { Barrier } from './barrier.ts';
import { errorBytes } from './error-fields.ts';
import { ExecuteGuard } from './execute-guard.ts';
import { type ExpectedReply, expectReply } from './expected-reply.ts';
import { askForError, sendFailing } from './refuse-message.ts';
import { ReplyLine } from './reply-line.ts';
import { ReplyReader } from './reply-reader.ts';
import { WriteGuard } from './write-guard.ts';

/**
 * One logged-in Postgres session, towards the server: what goes on, what is refused, what has to wait.
 *
 * Messages behind a statement wait for its end where that end decides what they mean or whether they may run
 * (see `Barrier`). A plain read that may be cut lets everything pass but the next message of its own segment that
 * would run something. Waiting has an end: after some time what is not known is unknown.
 */
export class PostgresRelay implements Relay {
  readonly #state: SessionState;
  readonly #holder: CatalogHolder<PostgresCatalog>;
  readonly #clientCodec: MessageCodec;
  readonly #upstreamCodec: MessageCodec;
  readonly #line = new ReplyLine();
  readonly #context: SessionContext;
  readonly #classifier: FrontendClassifier;
  readonly #replies: ReplyReader;
  /** A read that may be cut, and the segment that it stands in. */
  #cuttable: { readonly expected: ExpectedReply; readonly segment: number } | null = null;
  /** The last segment in which something was run that a later error of the segment takes back. */
  #writingSegment = -1;
  #waits = 0;
  /** What became of the first piece of a message that comes in pieces. */
  #passesPieces = false;

  constructor(
    services: SessionServices,
    state: SessionState,
    analyzer: PostgresAnalyzer,
    holder: CatalogHolder<PostgresCatalog>,
    codecs: { readonly client: MessageCodec; readonly upstream: MessageCodec },
  ) {
    this.#state = state;
    this.#holder = holder;
    this.#clientCodec = codecs.client;
    this.#upstreamCodec = codecs.upstream;
    this.#context = new SessionContext(holder, state);
    this.#classifier = new FrontendClassifier(new TextKnowledge(analyzer, this.#context, holder), this.#line);
    this.#replies = new ReplyReader({
      state,
      holder,
      line: this.#line,
      context: this.#context,
      classifier: this.#classifier,
      maskingKey: services.maskingKey,
    });
  }

  classify(frame: Frame, out: Outbox): Verdict {
    // SECURITY: the rest of a swallowed message must not become messages of its own (postgres-relay.test.ts).
    if (!frame.first) return this.#passesPieces ? PASS : HANDLED;
    const verdict = this.#classify(frame, out);
    this.#passesPieces = verdict.kind === 'pass';
    if (verdict.kind !== 'wait') this.#waits = 0;
    else {
      if (verdict.unhurried !== true) this.#waits += 1;
      if (this.#line.length > 0) out.upstream(FLUSH);
    }
    return verdict;
  }

  #classify(frame: Frame, out: Outbox): Verdict {
    const patient = this.#waits < MAX_WAITS;
    const { barrier } = this.#replies;
    if (barrier !== null) {
      const verdict = barrier.verdict(frame, patient);
      // The server keeps the end of a COPY to itself until it is told to send it, and the Sync is still here.
      if (barrier.holdsSync && barrier.expected.takesCopy && frame.type === FRONTEND.sync)
        out.upstream(FLUSH);
      if (verdict !== null) return verdict;
      this.#replies.overtake(out);
    }
    // SECURITY: session-fuzz.test.ts; a SET that an error still takes back must not be believed.
    if (this.#context.mayBeTakenBack && this.#line.length > 0 && ANALYZED.has(frame.type)) {
      if (patient) return { kind: 'wait', until: this.#line.whenQuiet() };
      this.#context.doubt();
    }
    const cuttable = this.#cuttableAhead();
    if (cuttable !== null && patient && RUNS.has(frame.type))
      return { kind: 'wait', until: this.#line.whenQuiet() };
    return this.#classifier.classify(frame, patient);
  }

  permit(pending: PendingRequest, running: RunningRequest, out: Outbox): void {
    const message = pending as PendingMessage;
    const refusal = message.refusal ?? cannotMask(message, running) ?? this.#cannotLimit(message, running);
    const changes = refusal === null ? message.open() : [];
    if (refusal !== null || changes === null) {
      const error = refusal ?? TOO_MANY_NAMES;
      out.finish(running, isSyntaxError(error) ? 'error' : 'denied', error.code);
      this.#refuse(message, errorBytes(error, 'ERROR', { requestId: running.id }), out);
      return;
    }
    const { run, portal } = message;
    const takesCopy = run.some(({ analyzed }) => analyzed.returns === 'copy-in');
    switch (message.kind) {
      case 'parse':
      case 'bind':
        this.#forward(message, expectReply(message.kind, { running, changes }), out);
        return;
      case 'execute':
        this.#describeFirst(message, running, out);
        break;
      case 'query':
        break;
      case 'function':
        throw new Error('a function call is always refused');
    }
    const parts = { running, run, changes, portal, takesCopy };
    if (message.kind === 'query' && isLimitedWrite(message, running.obligations)) {
      const { bytes, start, end } = message.frame;
      const query = Buffer.from(bytes.subarray(start, end));
      const measures = needsMeasure(message, running.obligations);
      this.#replies.guard(new WriteGuard(query, measures, parts), out);
      return;
    }
    if (message.kind === 'execute' && needsMeasure(message, running.obligations)) {
      this.#writingSegment = this.#classifier.segment;
      this.#replies.measure(new ExecuteGuard(parts), () => out.forwardToUpstream(message.frame), out);
      return;
    }
    const expected = expectReply(message.kind, parts);
    this.#forward(message, expected, out);
    this.#guard(message, expected, running, out);
  }

  refuse(pending: PendingRequest, denial: Denial, out: Outbox): void {
    const message = pending as PendingMessage;
    const { requestId } = denial;
    // The text could not even be read: that is the better answer.
    const error = message.refusal ?? denial.error;
    const hint = message.refusal === null ? denial.hint : undefined;
    this.#refuse(message, errorBytes(error, 'ERROR', { hint, requestId }), out);
  }

  reply(frame: Frame, out: Outbox): void {
    this.#replies.read(frame, out);
  }

  expire(running: RunningRequest, error: GatewayError, out: Outbox): void {
    for (const expected of this.#replies.pending())
      if (expected.running === running) this.#replies.cut(expected, error, out);
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
    return this.#line.length === 0 && this.#state.transaction === 'I' && !this.#clientCodec.isInside;
  }

  running(): readonly RunningRequest[] {
    return [
      ...new Set(this.#replies.pending().flatMap(({ running }) => (running === null ? [] : [running]))),
    ];
  }

  /** Whether rows that arrive now may be passed on in pieces. */
  get passesRows(): boolean {
    const expected = this.#line.head;
    return expected !== null && expected.running?.obligations.masks.length === 0;
  }

  #forward({ frame }: PendingMessage, expected: ExpectedReply, out: Outbox): void {
    this.#line.expect(expected);
    out.forwardToUpstream(frame);
  }

  #cannotLimit(message: PendingMessage, { obligations }: RunningRequest): GatewayError | null {
    if (obligations.limits.affectedRows === undefined) return null;
    return cannotLimit(message, obligations, this.#holder.current());
  }

  /** The columns of a portal that the client never asked for; the answer is not shown. */
  #describeFirst({ portal, frame }: PendingMessage, { obligations }: RunningRequest, out: Outbox): void {
    if (obligations.masks.length === 0 || portal === null || portal.columns !== null) return;
    this.#line.expect(expectReply('describe-portal', { hidden: true, portal }));
    out.upstream(encodeDescribePortal(decodeExecute(frame)));
  }

  /** What has to be known of this message before the ones behind it may go on. */
  #guard(message: PendingMessage, expected: ExpectedReply, running: RunningRequest, out: Outbox): void {
    const { kind, run } = message;
    const { masks, limits } = running.obligations;
    const isLimited = isLimitedWrite(message, running.obligations);
    const mayBeCut = masks.length > 0 || limits.rows !== undefined || limits.seconds !== undefined;
    const { segment } = this.#classifier;
    const writes = run.some(isWrite);
    const isTakenBack = writes || this.#writingSegment === segment;
    if (writes && kind === 'execute') this.#writingSegment = segment;
    const isBarrier =
      isLimited ||
      expected.takesCopy ||
      (mayBeCut && isTakenBack) ||
      run.some((each) => this.#context.changesContext(each));
    if (isBarrier) {
      this.#replies.barrier = new Barrier(expected, isLimited ? 'strict' : 'yields');
      if (kind === 'execute') out.upstream(FLUSH);
    } else if (mayBeCut && kind === 'execute') this.#cuttable = { expected, segment };
  }

  #cuttableAhead(): ExpectedReply | null {
    const cuttable = this.#cuttable;
    if (cuttable === null) return null;
    const isAhead =
      cuttable.segment === this.#classifier.segment && [...this.#line.pending()].includes(cuttable.expected);
    if (!isAhead) this.#cuttable = null;
    return isAhead ? cuttable.expected : null;
  }

  #refuse(message: PendingMessage, error: Buffer, out: Outbox): void {
    const { kind, refusal } = message;
    const asks = kind === 'parse' || (kind === 'query' && !this.#line.hasOpenSegment);
    if (refusal === null || !isSyntaxError(refusal) || !asks) {
      sendFailing(message, error, this.#line, out);
      if (kind !== 'query' && kind !== 'function') this.#classifier.skipping = true;
    } else if (kind === 'query') askForError(message, error, this.#line, out);
    else {
      const expected = expectReply('parse', { onSuccess: error });
      this.#forward(message, expected, out);
      this.#replies.barrier = new Barrier(expected);
      out.upstream(FLUSH);
    }
  }
}

/** COPY streams whose rows nobody can take apart: nothing could be masked in them. */
function cannotMask({ run }: PendingMessage, { obligations }: RunningRequest): GatewayError | null {
  if (obligations.masks.length === 0) return null;
  if (!run.some(({ analyzed }) => analyzed.returns === 'copy-out' && analyzed.copy === undefined))
    return null;
  return new GatewayError(
    'denied',
    'masked-origin-unknown',
    'COPY with these options cannot be masked; leave them out',
  );
}

/** Anything but looking; what is not understood counts as a write. */
function isWrite({ analyzed: { facts }, effects }: RunStatement): boolean {
  if (!facts.accesses.known) return true;
  return effects.length > 0 || facts.accesses.value.some(({ action }) => !LOOKS.has(action));
}

function isSyntaxError({ code }: GatewayError): boolean {
  return code === 'syntax-error';
}

const LOOKS: ReadonlySet<string> = new Set(['read', 'introspect']);
const ANALYZED: ReadonlySet<number> = new Set([
  FRONTEND.query,
  FRONTEND.parse,
  FRONTEND.bind,
  FRONTEND.execute,
]);
const RUNS: ReadonlySet<number> = new Set([FRONTEND.execute, FRONTEND.query, FRONTEND.functionCall]);
/** The gateway itself gives up after four. */
const MAX_WAITS = 3;
const TOO_MANY_NAMES = new GatewayError(
  'limit',
  'too-many-names',
  'this session has all the prepared statements or portals that it may have',
);
