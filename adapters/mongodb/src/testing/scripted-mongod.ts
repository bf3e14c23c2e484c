import type { ScriptedServer } from '@gatehouse/adapter/testkit';
import { DEFAULT_FRAME_LIMITS } from '@gatehouse/wire';
import type { Document } from 'bson';
import { MessageCodec } from '../codec/message-codec.ts';
import { encodeOpMsgDocument, FLAG } from '../messages/op-msg.ts';
import { repliesIn } from './messages.ts';

/** Answers `hello` and SCRAM by itself and everything else as the script says; `null` is CommandNotFound. */
export class ScriptedMongod implements ScriptedServer {
  /** Every command after the login, in order. */
  readonly received: Document[] = [];
  /** The same as bytes. */
  readonly messages: Buffer[] = [];
  readonly #answer: (command: Document) => Document | null;
  readonly #codec = new MessageCodec(DEFAULT_FRAME_LIMITS, { mayStartWithTls: false, isTrusted: true });
  #requestId = 1000;

  constructor(answer: (command: Document) => Document | null) {
    this.#answer = answer;
  }

  receive(bytes: Buffer): Buffer {
    const replies: Buffer[] = [];
    this.#codec.push(bytes);
    while (this.#codec.next()) {
      const { frame } = this.#codec;
      const message = frame.bytes.subarray(frame.start, frame.end);
      const [command] = repliesIn(message);
      const reply = this.#reply(command!.document, message);
      this.#requestId += 1;
      if ((command!.flags & FLAG.moreToCome) === 0)
        replies.push(encodeOpMsgDocument(this.#requestId, command!.requestId, reply));
    }
    return Buffer.concat(replies);
  }

  #reply(command: Document, message: Buffer): Document {
    if ('hello' in command) return { ok: 1, isWritablePrimary: true, maxWireVersion: 21 };
    if ('saslStart' in command)
      return { ok: 1, conversationId: 1, done: false, payload: Buffer.from('server-first') };
    if ('saslContinue' in command)
      return { ok: 1, conversationId: 1, done: true, payload: Buffer.from('server-final') };
    this.received.push(command);
    this.messages.push(Buffer.from(message));
    return (
      this.#answer(command) ?? { ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: 'no such command' }
    );
  }
}
