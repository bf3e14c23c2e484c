import { DEFAULT_FRAME_LIMITS, WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_LOGIN_BYTES, MessageCodec, TLS_RECORD } from './message-codec.ts';

const create = (options: Partial<{ mayStartWithTls: boolean; isTrusted: boolean }> = {}) =>
  new MessageCodec(DEFAULT_FRAME_LIMITS, { mayStartWithTls: false, isTrusted: true, ...options });

function message(length: number, opcode = 2013, total = length): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeInt32LE(total, 0);
  bytes.writeInt32LE(opcode, 12);
  return bytes;
}

/** Opcode and length of each frame, or the code of what was thrown. */
function framesOf(codec: MessageCodec, chunks: readonly Buffer[]): string[] {
  const frames: string[] = [];
  for (const chunk of chunks) {
    codec.push(chunk);
    try {
      while (codec.next()) frames.push(`${codec.frame.type} ${codec.frame.end - codec.frame.start}`);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return [...frames, error.code];
    }
  }
  return frames;
}

describe('messages', () => {
  it('are the same however the bytes are cut', () => {
    const bytes = Buffer.concat([message(16), message(40, 2004), message(21)]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(framesOf(create(), chunks)).toEqual(['2013 16', '2004 40', '2013 21']);
      }),
    );
  });

  it.each([
    ['too short for its own header', message(16, 2013, 15), 'length-too-small'],
    ['negative', message(16, 2013, -1), 'length-too-small'],
    ['larger than any message', message(16, 2013, 48_000_001), 'frame-too-large'],
  ])('with a length that is %s end the connection, and nothing is read after that', (_what, bytes, code) => {
    const codec = create();
    expect(framesOf(codec, [bytes])).toEqual([code]);
    expect(framesOf(codec, [message(16)])).toEqual(['codec-unusable']);
  });

  it('of strangers are short', () => {
    expect(framesOf(create({ isTrusted: false }), [message(16, 2013, MAX_LOGIN_BYTES + 1)])).toEqual([
      'frame-too-large',
    ]);
    const codec = create({ isTrusted: false });
    codec.trust();
    expect(framesOf(codec, [message(MAX_LOGIN_BYTES + 1)])).toEqual([`2013 ${MAX_LOGIN_BYTES + 1}`]);
  });

  it('may be preceded by TLS, whose bytes stay where they are', () => {
    const codec = create({ mayStartWithTls: true });
    codec.push(Buffer.from([0x16, 0x03, 0x01]));
    expect([codec.next(), codec.frame.type, codec.drain().toString('hex')]).toEqual([
      true,
      TLS_RECORD,
      '160301',
    ]);
  });

  it('of any bytes throw nothing but WireError, and hold no more than came', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (chunks) => {
        const codec = create({ mayStartWithTls: true, isTrusted: false });
        framesOf(
          codec,
          chunks.map((chunk) => Buffer.from(chunk)),
        );
        expect(codec.bufferedBytes).toBeLessThanOrEqual(chunks.reduce((sum, { length }) => sum + length, 0));
      }),
      { numRuns: 2_000 },
    );
  });
});
