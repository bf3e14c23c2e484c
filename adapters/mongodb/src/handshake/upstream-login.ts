import type {
  ScramClientExchange,
  UpstreamLogin,
  UpstreamOutbox,
  UpstreamStep,
  UpstreamTarget,
} from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import { type Frame, WireError } from '@gatehouse/wire';
import { type BsonFields, decodeFields, isTruthy, numberOf } from '../bson/value.ts';
import { assertWellFormed } from '../bson/walk.ts';
import { decodeOpMsg, encodeOpMsgDocument } from '../messages/op-msg.ts';
import { OPCODE } from '../messages/opcode.ts';

/**
 * The gateway's own login at the server: hello, then SCRAM-SHA-256 against `admin`.
 *
 * ```text
 * start -> (TLS) -> hello -> saslStart -> saslContinue -> ready
 * ```
 * The server's signature is verified before `ready`; a server that cannot sign is not trusted.
 */
export class MongoUpstreamLogin implements UpstreamLogin {
  readonly #target: UpstreamTarget;
  readonly #nextRequestId: () => number;
  readonly #scram: ScramClientExchange;
  #state: 'hello' | 'first' | 'final' | 'done' = 'hello';
  #requestId = 0;

  constructor(target: UpstreamTarget, nextRequestId: () => number) {
    this.#target = target;
    this.#nextRequestId = nextRequestId;
    this.#scram = target.credential.scram({ mechanism: 'SCRAM-SHA-256' });
  }

  start(out: UpstreamOutbox): UpstreamStep {
    if (this.#target.tls !== 'disable') return { kind: 'start-tls' };
    return this.#hello(out);
  }

  secured(_peerEndPoint: Buffer, out: UpstreamOutbox): UpstreamStep {
    return this.#hello(out);
  }

  receive(frame: Frame, out: UpstreamOutbox): UpstreamStep {
    if (frame.type !== OPCODE.msg) throw new WireError('malformed', 'opcode');
    const { responseTo, body } = decodeOpMsg(frame);
    if (responseTo !== this.#requestId) throw new WireError('malformed', 'reply to another request');
    assertWellFormed(body, 0, body.length);
    const reply = decodeFields(body, 0, body.length);
    if (!isTruthy(reply.get('ok'))) return failed(numberOf(reply.get('code')));
    switch (this.#state) {
      case 'hello':
        this.#state = 'first';
        return this.#send(out, {
          saslStart: 1,
          mechanism: 'SCRAM-SHA-256',
          payload: Buffer.from(this.#scram.first(), 'utf8'),
          options: { skipEmptyExchange: true },
          $db: 'admin',
        });
      case 'first':
        this.#state = 'final';
        return this.#continue(out, reply, this.#scram.final(payload(reply)));
      case 'final':
        if (!this.#scram.verify(payload(reply))) return failed(null);
        this.#state = 'done';
        return isTruthy(reply.get('done')) ? READY : this.#continue(out, reply, '');
      case 'done':
        return isTruthy(reply.get('done')) ? READY : failed(null);
    }
  }

  #hello(out: UpstreamOutbox): UpstreamStep {
    return this.#send(out, { hello: 1, $db: 'admin', client: CLIENT });
  }

  #continue(out: UpstreamOutbox, reply: BsonFields, text: string): UpstreamStep {
    const conversationId = numberOf(reply.get('conversationId')) ?? 1;
    return this.#send(out, {
      saslContinue: 1,
      conversationId,
      payload: Buffer.from(text, 'utf8'),
      $db: 'admin',
    });
  }

  #send(out: UpstreamOutbox, document: Record<string, unknown>): UpstreamStep {
    this.#requestId = this.#nextRequestId();
    out.upstream(encodeOpMsgDocument(this.#requestId, 0, document));
    return { kind: 'more' };
  }
}

function payload(reply: BsonFields): string {
  const value = reply.get('payload');
  return value?.kind === 'binary' ? value.bytes.toString('utf8') : '';
}

function failed(code: number | null): UpstreamStep {
  const error = new GatewayError('unavailable', 'upstream-login-failed', 'the database refused the gateway', {
    context: { server: code ?? 'unverified' },
  });
  return { kind: 'failed', error };
}

const CLIENT = { driver: { name: 'gatehouse', version: '0' }, os: { type: process.platform } };
const READY: UpstreamStep = { kind: 'ready' };
