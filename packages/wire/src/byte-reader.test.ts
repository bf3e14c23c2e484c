import { describe, expect, it } from 'vitest';
import { ByteReader, WireError } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'nothing';
  } catch (error) {
    return error instanceof WireError ? error.code : 'other';
  }
}

describe('ByteReader', () => {
  it('reads back what ByteWriter wrote', () => {
    const bytes = new ByteWriter(1)
      .uint8(7)
      .int32be(-5)
      .uint24le(0x123456)
      .uint64le(9n)
      .cstring('grüß')
      .bytes(Buffer.from('xy'))
      .take();
    const reader = new ByteReader(bytes);
    expect([
      reader.uint8(),
      reader.int32be(),
      reader.uint24le(),
      reader.uint64le(),
      reader.cstring(),
    ]).toEqual([7, -5, 0x123456, 9n, 'grüß']);
    expect(reader.rest().toString()).toBe('xy');
    reader.end();
  });

  it('refuses to read past its end, also when bytes lie behind it', () => {
    const bytes = Buffer.from('abcdef');
    expect(codeOf(() => new ByteReader(bytes, 0, 3).int32be())).toBe('read-past-end');
    expect(codeOf(() => new ByteReader(bytes, 0, 3).bytes(-1))).toBe('read-past-end');
    expect(codeOf(() => new ByteReader(bytes, 4, 9))).toBe('range-outside-buffer');
  });

  it('does not find a terminator behind its end', () => {
    expect(codeOf(() => new ByteReader(Buffer.from('ab\0'), 0, 2).cstring())).toBe('string-not-terminated');
  });

  it('calls trailing bytes what they are', () => {
    expect(codeOf(() => new ByteReader(Buffer.from('a')).end())).toBe('trailing-bytes');
  });
});

describe('ByteWriter', () => {
  it('never writes to bytes that it handed out', () => {
    const writer = new ByteWriter(8);
    const first = writer.utf8('abc').take();
    writer.utf8('defghijklmnop');
    expect(first.toString()).toBe('abc');
    expect(writer.take().toString()).toBe('defghijklmnop');
  });

  it('patches a gap after the buffer has grown', () => {
    const writer = new ByteWriter(4);
    const gap = writer.gap(4);
    writer.utf8('x'.repeat(100));
    expect(writer.patchInt32be(gap, 42).take().readInt32BE(0)).toBe(42);
  });

  it('refuses a NUL inside a NUL-terminated string', () => {
    expect(() => new ByteWriter().cstring('a\0b')).toThrow(RangeError);
  });

  it('forgets what is rewound', () => {
    const writer = new ByteWriter();
    writer.utf8('abc');
    const mark = writer.length;
    expect(writer.utf8('def').rewind(mark).utf8('X').take().toString()).toBe('abcX');
  });
});
