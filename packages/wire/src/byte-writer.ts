/**
 * Writes values into a growing buffer and hands out the finished bytes.
 *
 * Grows by doubling; `take` returns a view of what was written and starts anew with the space behind
 * it, so that the bytes handed out are never written to again.
 */
export class ByteWriter {
  #bytes: Buffer;
  #start = 0;
  #at = 0;

  constructor(initialBytes = 1024) {
    this.#bytes = Buffer.allocUnsafe(initialBytes);
  }

  /** How many bytes were written since the last `take`. */
  get length(): number {
    return this.#at - this.#start;
  }

  uint8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  int16be(value: number): this {
    this.#reserve(2);
    this.#at = this.#bytes.writeInt16BE(value, this.#at);
    return this;
  }

  int32be(value: number): this {
    this.#reserve(4);
    this.#at = this.#bytes.writeInt32BE(value, this.#at);
    return this;
  }

  uint32be(value: number): this {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32BE(value, this.#at);
    return this;
  }

  uint16le(value: number): this {
    this.#reserve(2);
    this.#at = this.#bytes.writeUInt16LE(value, this.#at);
    return this;
  }

  uint24le(value: number): this {
    this.#reserve(3);
    this.#at = this.#bytes.writeUIntLE(value, this.#at, 3);
    return this;
  }

  uint32le(value: number): this {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
    return this;
  }

  int32le(value: number): this {
    this.#reserve(4);
    this.#at = this.#bytes.writeInt32LE(value, this.#at);
    return this;
  }

  uint64le(value: bigint): this {
    this.#reserve(8);
    this.#at = this.#bytes.writeBigUInt64LE(value, this.#at);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  utf8(value: string): this {
    this.#reserve(value.length * 3);
    this.#at += this.#bytes.write(value, this.#at, 'utf8');
    return this;
  }

  /** A NUL-terminated UTF-8 string. A NUL inside would end it early for the reader, so it is refused. */
  cstring(value: string): this {
    if (value.includes('\0')) throw new RangeError('a NUL inside a NUL-terminated string');
    return this.utf8(value).uint8(0);
  }

  zeros(count: number): this {
    this.#reserve(count);
    this.#bytes.fill(0, this.#at, this.#at + count);
    this.#at += count;
    return this;
  }

  /** Leaves a gap of `count` bytes and returns its position for `patch*`. */
  gap(count: number): number {
    this.#reserve(count);
    const position = this.length;
    this.#at += count;
    return position;
  }

  patchInt32be(position: number, value: number): this {
    this.#bytes.writeInt32BE(value, this.#start + position);
    return this;
  }

  patchInt32le(position: number, value: number): this {
    this.#bytes.writeInt32LE(value, this.#start + position);
    return this;
  }

  patchUint24le(position: number, value: number): this {
    this.#bytes.writeUIntLE(value, this.#start + position, 3);
    return this;
  }

  patchUint8(position: number, value: number): this {
    this.#bytes[this.#start + position] = value;
    return this;
  }

  /** Forgets what was written behind a position since the last `take`. */
  rewind(position: number): this {
    if (position < 0 || position > this.length) throw new RangeError('rewind behind what was written');
    this.#at = this.#start + position;
    return this;
  }

  /** Hands out what was written since the last `take`. */
  take(): Buffer {
    const done = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return done;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const pending = this.length;
    const next = Buffer.allocUnsafe(Math.max((pending + count) * 2, 1024));
    this.#bytes.copy(next, 0, this.#start, this.#at);
    this.#bytes = next;
    this.#start = 0;
    this.#at = pending;
  }
}
