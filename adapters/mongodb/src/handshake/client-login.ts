import type {
  Admission,
  ClientLogin,
  Credentials,
  LoginOutbox,
  LoginStep,
  ScramServerExchange,
  SessionServices,
  TlsFacts,
} from '@gatehouse/adapter';
import type { GatewayError } from '@gatehouse/model';
import { type Frame, WireError } from '@gatehouse/wire';
import type { Document } from 'bson';
import {
  type BsonFields,
  type BsonValue,
  decodeFields,
  fieldsOf,
  isTruthy,
  stringOf,
} from '../bson/value.ts';
import { assertWellFormed } from '../bson/walk.ts';
import { TLS_RECORD } from '../codec/message-codec.ts';
import { CommandRefused, readCommand } from '../messages/command.ts';
import { decodeOpMsg, encodeOpMsgDocument, FLAG } from '../messages/op-msg.ts';
import { decodeOpQuery } from '../messages/op-query.ts';
import { encodeOpReply } from '../messages/op-reply.ts';
import { OPCODE } from '../messages/opcode.ts';
import { errorDocument } from '../respond/error-reply.ts';
import { isHello } from './is-hello.ts';

/**
 * The login of a MongoDB client: hello (answered here, as often as asked), SCRAM-SHA-256 with or
 * without speculation, or PLAIN over TLS.
 *
 * ```text
 * hello                       -> reply                                  (monitors stay here for ever)
 * hello{speculative saslStart}-> identify -> reply{speculative: server-first}
 * saslStart                   -> identify -> server-first
 * saslContinue(client-final)  -> proved -> admit: server-final          (an empty exchange may follow, in the relay)
 * saslStart PLAIN             -> identify -> proved -> admit
 * anything else               -> error 13, still waiting
 * ```
 */
export class MongoClientLogin implements ClientLogin {
  readonly #services: SessionServices;
  readonly #notes: LoginNotes;
  readonly #helloReply: (command: Pick<LoginCommand, 'name' | 'fields'>) => Document;
  #isSecure = false;
  #pending: PendingReply | null = null;
  #scram: ScramServerExchange | null = null;
  #proof: SaslStart | null = null;
  #serverFinal = '';
  #skipEmpty = false;

  constructor(
    services: SessionServices,
    notes: LoginNotes,
    hello: (command: Pick<LoginCommand, 'name' | 'fields'>) => Document,
  ) {
    this.#services = services;
    this.#notes = notes;
    this.#helloReply = hello;
  }

  greet(): void {}

  secured(_tls: TlsFacts): void {
    this.#isSecure = true;
  }

  receive(frame: Frame, out: LoginOutbox): LoginStep {
    if (frame.type === TLS_RECORD) return { kind: 'start-tls', reply: Buffer.alloc(0), early: 'keep' };
    const command = readLoginCommand(frame);
    this.#pending = command.reply;
    if (isHello(command.name)) return this.#hello(command, out);
    if (this.#services.tlsRequired && !this.#isSecure)
      return this.#refuse(out, 'TLS is required here; connect with tls=true');
    if (command.name === 'saslStart') return this.#saslStart(command.fields, out);
    if (command.name === 'saslContinue') return this.#saslContinue(command.fields, out);
    this.#send(out, {
      ok: 0,
      errmsg: `command ${printable(command.name)} requires authentication`,
      code: 13,
      codeName: 'Unauthorized',
    });
    return MORE;
  }

  identified(credentials: Credentials, out: LoginOutbox): LoginStep {
    const start = this.#proof!;
    this.#proof = null;
    if (start.mechanism === 'PLAIN') {
      const proof = credentials.secret(start.secret);
      return proof.ok ? this.#proved(proof.tokenId, 'PLAIN', true) : { kind: 'failed', method: 'PLAIN' };
    }
    this.#scram = credentials.scram({ mechanism: 'SCRAM-SHA-256', plusOffered: false });
    const serverFirst = this.#scram.first(start.clientFirst);
    if (serverFirst === null) return { kind: 'failed', method: 'SCRAM-SHA-256' };
    this.#send(out, saslReply(serverFirst, false));
    return MORE;
  }

  admit(_admission: Admission, out: LoginOutbox): void {
    const done = this.#skipEmpty || this.#serverFinal === '';
    this.#notes.expectsEmptyExchange = !done;
    this.#send(out, saslReply(this.#serverFinal, done));
  }

  reject(error: GatewayError, out: LoginOutbox): void {
    this.#send(out, errorDocument(error));
  }

  #hello(command: LoginCommand, out: LoginOutbox): LoginStep {
    const { fields } = command;
    const client = fieldsOf(fields.get('client'));
    const application =
      stringOf(fieldsOf(client?.get('application'))?.get('name')) ??
      stringOf(fieldsOf(client?.get('driver'))?.get('name'));
    if (application !== null) this.#notes.application = application.slice(0, 128);
    const reply = this.#helloReply(command);
    if (fields.has('saslSupportedMechs')) reply['saslSupportedMechs'] = ['SCRAM-SHA-256'];
    const speculative = fieldsOf(fields.get('speculativeAuthenticate'));
    const start =
      speculative === null || (this.#services.tlsRequired && !this.#isSecure)
        ? null
        : readSaslStart(speculative);
    if (start === null || start.mechanism !== 'SCRAM-SHA-256') {
      this.#send(out, reply);
      return MORE;
    }
    this.#pending = {
      ...this.#pending!,
      // A refusal stands for the whole reply: a hello without it would be followed by a closed connection.
      wrap: (document) => (document['ok'] === 1 ? { ...reply, speculativeAuthenticate: document } : document),
    };
    return this.#identify(start);
  }

  #saslStart(fields: BsonFields, out: LoginOutbox): LoginStep {
    const start = readSaslStart(fields);
    if (start === null) return this.#refuse(out, 'only SCRAM-SHA-256 is offered, and PLAIN over TLS');
    if (start.mechanism === 'PLAIN' && !this.#isSecure) return this.#refuse(out, 'PLAIN needs TLS');
    return this.#identify(start);
  }

  #identify(start: SaslStart): LoginStep {
    this.#proof = start;
    this.#skipEmpty = start.skipEmptyExchange;
    const { application } = this.#notes;
    return {
      kind: 'identify',
      claim: { user: start.user, ...(application === undefined ? {} : { application }) },
    };
  }

  #saslContinue(fields: BsonFields, out: LoginOutbox): LoginStep {
    const scram = this.#scram;
    this.#scram = null;
    if (scram === null) return this.#refuse(out, 'saslContinue without saslStart');
    const result = scram.final(payloadOf(fields.get('payload')));
    if (!result.ok) return { kind: 'failed', method: 'SCRAM-SHA-256' };
    this.#serverFinal = result.serverFinal;
    return this.#proved(result.tokenId, 'SCRAM-SHA-256', this.#skipEmpty);
  }

  #proved(tokenId: string, method: string, skipEmpty: boolean): LoginStep {
    this.#skipEmpty = skipEmpty;
    return { kind: 'proved', tokenId, method };
  }

  #refuse(out: LoginOutbox, errmsg: string): LoginStep {
    this.#send(out, { ok: 0, errmsg, code: 18, codeName: 'AuthenticationFailed' });
    return MORE;
  }

  #send(out: LoginOutbox, document: Document): void {
    const { requestId, isLegacy, wrap } = this.#pending ?? { requestId: 0, isLegacy: false };
    const body = wrap === undefined ? document : wrap(document);
    const id = this.#notes.nextRequestId();
    out.client(isLegacy ? encodeOpReply(id, requestId, body) : encodeOpMsgDocument(id, requestId, body));
  }
}

/** What the login leaves for the relay. */
export interface LoginNotes {
  application: string | undefined;
  /** The client will send one more, empty `saslContinue`. */
  expectsEmptyExchange: boolean;
  nextRequestId(): number;
}

interface PendingReply {
  readonly requestId: number;
  readonly isLegacy: boolean;
  readonly wrap?: (document: Document) => Document;
}

interface LoginCommand {
  readonly name: string;
  readonly fields: BsonFields;
  readonly reply: PendingReply;
}

interface SaslStart {
  readonly mechanism: 'SCRAM-SHA-256' | 'PLAIN';
  readonly user: string;
  readonly clientFirst: string;
  readonly secret: string;
  readonly skipEmptyExchange: boolean;
}

/** A command before the login: OP_MSG, or OP_QUERY with one of the names of hello. */
function readLoginCommand(frame: Frame): LoginCommand {
  if (frame.type === OPCODE.query) return readLegacyHello(frame);
  if (frame.type !== OPCODE.msg) throw new WireError('malformed', 'opcode');
  const message = decodeOpMsg(frame);
  if ((message.flags & FLAG.moreToCome) !== 0)
    throw new WireError('malformed', 'request without a reply before the login');
  try {
    const { name, fields } = readCommand(message);
    return { name, fields, reply: { requestId: message.requestId, isLegacy: false } };
  } catch (error) {
    if (error instanceof CommandRefused) throw new WireError('malformed', error.code);
    throw error;
  }
}

function readLegacyHello(frame: Frame): LoginCommand {
  const { requestId, document, collection } = decodeOpQuery(frame);
  assertWellFormed(document, 0, document.length);
  const fields = decodeFields(document, 0, document.length);
  const name = fields.keys().next().value ?? '';
  if (!isHello(name) || !collection.endsWith('.$cmd'))
    throw new WireError('malformed', 'legacy query that is not hello');
  return {
    name,
    fields,
    reply: { requestId, isLegacy: true },
  };
}

function readSaslStart(fields: BsonFields): SaslStart | null {
  const mechanism = stringOf(fields.get('mechanism'));
  const payload = payloadOf(fields.get('payload'));
  const skipEmptyExchange = isTruthy(fieldsOf(fields.get('options'))?.get('skipEmptyExchange'));
  if (mechanism === 'SCRAM-SHA-256') {
    const user = scramUser(payload);
    return user === null ? null : { mechanism, user, clientFirst: payload, secret: '', skipEmptyExchange };
  }
  if (mechanism !== 'PLAIN') return null;
  const [authorization, user = '', secret = '', ...more] = payload.split('\0');
  // RFC 4616: nobody acts as somebody else here.
  if (user === '' || more.length > 0 || (authorization !== '' && authorization !== user)) return null;
  return { mechanism, user, clientFirst: '', secret, skipEmptyExchange: true };
}

function payloadOf(value: BsonValue | undefined): string {
  if (value?.kind === 'binary') return value.bytes.toString('utf8');
  return value?.kind === 'string' ? Buffer.from(value.value, 'base64').toString('utf8') : '';
}

/** The user in a client-first message (RFC 5802, section 5.1: `=2C` and `=3D` stand for `,` and `=`). */
function scramUser(clientFirst: string): string | null {
  // MongoDB binds no channel, and an authorization identity is not taken.
  const match = /^[ny],,n=([^,]+),/.exec(clientFirst);
  const escaped = match?.[1];
  if (escaped === undefined || /=(?!2C|3D)/.test(escaped)) return null;
  return escaped.replaceAll('=2C', ',').replaceAll('=3D', '=');
}

function saslReply(payload: string, done: boolean): Document {
  return { conversationId: 1, done, payload: Buffer.from(payload, 'utf8'), ok: 1 };
}

function printable(name: string): string {
  return name.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
}

const MORE: LoginStep = { kind: 'more' };
