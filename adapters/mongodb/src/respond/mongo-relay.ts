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
  type SessionServices,
  type Verdict,
} from '@gatehouse/adapter';
import type { Masker } from '@gatehouse/masking';
import { GatewayError, type MaskerSpec } from '@gatehouse/model';
import { type Frame, WireError } from '@gatehouse/wire';
import { type Document, serialize } from 'bson';
import { decodeFields, fieldsOf, itemsOf, stringOf } from '../bson/value.ts';
import { assertWellFormed } from '../bson/walk.ts';
import type { MongodbCatalog } from '../classify/catalog.ts';
import { type Classified, classifyCommand } from '../classify/classify-command.ts';
import { unknownStatement } from '../classify/facts.ts';
import type { LoginNotes } from '../handshake/client-login.ts';
import { helloReply } from '../handshake/hello-reply.ts';
import { isHello } from '../handshake/is-hello.ts';
import { type Command, CommandRefused, readCommand } from '../messages/command.ts';
import { decodeOpMsg, encodeOpMsg, encodeOpMsgDocument, FLAG, type OpMsg } from '../messages/op-msg.ts';
import { OPCODE } from '../messages/opcode.ts';
import { CursorTable } from './cursor-table.ts';
import { errorDocument } from './error-reply.ts';
import type { ExpectedReply } from './expected-reply.ts';
import { maskReply } from './mask-reply.ts';
import { createMaskerCache, createMaskTree } from './mask-tree.ts';
import { type ReplyFacts, readReply } from './read-reply.ts';
import { redactedError, redactedWriteErrors } from './redact-reply.ts';

/** A command on its way to a decision. */
interface PendingCommand extends PendingRequest {
  readonly message: OpMsg;
  readonly command: Command;
  readonly classified: Classified;
  readonly cursorId: bigint;
  readonly frame: Frame;
}

/**
 * One logged-in MongoDB session: each OP_MSG is one request and one reply, matched by `responseTo`.
 *
 * hello is answered here. A `getMore` is decided as the command that opened its cursor. Errors do not
 * end transactions of other commands here, so a refusal is an answer in its turn. A row limit takes
 * the place of the whole reply in which it is passed, and the cursor is killed.
 */
export class MongoRelay implements Relay {
  readonly #services: SessionServices;
  readonly #notes: LoginNotes;
  readonly #catalog: CatalogHolder<MongodbCatalog>;
  readonly #queue = new ReplyQueue<ExpectedReply>();
  readonly #cursors = new CursorTable();
  readonly #maskerOf: (spec: MaskerSpec) => Masker;
  #asked: string | null = null;
  #openTransaction = false;
  #lastSession: Buffer | null = null;

  constructor(services: SessionServices, notes: LoginNotes, catalog: CatalogHolder<MongodbCatalog>) {
    this.#services = services;
    this.#notes = notes;
    this.#catalog = catalog;
    this.#maskerOf = createMaskerCache(services.maskingKey);
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

  #classify(frame: Frame, message: OpMsg, command: Command, out: Outbox): Verdict {
    const own = this.#ownAnswer(command);
    if (own !== null) {
      if (!command.isFireAndForget) this.#answer(message.requestId, own, out);
      return HANDLED;
    }
    const missing = this.#missingKnowledge(command);
    if (missing !== null) return { kind: 'wait', until: missing };
    const cursorId = command.name === 'getMore' ? cursorIdOf(command) : 0n;
    const classified =
      command.name === 'getMore'
        ? this.#continued(command, cursorId)
        : classifyCommand(command, this.#catalog.current());
    const pending: PendingCommand = {
      statements: [classified.statement],
      via: command.isFireAndForget ? 'op-msg-unacknowledged' : 'op-msg',
      phase: 'run',
      message,
      command,
      classified,
      cursorId,
      frame,
      text: () => commandText(message),
      parameters: () => undefined,
    };
    return { kind: 'request', pending };
  }

  permit(pending: PendingRequest, running: RunningRequest, out: Outbox): void {
    const { message, command, classified, cursorId } = pending as PendingCommand;
    this.#noteTransaction(command);
    this.#forward(pending as PendingCommand, running, out);
    if (command.isFireAndForget) {
      out.finish(running, 'sent');
      return;
    }
    this.#queue.expect({
      requestId: message.requestId,
      running,
      shape: classified.reply,
      cursor: cursorId === 0n ? null : (this.#cursors.find(cursorId) ?? null),
      opens: { statement: classified.statement, namespace: command.database },
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
    const facts = readReply(message.body, expected.shape);
    if (expected.running !== null) this.#deliver(frame, message, facts, expected, expected.running, out);
    // An exhaust stream goes on until a reply without the flag.
    if ((message.flags & FLAG.moreToCome) !== 0) return;
    if (expected.running !== null) this.#finish(facts, expected, expected.running, out);
    this.#queue.settle(out);
  }

  expire(running: RunningRequest, error: GatewayError, out: Outbox): void {
    for (const expected of this.#queue.pending()) if (expected.running === running) expected.cut ??= error;
    out.cancelUpstream();
  }

  /** The server stops what a logical session runs; without one only closing the connection does. */
  cancelPlan(): CancelPlan {
    if (this.#lastSession === null) return { via: 'close' };
    return {
      via: 'own-connection',
      question: { database: 'admin', command: { killSessions: [{ id: this.#lastSession }] } },
    };
  }

  /** Nothing can be said without a request to answer; the oldest one that waits gets it. */
  farewell(error: GatewayError): Buffer {
    for (const expected of this.#queue.pending()) {
      if (expected.running !== null)
        return encodeOpMsgDocument(this.#notes.nextRequestId(), expected.requestId, errorDocument(error));
    }
    return Buffer.alloc(0);
  }

  isIdle(): boolean {
    return this.#queue.length === 0 && !this.#openTransaction && this.#cursors.size === 0;
  }

  running(): readonly RunningRequest[] {
    return [...this.#queue.pending()].flatMap(({ running }) => (running === null ? [] : [running]));
  }

  // ---- client side ----

  /** What the gateway answers itself: the handshake, and logins that come too late. */
  #ownAnswer({ name, fields }: Command): Document | null {
    if (isHello(name))
      return helloReply(this.#services.serverFacts, this.#services.sessionNumber, name !== 'hello');
    if (name === 'saslContinue' && this.#notes.expectsEmptyExchange) {
      this.#notes.expectsEmptyExchange = false;
      return { conversationId: 1, done: true, payload: Buffer.alloc(0), ok: 1 };
    }
    if (!LOGIN_COMMANDS.has(name)) return null;
    const mechanism = stringOf(fields.get('mechanism'));
    return {
      ok: 0,
      errmsg: `gatehouse: this connection has its identity${mechanism === null ? '' : '; open another one to log in again'}`,
      code: 18,
      codeName: 'AuthenticationFailed',
    };
  }

  /** Views must be known before a read is understood; asked for once per database. */
  #missingKnowledge({ database, name }: Command): Promise<unknown> | null {
    const catalog = this.#catalog.current();
    if (catalog?.databases.has(database) === true || !READS_VIEWS.has(name)) {
      this.#asked = null;
      return null;
    }
    if (this.#asked === database) return null;
    this.#asked = database;
    return this.#catalog.refresh();
  }

  #continued(command: Command, cursorId: bigint): Classified {
    const plan = this.#cursors.find(cursorId);
    const collection = stringOf(command.fields.get('collection'));
    if (plan === undefined || collection === null || plan.namespace !== command.database) {
      return {
        statement: unknownStatement('getMore', 'a cursor that this session did not open'),
        reply: 'cursor',
        changesCatalog: false,
      };
    }
    return { statement: plan.statement, reply: 'cursor', changesCatalog: false };
  }

  #noteTransaction({ name, fields, database }: Command): void {
    const session = fieldsOf(fields.get('lsid'))?.get('id');
    if (session?.kind === 'binary') this.#lastSession = session.bytes;
    if (fields.has('startTransaction')) this.#openTransaction = true;
    if ((name === 'commitTransaction' || name === 'abortTransaction') && database === 'admin')
      this.#openTransaction = false;
  }

  /** Forwards the message; a time limit goes along as `maxTimeMS`, so that the server itself keeps it. */
  #forward({ frame, message, command }: PendingCommand, running: RunningRequest, out: Outbox): void {
    const { seconds } = running.obligations.limits;
    const own = command.fields.get('maxTimeMS');
    const limitMs = seconds === undefined ? null : Math.max(1, Math.floor(seconds * 1000));
    const isStricter = own?.kind === 'number' && own.value > 0 && limitMs !== null && own.value <= limitMs;
    if (limitMs === null || isStricter || own !== undefined || !TAKES_TIME_LIMIT.has(command.name)) {
      out.forwardToUpstream(frame);
      return;
    }
    out.upstream(withTimeLimit(message, frame, limitMs));
  }

  #answer(requestId: number, document: Document, out: Outbox): void {
    this.#queue.answer(encodeOpMsgDocument(this.#notes.nextRequestId(), requestId, document), out);
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
    this.#limitRows(facts, expected, running);
    if (expected.cut !== null) {
      this.#cut(message, facts, expected.cut, out);
      return;
    }
    if (!this.#keepCursor(message, facts, expected, out)) return;
    const { masks, redactDiagnostics } = running.obligations;
    if (redactDiagnostics && this.#redact(message, facts, out)) return;
    const node = createMaskTree(masks, this.#maskerOf);
    if (node === null || !facts.ok || expected.shape === 'none') out.forwardToClient(frame);
    else this.#forwardMasked(message, maskReply(message.body, expected.shape, node, running), out);
  }

  #forwardMasked({ requestId, responseTo, flags }: OpMsg, body: Buffer, out: Outbox): void {
    const bytes = encodeOpMsg(requestId, responseTo, body);
    // The body is another one: a checksum of the old one must not go along.
    bytes.writeUInt32LE((flags & ~FLAG.checksumPresent) >>> 0, FLAGS_OFFSET);
    out.client(bytes);
  }

  #limitRows(facts: ReplyFacts, expected: ExpectedReply, running: RunningRequest): void {
    const limit = running.obligations.limits.rows;
    if (expected.cursor !== null) expected.cursor.rows += facts.documents;
    if (limit === undefined || expected.cut !== null) return;
    const rows = expected.cursor?.rows ?? running.rows;
    if (rows > limit)
      expected.cut = new GatewayError(
        'limit',
        'row-limit',
        `more than ${limit} documents, the limit for you here`,
      );
  }

  /** The error stands for the whole reply; a cursor that it would have opened or continued is killed. */
  #cut({ responseTo, body }: OpMsg, facts: ReplyFacts, error: GatewayError, out: Outbox): void {
    out.client(encodeOpMsgDocument(this.#notes.nextRequestId(), responseTo, errorDocument(error)));
    if (facts.cursorId !== 0n) this.#killCursor(body, facts, out);
  }

  /** Remembers a cursor that stays open, forgets one that is done; false when the reply was replaced. */
  #keepCursor(message: OpMsg, facts: ReplyFacts, expected: ExpectedReply, out: Outbox): boolean {
    if (facts.cursorId === 0n || expected.opens === null) return true;
    if (this.#cursors.find(facts.cursorId) !== undefined) return true;
    const { statement, namespace } = expected.opens;
    if (this.#cursors.add(facts.cursorId, { statement, namespace, rows: facts.documents })) return true;
    const error = new GatewayError(
      'limit',
      'too-many-cursors',
      'this session has all the open cursors that it may have',
    );
    this.#cut(message, facts, error, out);
    return false;
  }

  #killCursor(body: Buffer, facts: ReplyFacts, out: Outbox): void {
    const cursor =
      facts.cursor === null ? null : decodeFields(body, facts.cursor.valueStart, facts.cursor.valueEnd);
    const space = stringOf(cursor?.get('ns')) ?? '';
    const dot = space.indexOf('.');
    this.#cursors.remove(facts.cursorId);
    const requestId = this.#notes.nextRequestId();
    out.upstream(
      encodeOpMsgDocument(requestId, 0, {
        killCursors: space.slice(dot + 1),
        cursors: [facts.cursorId],
        $db: space.slice(0, dot),
      }),
    );
    this.#queue.expect({
      requestId,
      running: null,
      shape: 'none',
      cursor: null,
      opens: null,
      cut: null,
      changesCatalog: false,
    });
  }

  /** Replaces an error, or a write's list of errors, by one without values; false when there is none. */
  #redact({ responseTo, body }: OpMsg, facts: ReplyFacts, out: Outbox): boolean {
    assertWellFormed(body, 0, body.length);
    const fields = decodeFields(body, 0, body.length);
    const writeErrors = itemsOf(fields.get('writeErrors'))?.map(fieldsOf);
    if (facts.ok && writeErrors === undefined) return false;
    const document = facts.ok
      ? { ok: 1, n: facts.affected, writeErrors: redactedWriteErrors(writeErrors ?? []) }
      : redactedError(fields);
    out.client(encodeOpMsgDocument(this.#notes.nextRequestId(), responseTo, document));
    return true;
  }

  #finish(facts: ReplyFacts, expected: ExpectedReply, running: RunningRequest, out: Outbox): void {
    if (expected.changesCatalog && facts.ok) out.catalogChanged();
    if (expected.cut !== null) out.finish(running, 'cut', expected.cut.code);
    else if (facts.ok) out.finish(running, 'ok');
    else out.finish(running, 'error', String(facts.code ?? 'unknown'));
  }
}

function cursorIdOf({ fields }: Command): bigint {
  const id = fields.get('getMore');
  if (id?.kind === 'long') return id.value;
  return id?.kind === 'number' ? BigInt(Math.trunc(id.value)) : 0n;
}

/** The command as people write it; only when the audit keeps texts. */
function commandText({ body, sequences }: OpMsg): string {
  const fields = decodeFields(body, 0, body.length);
  const parts = [...fields].map(([key, value]) => `${key}: ${JSON.stringify(value, printable)}`);
  for (const { identifier, documents } of sequences)
    parts.push(`${identifier}: ${documents.length} documents`);
  return `{ ${parts.join(', ')} }`.slice(0, MAX_TEXT);
}

/** Values of the reader's own kinds, as plain JSON. */
function printable(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (typeof value !== 'object' || value === null || !('kind' in value)) return value;
  const entry = value as {
    readonly kind: string;
    readonly value?: unknown;
    readonly fields?: unknown;
    readonly items?: unknown;
  };
  return entry.value ?? entry.fields ?? entry.items ?? entry.kind;
}

/** The same message with `maxTimeMS` in its body; sequences stay as received, a checksum goes. */
function withTimeLimit({ body, requestId, responseTo, flags }: OpMsg, frame: Frame, limitMs: number): Buffer {
  const addition = serialize({ maxTimeMS: limitMs }).subarray(4, -1);
  const newBody = Buffer.concat([body.subarray(0, -1), addition, Buffer.from([0])]);
  newBody.writeInt32LE(newBody.length, 0);
  const sections = frame.bytes.subarray(
    frame.start + FLAGS_OFFSET + 4,
    frame.end - ((flags & FLAG.checksumPresent) === 0 ? 0 : 4),
  );
  const at = body.byteOffset - sections.byteOffset;
  const head = Buffer.alloc(FLAGS_OFFSET + 4);
  const message = Buffer.concat([
    head,
    sections.subarray(0, at),
    newBody,
    sections.subarray(at + body.length),
  ]);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(requestId, 4);
  message.writeInt32LE(responseTo, 8);
  message.writeInt32LE(OPCODE.msg, 12);
  message.writeUInt32LE((flags & ~FLAG.checksumPresent) >>> 0, FLAGS_OFFSET);
  return message;
}

const FLAGS_OFFSET = 16;
const MAX_TEXT = 65_536;
const LOGIN_COMMANDS = new Set([
  'saslStart',
  'saslContinue',
  'authenticate',
  'logout',
  'getnonce',
  'copydbgetnonce',
  'copydbsaslstart',
]);
const READS_VIEWS = new Set(['find', 'aggregate', 'count', 'distinct', 'explain', 'create']);
const TAKES_TIME_LIMIT = new Set([
  'find',
  'aggregate',
  'count',
  'distinct',
  'insert',
  'update',
  'delete',
  'findAndModify',
  'findandmodify',
]);
