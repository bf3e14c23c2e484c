/**
 * Where packets begin and end: 3-byte length, sequence id, payload.
 *
 * A logical packet whose payload reaches 16 MB - 1 goes on in the next packet; such packets, and all
 * that are larger than `wholeFrameBytes`, are handed over in pieces that contain the headers as they
 * were received. `frame.type` is the first payload byte, or -1 for an empty payload.
 * `frame.totalBytes` is the size of the first packet (the whole is not declared anywhere).
 *
 * ```text
 * header -> fits?  whole frame
 *        -> else   piece, piece, ... [header, piece, ...] last piece
 * ```
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 */
import type { Codec } from '@gatehouse/adapter';
import { createFrame, FrameBuffer, type FrameLimits, WireError } from '@gatehouse/wire';

export const HEADER_BYTES = 4;
/** A payload of this size is continued in the next packet. */
export const FULL_PAYLOAD_BYTES = 0xff_ffff;
/** `frame.type` of a packet without payload. */
export const EMPTY_PACKET = -1;

export class PacketCodec implements Codec {
  readonly frame = createFrame();
  readonly #buffer = new FrameBuffer();
  #limits: FrameLimits;
  /** Payload bytes of the current packet that are not handed over yet; only while a frame comes in pieces. */
  #left = 0;
  /** The current packet is full, so the frame goes on behind it. */
  #continues = false;
  #frameBytes = 0;
  #sequence = 0;
  #failed = false;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** Sequence id of the last packet header that was read. */
  get sequence(): number {
    return this.#sequence;
  }

  get bufferedBytes(): number {
    return this.#buffer.length;
  }

  /** Other bounds from the next frame on (logins are small). */
  limit(limits: FrameLimits): void {
    this.#limits = limits;
  }

  push(chunk: Buffer): void {
    this.#assertUsable();
    this.#buffer.append(chunk);
  }

  next(): boolean {
    this.#assertUsable();
    if (this.#left > 0) return this.#piece();
    if (this.#buffer.length < HEADER_BYTES) return false;
    return this.#continues ? this.#continuation() : this.#begin();
  }

  drain(): Buffer {
    this.#left = 0;
    this.#continues = false;
    return this.#buffer.drain();
  }

  #begin(): boolean {
    const { bytes, offset, length: available } = this.#buffer;
    const payload = bytes.readUIntLE(offset, 3);
    const total = payload + HEADER_BYTES;
    if (total > this.#limits.maxFrameBytes) this.#fail('frame-too-large');
    const inPieces = payload === FULL_PAYLOAD_BYTES || total > this.#limits.wholeFrameBytes;
    if (available < (inPieces ? HEADER_BYTES + 1 : total)) return false;
    this.#sequence = bytes[offset + 3]!;
    const frame = this.frame;
    frame.type = payload === 0 ? EMPTY_PACKET : bytes[offset + HEADER_BYTES]!;
    frame.totalBytes = total;
    this.#frameBytes = total;
    if (inPieces) {
      this.#continues = payload === FULL_PAYLOAD_BYTES;
      this.#left = payload;
      this.#hand(Math.min(available, total), HEADER_BYTES, true);
      return true;
    }
    frame.bytes = bytes;
    frame.start = offset;
    frame.end = offset + total;
    frame.first = true;
    frame.last = true;
    this.#buffer.advance(total);
    return true;
  }

  #continuation(): boolean {
    const { bytes, offset, length: available } = this.#buffer;
    const payload = bytes.readUIntLE(offset, 3);
    const sequence = bytes[offset + 3]!;
    if (sequence !== ((this.#sequence + 1) & 0xff)) this.#fail('malformed', 'sequence id');
    this.#frameBytes += payload + HEADER_BYTES;
    if (this.#frameBytes > this.#limits.maxFrameBytes) this.#fail('frame-too-large');
    this.#sequence = sequence;
    this.#continues = payload === FULL_PAYLOAD_BYTES;
    this.#left = payload;
    this.#hand(Math.min(available, payload + HEADER_BYTES), HEADER_BYTES, false);
    return true;
  }

  #piece(): boolean {
    if (this.#buffer.length === 0) return false;
    this.#hand(Math.min(this.#buffer.length, this.#left), 0, false);
    return true;
  }

  /** Fills the frame with the next `count` bytes, `header` of which are no payload. */
  #hand(count: number, header: number, first: boolean): void {
    const frame = this.frame;
    frame.bytes = this.#buffer.bytes;
    frame.start = this.#buffer.offset;
    frame.end = frame.start + count;
    frame.first = first;
    this.#left -= count - header;
    frame.last = this.#left === 0 && !this.#continues;
    this.#buffer.advance(count);
  }

  #assertUsable(): void {
    if (this.#failed) throw new WireError('codec-unusable');
  }

  #fail(code: 'frame-too-large' | 'malformed', detail = ''): never {
    this.#failed = true;
    throw new WireError(code, detail);
  }
}
