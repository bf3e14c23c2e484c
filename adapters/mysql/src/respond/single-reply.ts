/**
 * Replies without rows, relayed as they come: one packet (PING, INIT_DB, SET_OPTION, STATISTICS …), or
 * column definitions up to their end (FIELD_LIST).
 */
import type { Outbox, RunningRequest } from '@gatehouse/adapter';
import type { Frame } from '@gatehouse/wire';
import { payloadOf } from '../codec/packet.ts';
import { decodeEofPacket } from '../messages/eof-packet.ts';
import { decodeErrPacket } from '../messages/err-packet.ts';
import { decodeOkPacket } from '../messages/ok-packet.ts';
import type { SessionState } from '../session-state.ts';
import { type ExpectedReply, sequenceOf } from './expected-reply.ts';
import { noteStatus, noteUnpinnedStatus } from './note-status.ts';

export interface SingleReplyOptions {
  readonly session: SessionState;
  readonly form: 'ok' | 'text' | 'columns';
  readonly running: RunningRequest | null;
  readonly barrier: boolean;
  /** The pins are set again behind it. */
  readonly unpinned?: boolean;
  /** Called when it is complete, before anything behind it is classified. */
  done?(succeeded: boolean, out: Outbox): void;
}

export class SingleReply implements ExpectedReply {
  readonly running: RunningRequest | null;
  readonly barrier: boolean;
  readonly wantsFile = false;
  readonly #options: SingleReplyOptions;
  #next: number | 'first' | null = 'first';

  constructor(options: SingleReplyOptions) {
    this.#options = options;
    this.running = options.running;
    this.barrier = options.barrier;
  }

  receive(frame: Frame, out: Outbox): boolean {
    out.forwardToClient(frame);
    if (frame.first) this.#next = (sequenceOf(frame) + 1) & 0xff;
    if (!frame.last) return false;
    const { form, session } = this.#options;
    if (frame.type === 0xff) return this.#end(out, String(decodeErrPacket(payload(frame)).code));
    if (form === 'text') return this.#end(out);
    const note = this.#options.unpinned === true ? noteUnpinnedStatus : noteStatus;
    if (frame.type === 0x00) note(session, decodeOkPacket(payload(frame)).status);
    else if (frame.type === 0xfe) note(session, endStatus(payload(frame)));
    else return false;
    return this.#end(out);
  }

  expire(): boolean {
    return false;
  }

  fileSent(): void {}

  nextSequence(): number | 'first' | null {
    return this.#next;
  }

  #end(out: Outbox, code?: string): boolean {
    this.#options.done?.(code === undefined, out);
    if (this.running !== null) out.finish(this.running, code === undefined ? 'ok' : 'error', code);
    return true;
  }
}

/** SET_OPTION and column lists end with EOF (5 bytes) or with an OK that has its place (7 and more). */
function endStatus(bytes: Buffer): number {
  return (bytes.length < 7 ? decodeEofPacket(bytes) : decodeOkPacket(bytes)).status;
}

function payload(frame: Frame): Buffer {
  return payloadOf(frame.bytes, frame.start, frame.end);
}
