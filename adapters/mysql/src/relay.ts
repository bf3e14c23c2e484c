/**
 * One logged-in session: takes client packets to their commands and upstream packets to the replies
 * that are expected. Owns how packets in pieces are collected, passed on or dropped.
 *
 * ```text
 * client packet -> obstacle? wait -> command -> pass | handled | request -> permit: forward, expect
 *                                                                        -> refuse: answer in turn
 * upstream packet -> head of the reply queue
 * ```
 */
import type {
  CancelPlan,
  CatalogHolder,
  Denial,
  Outbox,
  PendingRequest,
  Relay,
  RunningRequest,
  Verdict,
} from '@gatehouse/adapter';
import { HANDLED, PASS } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import { type Frame, WireError } from '@gatehouse/wire';
import type { SqlAnalyzer } from './classify/analyzer.ts';
import { classifyCommand, needsWhole } from './classify/commands.ts';
import { unknownStatement } from './classify/own-facts.ts';
import { MysqlPending } from './classify/pending.ts';
import { payloadOf } from './codec/packet.ts';
import { HEADER_BYTES, type PacketCodec } from './codec/packet-codec.ts';
import { commandName } from './messages/command.ts';
import { STATUS } from './messages/status-flags.ts';
import { type CommandPacket, type CommandVerdict, RelayCore } from './relay-core.ts';
import { encodeError } from './respond/error-code.ts';
import { sequenceOf } from './respond/expected-reply.ts';
import { OwnReply } from './respond/own-reply.ts';
import type { SessionState } from './session-state.ts';

export interface RelayParts<Catalog> {
  readonly session: SessionState;
  readonly analyzer: SqlAnalyzer<Catalog>;
  readonly catalog: CatalogHolder<Catalog>;
  readonly clientCodec: PacketCodec;
  readonly upstreamCodec: PacketCodec;
}

export function createRelay<Catalog>(parts: RelayParts<Catalog>): Relay {
  return new MysqlRelay(parts);
}

/** What happens to the pieces behind the first one. */
type Rest =
  | { readonly kind: 'none' }
  | { readonly kind: 'pass' }
  | { readonly kind: 'collect'; readonly type: number; readonly pieces: Buffer[]; bytes: number }
  /** Dropped; `error` is answered behind the last piece, and a text that was too long is decided there. */
  | { readonly kind: 'discard'; readonly answer: (out: Outbox) => void }
  | { readonly kind: 'too-large'; readonly type: number };

const NONE: Rest = { kind: 'none' };

class MysqlRelay<Catalog> implements Relay {
  readonly #parts: RelayParts<Catalog>;
  readonly #core: RelayCore<Catalog>;
  #rest: Rest = NONE;
  /** The last verdict was `wait`: the same frame comes again. */
  #waiting = false;
  /** Collected whole; kept until it is decided. */
  #collected: Buffer | null = null;
  /** The client sent a command that nobody has answered yet. */
  #unanswered = false;
  #upstreamInFrame = false;

  constructor(parts: RelayParts<Catalog>) {
    this.#parts = parts;
    this.#core = new RelayCore(
      parts.session,
      parts.analyzer,
      parts.catalog,
      () => parts.clientCodec.sequence,
    );
  }

  // ---- client -> upstream ----

  classify(frame: Frame, out: Outbox): Verdict {
    const again = this.#waiting;
    this.#waiting = false;
    if (!again && frame.first) this.#core.commandDone();
    const verdict = this.#classify(frame, again, out);
    this.#waiting = verdict.kind === 'wait';
    this.#unanswered = verdict.kind === 'violation';
    return verdict;
  }

  #classify(frame: Frame, again: boolean, out: Outbox): Verdict {
    const reply = this.#core.queue.head;
    if (reply?.wantsFile === true) {
      if (frame.first && frame.last && frame.end - frame.start === HEADER_BYTES) reply.fileSent();
      return PASS;
    }
    if (!frame.first && !again) return this.#continue(frame, out);
    if (!again && sequenceOf(frame) !== 0)
      return {
        kind: 'violation',
        code: 'packet-out-of-order',
        detail: 'a command began with another sequence id',
      };
    return frame.last || this.#collected !== null || !needsWhole(commandName(frame.type))
      ? this.#command(frame, out)
      : this.#collect(frame);
  }

  #command(frame: Frame, out: Outbox): Verdict {
    const obstacle = commandName(frame.type) === 'quit' ? null : this.#core.obstacle();
    if (obstacle !== null) return { kind: 'wait', until: obstacle };
    if (this.#rest.kind === 'too-large') return this.#tooLarge();
    const packet = this.#packet(frame);
    const type = packet.payload[0];
    if (type === undefined) return { kind: 'violation', code: 'malformed', detail: 'an empty command' };
    const collected = this.#collected;
    const forward = (to: Outbox) => {
      if (collected === null) to.forwardToUpstream(this.#parts.clientCodec.frame);
      else to.upstream(collected);
    };
    const verdict = classifyCommand(commandName(type), this.#core, packet, forward);
    return this.#conclude(verdict, packet, collected, out);
  }

  #conclude(verdict: CommandVerdict, packet: CommandPacket, collected: Buffer | null, out: Outbox): Verdict {
    switch (verdict.kind) {
      case 'discard':
        this.#collected = null;
        this.#drop(
          packet.whole,
          (to) =>
            verdict.error === null ? this.#core.answerOk(to) : this.#core.answerError(verdict.error, to),
          out,
        );
        return HANDLED;
      case 'handled':
        this.#collected = null;
        this.#drop(packet.whole, () => undefined, out);
        return HANDLED;
      case 'pass':
        this.#collected = null;
        this.#rest = packet.whole ? NONE : { kind: 'pass' };
        if (collected === null) return PASS;
        out.upstream(collected);
        return HANDLED;
      default:
        return verdict;
    }
  }

  permit(pending: PendingRequest, running: RunningRequest, out: Outbox): void {
    const { whole } = this.#pieces();
    this.#collected = null;
    const before = this.#core.queue.length;
    asMysql(pending).permit(running, out);
    if (whole) return;
    // What was permitted and then answered here has no reply to wait for: its rest is dropped.
    const sent = this.#core.queue.length > before && this.#isExpected(running);
    this.#rest = sent ? { kind: 'pass' } : { kind: 'discard', answer: () => undefined };
  }

  refuse(pending: PendingRequest, denial: Denial, out: Outbox): void {
    const mine = asMysql(pending);
    mine.refused(out);
    this.#collected = null;
    const wordsOfServer = mine.ownError !== null && denial.error.kind === 'denied' ? mine.ownError : null;
    const answer = (to: Outbox) =>
      wordsOfServer === null
        ? this.#core.answerError(denial.error, to, denial.hint)
        : this.#core.answerError(wordsOfServer, to);
    this.#drop(this.#pieces().whole, answer, out);
  }

  /** Answers at once, or behind the last piece of the packet that is dropped. */
  #drop(whole: boolean, answer: (out: Outbox) => void, out: Outbox): void {
    if (whole) {
      this.#rest = NONE;
      answer(out);
    } else this.#rest = { kind: 'discard', answer };
  }

  #pieces(): { readonly whole: boolean } {
    return { whole: this.#parts.clientCodec.frame.last };
  }

  #isExpected(running: RunningRequest): boolean {
    for (const reply of this.#core.queue.pending()) if (reply.running === running) return true;
    return false;
  }

  // ---- packets in pieces ----

  #collect(frame: Frame): Verdict {
    this.#rest = { kind: 'collect', type: frame.type, pieces: [view(frame)], bytes: frame.end - frame.start };
    return HANDLED;
  }

  #continue(frame: Frame, out: Outbox): Verdict {
    const rest = this.#rest;
    switch (rest.kind) {
      case 'pass':
        if (frame.last) this.#rest = NONE;
        return PASS;
      case 'discard':
        if (!frame.last) return HANDLED;
        this.#rest = NONE;
        rest.answer(out);
        return HANDLED;
      case 'collect':
        return this.#collectMore(rest, frame, out);
      case 'too-large':
        return frame.last ? this.#command(frame, out) : HANDLED;
      case 'none':
        throw new WireError('malformed', 'a piece without a beginning');
    }
  }

  #collectMore(rest: Extract<Rest, { kind: 'collect' }>, frame: Frame, out: Outbox): Verdict {
    rest.bytes += frame.end - frame.start;
    if (rest.bytes > this.#parts.session.options.maxStatementBytes) {
      this.#rest = { kind: 'too-large', type: rest.type };
      return frame.last ? this.#command(frame, out) : HANDLED;
    }
    rest.pieces.push(view(frame));
    if (!frame.last) return HANDLED;
    this.#collected = Buffer.concat(rest.pieces);
    this.#rest = NONE;
    return this.#command(frame, out);
  }

  /** Denied by the policy as not understood, so that it is recorded; worded as the server would. */
  #tooLarge(): Verdict {
    const limit = this.#parts.session.options.maxStatementBytes;
    const error = new GatewayError(
      'limit',
      'statement-too-large',
      `expected a statement of at most ${limit} bytes`,
    );
    this.#rest = NONE;
    return {
      kind: 'request',
      pending: new MysqlPending({
        statements: [unknownStatement('unknown', 'the statement is too large to be read')],
        via: 'command',
        phase: 'run',
        ownError: error,
        permit: (running, out) => this.#core.refusePermitted(running, error, out),
      }),
    };
  }

  #packet(frame: Frame): CommandPacket {
    if (this.#collected !== null)
      return { payload: payloadOf(this.#collected), whole: true, totalBytes: this.#collected.length };
    const payload =
      frame.first && frame.last
        ? payloadOf(frame.bytes, frame.start, frame.end)
        : frame.bytes.subarray(frame.start + HEADER_BYTES, frame.end);
    return { payload, whole: frame.last, totalBytes: frame.totalBytes };
  }

  // ---- upstream -> client ----

  reply(frame: Frame, out: Outbox): void {
    const reply = this.#core.queue.head;
    if (reply === null)
      throw new GatewayError('unavailable', 'upstream-spoke-unasked', 'the database closed the session');
    this.#upstreamInFrame = !frame.last;
    if (reply.receive(frame, out)) this.#core.settle(reply, out);
  }

  expire(running: RunningRequest, error: GatewayError, out: Outbox): void {
    for (const reply of this.#core.queue.pending()) {
      if (reply.running !== running || !reply.expire(error)) continue;
      // A KILL for a statement that has not begun would hit the one before it.
      if (reply === this.#core.queue.head) out.cancelUpstream();
    }
  }

  cancelPlan(): CancelPlan {
    return { via: 'own-connection', question: { sql: `KILL QUERY ${this.#parts.session.upstreamThreadId}` } };
  }

  farewell(error: GatewayError): Buffer {
    const reply = this.#core.queue.head;
    const afterCommand = this.#parts.clientCodec.sequence + 1;
    if (reply === null) {
      const waits = this.#unanswered || this.#waiting || this.#rest.kind !== 'none';
      return waits ? encodeError(afterCommand, error) : NOTHING;
    }
    // What the gateway asks for itself stands behind an answer that the client already has.
    if (this.#upstreamInFrame || (reply instanceof OwnReply && !this.#waiting)) return NOTHING;
    const next = reply.nextSequence();
    if (next === null) return NOTHING;
    if (next !== 'first') return encodeError(next, error);
    return encodeError(this.#core.queue.length === 1 ? afterCommand : 1, error);
  }

  isIdle(): boolean {
    return (
      this.#core.queue.length === 0 &&
      this.#rest.kind === 'none' &&
      !this.#waiting &&
      (this.#parts.session.status & STATUS.inTransaction) === 0
    );
  }

  running(): readonly RunningRequest[] {
    const running: RunningRequest[] = [];
    for (const reply of this.#core.queue.pending()) if (reply.running !== null) running.push(reply.running);
    return running;
  }
}

function asMysql(pending: PendingRequest): MysqlPending {
  if (!(pending instanceof MysqlPending)) throw new Error('a pending request of another adapter');
  return pending;
}

function view(frame: Frame): Buffer {
  return frame.bytes.subarray(frame.start, frame.end);
}

const NOTHING = Buffer.alloc(0);
