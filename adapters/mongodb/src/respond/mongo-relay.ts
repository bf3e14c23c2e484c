import {
  type CancelPlan,
  type CatalogHolder,
  type Denial,
  HANDLED,
  type Outbox,
  type PendingRequest,
  type Relay,
  ReplyQueue,
  type RunningRequest,
  type Verdict,
} from '@gatehouse/adapter';
import type { GatewayError, Principal } from '@gatehouse/model';
import { type Frame, WireError } from '@gatehouse/wire';
import { Binary, type Document } from 'bson';
import { fieldsOf, itemsOf } from '../bson/value.ts';
import type { MongodbCatalog } from '../classify/catalog.ts';
import { type Classified, classifyCommand } from '../classify/classify-command.ts';
import type { LoginNotes } from '../handshake/client-login.ts';
import { type Command, CommandRefused, readCommand } from '../messages/command.ts';
import { decodeOpMsg, encodeOpMsgDocument, FLAG, type OpMsg } from '../messages/op-msg.ts';
import { OPCODE } from '../messages/opcode.ts';
import { rewriteRequest } from '../messages/rewrite-request.ts';
import { CatalogQuestions } from './catalog-questions.ts';
import { commandText } from './command-text.ts';
import { type CursorCommand, classifyCursorCommand, foreignAnswer } from './cursor-command.ts';
import { errorDocument } from './error-reply.ts';
import type { ExpectedReply } from './expected-reply.ts';
import type { OpenWork } from './open-work.ts';
import { ownAnswer } from './own-answer.ts';
import { type ReplyFacts, readReply } from './read-reply.ts';
import type { ReplyWriter } from './reply-writer.ts';
import { limitRows } from './row-limit.ts';
import { timeLimit } from './time-limit.ts';

/** A command on its way to a decision. */
interface PendingCommand extends PendingRequest {
  readonly message: OpMsg;
  readonly command: Command;
  readonly classified: Classified;
  readonly cursors: CursorCommand | null;
  readonly frame: Frame;
}

export interface MongoRelayParts {
  readonly principal: Principal;
  readonly notes: LoginNotes;
  readonly catalog: CatalogHolder<MongodbCatalog>;
  readonly openWork: OpenWork;
  readonly replyWriter: ReplyWriter;
  hello(command: Command): Document;
}

/**
 * One logged-in MongoDB session: each OP_MSG is one request and one reply, matched by `responseTo`.
 *
 * hello is answered here. A `getMore` is decided as the command that opened its cursor, whichever
 * connection of the principal it comes over. Errors do not end transactions of other commands here, so
 * a refusal is an answer in its turn. A row limit takes the place of the whole reply in which it is
 * passed, and the cursor is killed.
 */
export class MongoRelay implements Relay {
  readonly #parts: MongoRelayParts;
  readonly #owner: string;
  readonly #queue = new ReplyQueue<ExpectedReply>();
  readonly #questions: CatalogQuestions;
  /** What this connection opened; it may be closed over another one. */
  readonly #cursors = new Set<bigint>();
  readonly #transactions = new Set<string>();
  #expiring: Buffer | null = null;

  constructor(parts: MongoRelayParts) {
    this.#parts = parts;
    this.#owner = ownerKey(parts.principal);
    this.#questions = new CatalogQuestions(parts.catalog);
  }

  classify(frame: Frame, out: Outbox): Verdict {
    if (frame.type !== OPCODE.msg)
      return { kind: 'violation', code: 'unexpected-opcode', detail: `opcode ${frame.type} after the login` };
    const message = decodeOpMsg(frame);
    try {
      return this.#classify(frame, message, readCommand(message), out);
    } catch (error) {
      if (error instanceof CommandRefused)
        return { kind: 'violation', code: error.code, detail: 'command that can be read in two ways' };
      throw error;
    }
  }

  permit(pending: PendingRequest, running: RunningRequest, out: Outbox): void {
    const { message, command, classified, cursors } = pending as PendingCommand;
    if (cursors?.isForeign === true) {
      this.#answerForeign(message.requestId, command, cursors, running, out);
      return;
    }
    for (const id of cursors?.killed ?? []) this.#parts.openWork.remove(this.#owner, id);
    const session = this.#noteSession(command);
    this.#forward(pending as PendingCommand, running, out);
    if (command.isFireAndForget) {
      if (classified.changesCatalog) out.catalogChanged();
      out.finish(running, 'sent');
      return;
    }
    this.#queue.expect({
      requestId: message.requestId,
      running,
      shape: classified.reply,
      continues: cursors?.continues ?? null,
      opens: {
        statement: classified.statement,
        reply: classified.reply === 'results' ? 'results' : 'cursor',
      },
      session,
      cut: null,
      changesCatalog: classified.changesCatalog,
    });
  }

  refuse(pending: PendingRequest, denial: Denial, out: Outbox): void {
    const { message, command } = pending as PendingCommand;
    if (command.isFireAndForget) return;
    this.#answer(message.requestId, errorDocument(denial.error, denial.hint, denial.requestId), out);
  }

  reply(frame: Frame, out: Outbox): void {
    if (frame.type !== OPCODE.msg) throw new WireError('malformed', 'opcode of a reply');
    const expected = this.#queue.head;
    const message = decodeOpMsg(frame);
    if (expected === null || message.responseTo !== expected.requestId)
      throw new WireError('malformed', 'reply to no request');
    // Streams were never allowed, and a reply's documents stand in its body.
    if ((message.flags & FLAG.moreToCome) !== 0 || message.sequences.length > 0)
      throw new WireError('malformed', 'reply with more than a body');
    const facts = readReply(message.body, expected.shape);
    if (expected.running !== null) {
      this.#deliver(frame, message, facts, expected, expected.running, out);
      this.#finish(facts, expected, expected.running, out);
    }
    this.#queue.settle(out);
  }

  expire(running: RunningRequest, error: GatewayError, out: Outbox): void {
    for (const expected of this.#queue.pending()) {
      if (expected.running !== running) continue;
      expected.cut ??= error;
      this.#expiring = expected.session;
    }
    out.cancelUpstream();
    this.#expiring = null;
  }

  /** The server stops what a logical session runs; without one only closing the connection does. */
  cancelPlan(): CancelPlan {
    const id = this.#expiring ?? this.#queue.head?.session ?? null;
    if (id === null) return { via: 'close' };
    const command = { killSessions: [{ id: new Binary(id, Binary.SUBTYPE_UUID) }] };
    return { via: 'own-connection', question: { database: 'admin', command } };
  }

  /** Nothing can be said without a request to answer; the oldest one that waits gets it. */
  farewell(error: GatewayError): Buffer {
    for (const expected of this.#queue.pending()) {
      if (expected.running !== null)
        return encodeOpMsgDocument(
          this.#parts.notes.nextRequestId(),
          expected.requestId,
          errorDocument(error),
        );
    }
    return Buffer.alloc(0);
  }

  isIdle(): boolean {
    const { openWork } = this.#parts;
    for (const id of this.#cursors)
      if (openWork.find(this.#owner, id) === undefined) this.#cursors.delete(id);
    for (const session of this.#transactions)
      if (!openWork.hasTransaction(session)) this.#transactions.delete(session);
    return this.#queue.length === 0 && this.#cursors.size === 0 && this.#transactions.size === 0;
  }

  running(): readonly RunningRequest[] {
    return [...this.#queue.pending()].flatMap(({ running }) => (running === null ? [] : [running]));
  }

  // ---- client side ----

  #classify(frame: Frame, message: OpMsg, command: Command, out: Outbox): Verdict {
    const own = this.#ownAnswer(command);
    if (own !== null) {
      if (!command.isFireAndForget) this.#answer(message.requestId, own, out);
      return HANDLED;
    }
    const { catalog, openWork } = this.#parts;
    const cursors = classifyCursorCommand(command, (id) => openWork.find(this.#owner, id));
    let classified = cursors?.classified;
    if (classified === undefined) {
      classified = classifyCommand(command, { catalog: catalog.current(), isFresh: false });
      const until = this.#questions.ask(message.requestId, classified.unlisted);
      if (until !== null) return { kind: 'wait', until };
      if (classified.unlisted.length > 0 && this.#questions.isFresh(classified.unlisted))
        classified = classifyCommand(command, { catalog: catalog.current(), isFresh: true });
    }
    const pending: PendingCommand = {
      statements: [classified.statement],
      via: command.isFireAndForget ? 'op-msg-unacknowledged' : 'op-msg',
      phase: 'run',
      message,
      command,
      classified,
      cursors,
      frame,
      text: () => commandText(message),
      parameters: () => undefined,
    };
    return { kind: 'request', pending };
  }

  #ownAnswer(command: Command): Document | null {
    const { notes, principal, hello } = this.#parts;
    if (command.name === 'saslContinue' && notes.expectsEmptyExchange) {
      notes.expectsEmptyExchange = false;
      return { conversationId: 1, done: true, payload: Buffer.alloc(0), ok: 1 };
    }
    return ownAnswer(command, principal, hello);
  }

  #answerForeign(
    requestId: number,
    command: Command,
    cursors: CursorCommand,
    running: RunningRequest,
    out: Outbox,
  ): void {
    const { document, result, code } = foreignAnswer(command, cursors);
    if (!command.isFireAndForget) this.#answer(requestId, document, out);
    out.finish(running, result, code);
  }

  /** Remembers transactions; gives the logical session. */
  #noteSession({ name, fields }: Command): Buffer | null {
    const { openWork } = this.#parts;
    const id = fieldsOf(fields.get('lsid'))?.get('id');
    if (name === 'endSessions') {
      for (const item of itemsOf(fields.get('endSessions')) ?? []) {
        const ended = fieldsOf(item)?.get('id');
        if (ended?.kind === 'binary') openWork.endTransaction(ended.bytes.toString('hex'));
      }
    }
    if (id?.kind !== 'binary') return null;
    const session = id.bytes.toString('hex');
    if (fields.has('startTransaction')) {
      openWork.beginTransaction(session);
      this.#transactions.add(session);
    }
    if (name === 'commitTransaction' || name === 'abortTransaction') openWork.endTransaction(session);
    return id.bytes;
  }

  /** Forwards the message; a time limit goes along as `maxTimeMS`, so that the server itself keeps it. */
  #forward({ frame, message, command }: PendingCommand, running: RunningRequest, out: Outbox): void {
    const limitMs = timeLimit(command, running.obligations.limits.seconds);
    if (limitMs === null && (message.flags & FLAG.exhaustAllowed) === 0) out.forwardToUpstream(frame);
    else out.upstream(rewriteRequest(message, frame, limitMs));
  }

  #answer(requestId: number, document: Document, out: Outbox): void {
    this.#queue.answer(encodeOpMsgDocument(this.#parts.notes.nextRequestId(), requestId, document), out);
  }

  // ---- upstream side ----

  #deliver(
    frame: Frame,
    message: OpMsg,
    facts: ReplyFacts,
    expected: ExpectedReply,
    running: RunningRequest,
    out: Outbox,
  ): void {
    running.rows += facts.documents;
    running.affectedRows += facts.affected;
    running.bytes += frame.end - frame.start;
    limitRows(facts, expected, running);
    if (expected.cut !== null) {
      const error = errorDocument(expected.cut);
      out.client(encodeOpMsgDocument(this.#parts.notes.nextRequestId(), message.responseTo, error));
      if (facts.cursorId !== 0n) this.#killCursor(facts, out);
      return;
    }
    this.#keepCursor(facts, expected);
    const replaced = this.#parts.replyWriter.rewrite(message, facts.ok, expected.shape, running);
    if (replaced === null) out.forwardToClient(frame);
    else out.client(replaced);
  }

  /** Remembers a cursor that stays open, forgets one that is done. */
  #keepCursor({ cursorId, namespace, documents }: ReplyFacts, { continues, opens }: ExpectedReply): void {
    const { openWork } = this.#parts;
    if (continues !== null && cursorId !== continues.id) openWork.remove(this.#owner, continues.id);
    if (cursorId === 0n || opens === null || cursorId === continues?.id) return;
    openWork.add(this.#owner, cursorId, { ...opens, namespace, rows: documents });
    this.#cursors.add(cursorId);
  }

  #killCursor({ namespace, cursorId }: ReplyFacts, out: Outbox): void {
    const dot = namespace.indexOf('.');
    this.#parts.openWork.remove(this.#owner, cursorId);
    const requestId = this.#parts.notes.nextRequestId();
    out.upstream(
      encodeOpMsgDocument(requestId, 0, {
        killCursors: namespace.slice(dot + 1),
        cursors: [cursorId],
        $db: namespace.slice(0, dot),
      }),
    );
    this.#queue.expect({
      requestId,
      running: null,
      shape: 'none',
      continues: null,
      opens: null,
      session: null,
      cut: null,
      changesCatalog: false,
    });
  }

  #finish(facts: ReplyFacts, expected: ExpectedReply, running: RunningRequest, out: Outbox): void {
    if (expected.changesCatalog && facts.ok) out.catalogChanged();
    if (expected.cut !== null) out.finish(running, 'cut', expected.cut.code);
    else if (facts.ok) out.finish(running, 'ok');
    else out.finish(running, 'error', String(facts.code ?? 'unknown'));
  }
}

function ownerKey({ kind, name, actingFor }: Principal): string {
  return JSON.stringify([kind, name, actingFor === undefined ? null : ownerKey(actingFor)]);
}
