/**
 * The answer to COM_STMT_PREPARE: PREPARE_OK, then parameter and column definitions; relayed as it comes.
 *
 * ```text
 * ERR | PREPARE_OK [parameter x n, EOF] [column x n, EOF]        no EOF with CLIENT_DEPRECATE_EOF
 * ```
 */
import type { Outbox, RunningRequest } from '@gatehouse/adapter';
import { type Frame, WireError } from '@gatehouse/wire';
import { payloadOf } from '../codec/packet.ts';
import { type ComStmtPrepareOk, decodeComStmtPrepareOk } from '../messages/com-stmt-prepare.ts';
import { decodeErrPacket } from '../messages/err-packet.ts';
import type { SessionState } from '../session-state.ts';
import { type ExpectedReply, sequenceOf } from './expected-reply.ts';
import { redactErr } from './redact-err.ts';

export class PrepareReply implements ExpectedReply {
  readonly running: RunningRequest;
  readonly barrier = true;
  readonly wantsFile = false;
  readonly #session: SessionState;
  readonly #prepared: (ok: ComStmtPrepareOk | null) => void;
  #packetsLeft = -1;
  #next: number | 'first' | null = 'first';

  /** `prepared` is told the server's answer; null for an error. */
  constructor(
    session: SessionState,
    running: RunningRequest,
    prepared: (ok: ComStmtPrepareOk | null) => void,
  ) {
    this.#session = session;
    this.running = running;
    this.#prepared = prepared;
  }

  receive(frame: Frame, out: Outbox): boolean {
    if (!frame.first || !frame.last) throw new WireError('malformed', 'answer to a prepare in pieces');
    this.#next = (sequenceOf(frame) + 1) & 0xff;
    if (this.#packetsLeft < 0) return this.#head(frame, out);
    out.forwardToClient(frame);
    this.#packetsLeft -= 1;
    return this.#packetsLeft === 0 ? this.#end(out) : false;
  }

  expire(): boolean {
    return false;
  }

  fileSent(): void {}

  nextSequence(): number | 'first' | null {
    return this.#next;
  }

  #head(frame: Frame, out: Outbox): boolean {
    const payload = payloadOf(frame.bytes, frame.start, frame.end);
    if (frame.type === 0xff) {
      this.#prepared(null);
      if (this.running.obligations.redactDiagnostics) out.client(redactErr(sequenceOf(frame), payload));
      else out.forwardToClient(frame);
      out.finish(this.running, 'error', String(decodeErrPacket(payload).code));
      return true;
    }
    if (frame.type !== 0x00) throw new WireError('malformed', 'answer to a prepare');
    const ok = decodeComStmtPrepareOk(payload);
    out.forwardToClient(frame);
    this.#prepared(ok);
    this.#packetsLeft = this.#block(ok.parameters) + this.#block(ok.columns);
    return this.#packetsLeft === 0 ? this.#end(out) : false;
  }

  #block(definitions: number): number {
    return definitions === 0 ? 0 : definitions + (this.#session.negotiated.deprecateEof ? 0 : 1);
  }

  #end(out: Outbox): boolean {
    out.finish(this.running, 'ok');
    return true;
  }
}
