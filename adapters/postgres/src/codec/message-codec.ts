import type { Codec } from '@gatehouse/adapter';
import { createFrame, FrameBuffer, type FrameLimits, WireError } from '@gatehouse/wire';

/**
 * Messages of the Postgres protocol in one direction (manual, section 54.7, "Message Formats").
 *
 * ```text
 * client:   untyped start-up packets (int32 length, int32 code), then byte type, int32 length: small ones while
 *           the login lasts (`login`), any from then on (`typed`)
 * upstream: one byte answer to SSLRequest in mode `tls-answer`, otherwise typed messages
 * ```
 * A client's first byte 0x16 is a TLS record (direct TLS); it is reported once as `TLS_RECORD` with nothing
 * consumed. Frames over `wholeFrameBytes` come in pieces where `mayPass` says that nobody needs them
 * whole, and are joined up to `MAX_WHOLE_BYTES` otherwise.
 */
export type CodecMode = 'startup' | 'tls-answer' | 'login' | 'typed';

export class MessageCodec implements Codec {
  readonly frame = createFrame();
  readonly #buffer = new FrameBuffer();
  readonly #limits: FrameLimits;
  readonly #mayPass: (type: number) => boolean;
  #mode: CodecMode;
  #remaining = 0;
  #broken = false;
  #isFirst = true;

  constructor(limits: FrameLimits, mode: CodecMode, mayPass: (type: number) => boolean) {
    this.#limits = limits;
    this.#mode = mode;
    this.#mayPass = mayPass;
  }

  get bufferedBytes(): number {
    return this.#buffer.heldBytes;
  }

  /** True between the first and the last piece of a frame. */
  get isInside(): boolean {
    return this.#remaining > 0;
  }

  setMode(mode: CodecMode): void {
    this.#mode = mode;
    this.#isFirst = mode === 'startup';
  }

  push(chunk: Buffer): void {
    this.#buffer.append(chunk);
  }

  next(): boolean {
    if (this.#broken) throw new WireError('codec-unusable');
    if (this.#buffer.length === 0) return false;
    if (this.#remaining > 0) return this.#piece();
    if (this.#mode === 'startup') return this.#startup();
    return this.#mode === 'tls-answer' ? this.#tlsAnswer() : this.#typed();
  }

  drain(): Buffer {
    this.#isFirst = true;
    return this.#buffer.drain();
  }

  #typed(): boolean {
    const { bytes, offset, length } = this.#buffer;
    if (length < HEADER_BYTES) return false;
    const total = bytes.readUInt32BE(offset + 1) + 1;
    if (total < HEADER_BYTES) this.#fail('length-too-small');
    if (total > this.#limits.maxFrameBytes || (this.#mode === 'login' && total > MAX_LOGIN_BYTES))
      this.#fail('frame-too-large');
    if (length >= total) return this.#give(bytes[offset]!, total, total);
    if (total > this.#limits.wholeFrameBytes && this.#mayPass(bytes[offset]!)) {
      this.#remaining = total - length;
      return this.#give(bytes[offset]!, length, total);
    }
    if (total > MAX_WHOLE_BYTES) this.#fail('frame-too-large');
    this.#buffer.want(total);
    return false;
  }

  #piece(): boolean {
    const size = Math.min(this.#remaining, this.#buffer.length);
    this.#remaining -= size;
    const { frame } = this;
    frame.bytes = this.#buffer.bytes;
    frame.start = this.#buffer.offset;
    frame.end = frame.start + size;
    frame.first = false;
    frame.last = this.#remaining === 0;
    this.#buffer.advance(size);
    return true;
  }

  #startup(): boolean {
    const { bytes, offset, length } = this.#buffer;
    if (this.#isFirst && bytes[offset] === TLS_HANDSHAKE) {
      this.#isFirst = false;
      return this.#give(TLS_RECORD, 0, 0);
    }
    this.#isFirst = false;
    if (length < 4) return false;
    const total = bytes.readUInt32BE(offset);
    if (total < 8) this.#fail('length-too-small');
    if (total > MAX_STARTUP_BYTES) this.#fail('frame-too-large');
    return length >= total && this.#give(STARTUP_PACKET, total, total);
  }

  #tlsAnswer(): boolean {
    this.#mode = 'typed';
    return this.#give(TLS_ANSWER, 1, 1);
  }

  #give(type: number, size: number, total: number): true {
    const { frame } = this;
    frame.bytes = this.#buffer.bytes;
    frame.start = this.#buffer.offset;
    frame.end = frame.start + size;
    frame.type = type;
    frame.totalBytes = total;
    frame.first = true;
    frame.last = size === total;
    this.#buffer.advance(size);
    return true;
  }

  #fail(code: 'length-too-small' | 'frame-too-large'): never {
    this.#broken = true;
    throw new WireError(code, 'message');
  }
}

/** Not message types: a packet before the types begin, a TLS record, and the one-byte answer to SSLRequest. */
export const STARTUP_PACKET = -1;
export const TLS_RECORD = -2;
export const TLS_ANSWER = -3;

/** Messages that must be understood whole are refused above this. */
const MAX_WHOLE_BYTES = 16 * 1024 * 1024;
/** The server's own limit (`MAX_STARTUP_PACKET_LENGTH`). */
const MAX_STARTUP_BYTES = 10_000;
/** The server's own limit for what is sent before a login is complete (`PG_MAX_AUTH_TOKEN_LENGTH`). */
const MAX_LOGIN_BYTES = 65_535;
const HEADER_BYTES = 5;
const TLS_HANDSHAKE = 0x16;
