import type { Codec } from '@gatehouse/adapter';
import { createFrame, FrameBuffer, type FrameLimits, WireError } from '@gatehouse/wire';

/**
 * Messages of the MongoDB wire protocol: 16 bytes of header, little-endian, whole messages only.
 *
 * `Frame.type` is the opcode. The first bytes of a connection may be a TLS record instead; that is
 * reported once as `TLS_RECORD` with nothing consumed, so that `drain` gives all of it to TLS.
 * <https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/>
 */
export class MessageCodec implements Codec {
  readonly frame = createFrame();
  readonly #buffer = new FrameBuffer();
  readonly #trustedBytes: number;
  #maxBytes: number;
  #first: boolean;
  #broken = false;

  /** `isTrusted: false` until somebody has logged in: only short messages, so that strangers fill no memory. */
  constructor(
    limits: FrameLimits,
    options: { readonly mayStartWithTls: boolean; readonly isTrusted: boolean },
  ) {
    this.#trustedBytes = Math.min(limits.maxFrameBytes, MAX_MESSAGE_BYTES);
    this.#maxBytes = options.isTrusted ? this.#trustedBytes : Math.min(this.#trustedBytes, MAX_LOGIN_BYTES);
    this.#first = options.mayStartWithTls;
  }

  /** The peer has logged in. */
  trust(): void {
    this.#maxBytes = this.#trustedBytes;
  }

  get bufferedBytes(): number {
    return this.#buffer.heldBytes;
  }

  push(chunk: Buffer): void {
    this.#buffer.append(chunk);
  }

  next(): boolean {
    if (this.#broken) throw new WireError('codec-unusable');
    const { bytes, offset, length } = this.#buffer;
    if (this.#first && length > 0) {
      if (bytes[offset] === TLS_HANDSHAKE && (length === 1 || bytes[offset + 1] === TLS_MAJOR))
        return this.#tls(bytes, offset, length);
      this.#first = false;
    }
    if (length < 4) return false;
    const total = bytes.readInt32LE(offset);
    if (total < HEADER_BYTES || total > this.#maxBytes) {
      this.#broken = true;
      throw new WireError(total < HEADER_BYTES ? 'length-too-small' : 'frame-too-large', 'message');
    }
    if (length < total) {
      this.#buffer.want(total);
      return false;
    }
    this.#fill(bytes, offset, total, bytes.readInt32LE(offset + 12));
    this.#buffer.advance(total);
    return true;
  }

  drain(): Buffer {
    return this.#buffer.drain();
  }

  #tls(bytes: Buffer, offset: number, length: number): boolean {
    if (length < 2) return false;
    this.#first = false;
    this.#fill(bytes, offset, 0, TLS_RECORD);
    return true;
  }

  #fill(bytes: Buffer, offset: number, total: number, type: number): void {
    const { frame } = this;
    frame.bytes = bytes;
    frame.start = offset;
    frame.end = offset + total;
    frame.type = type;
    frame.totalBytes = total;
  }
}

/** Not an opcode: the connection begins with TLS. */
export const TLS_RECORD = -1;
const HEADER_BYTES = 16;
/** `maxMessageSizeBytes` of every server version in use. */
export const MAX_MESSAGE_BYTES = 48_000_000;

/** Before the login. The largest thing that belongs there is the driver's description of itself (512 bytes) and a token. */
export const MAX_LOGIN_BYTES = 64 * 1024;

const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR = 0x03;
