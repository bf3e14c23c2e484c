/**
 * Reads values from a view of bytes and refuses to read past its end.
 *
 * Every method throws `WireError` instead of returning less than was asked for, so that a lie in a
 * length is found where it is told. Does not copy: `bytes` lends a view.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    if (start < 0 || end > bytes.length || start > end) throw new WireError('range-outside-buffer');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  uint8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  uint16be(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  int16be(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  int32be(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  uint32be(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  uint16le(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  uint24le(): number {
    return this.#bytes.readUIntLE(this.#take(3), 3);
  }

  uint32le(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  int32le(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  uint64le(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  /** Lends the next `count` bytes. */
  bytes(count: number): Buffer {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** Lends the next `count` bytes without stepping over them. */
  peek(count: number): Buffer {
    if (count < 0 || count > this.#end - this.#at) throw new WireError('read-past-end');
    return this.#bytes.subarray(this.#at, this.#at + count);
  }

  /** Lends everything that is left. */
  rest(): Buffer {
    return this.bytes(this.remaining);
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** Lends the bytes up to a NUL and steps over it; a missing NUL is an error. */
  cstringBytes(): Buffer {
    const nul = this.#bytes.indexOf(0, this.#at);
    if (nul < 0 || nul >= this.#end) throw new WireError('string-not-terminated');
    const view = this.#bytes.subarray(this.#at, nul);
    this.#at = nul + 1;
    return view;
  }

  /** A NUL-terminated UTF-8 string. Bytes that are not UTF-8 become U+FFFD; use `cstringBytes` where that matters. */
  cstring(): string {
    return this.cstringBytes().toString('utf8');
  }

  /** Asserts that nothing is left: trailing bytes are a lie about the length. */
  end(): void {
    if (this.#at !== this.#end) throw new WireError('trailing-bytes');
  }

  #take(count: number): number {
    const start = this.#at;
    if (count < 0 || count > this.#end - start) throw new WireError('read-past-end');
    this.#at = start + count;
    return start;
  }
}

export type WireErrorCode =
  | 'read-past-end'
  | 'range-outside-buffer'
  | 'string-not-terminated'
  | 'trailing-bytes'
  | 'length-too-small'
  | 'frame-too-large'
  | 'malformed'
  | 'codec-unusable';

/** Bytes that do not follow their protocol. Whoever throws it is not used again (invariant I6). */
export class WireError extends Error {
  readonly code: WireErrorCode;
  /** `detail` names the field, never its content. */
  constructor(code: WireErrorCode, detail = '') {
    super(detail === '' ? code : `${code}: ${detail}`);
    this.name = 'WireError';
    this.code = code;
  }
}
