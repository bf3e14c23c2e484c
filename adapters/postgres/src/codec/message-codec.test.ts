import { WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CodecMode, MessageCodec, STARTUP_PACKET, TLS_ANSWER, TLS_RECORD } from './message-codec.ts';

const LIMITS = { wholeFrameBytes: 64, maxFrameBytes: 4096 };
const COPY_DATA = 0x64;

function createCodec(mode: CodecMode, limits = LIMITS): MessageCodec {
  return new MessageCodec(limits, mode, (type) => type === COPY_DATA);
}

/** What a reader sees: type, first and last flags, and the bytes, in hex so that two runs can be compared. */
function readAll(codec: MessageCodec, chunks: readonly Buffer[]): string[] {
  const seen: string[] = [];
  for (const chunk of chunks) {
    codec.push(Buffer.from(chunk));
    while (codec.next()) {
      const { bytes, start, end, type, first, last } = codec.frame;
      seen.push(`${type} ${first} ${last} ${bytes.toString('hex', start, end)}`);
    }
  }
  return seen;
}

const single = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.of(byte));

function message(type: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head[0] = type;
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Frames without the pieces that a large one comes in: their bytes are joined. */
function joined(seen: readonly string[]): string[] {
  const whole: string[] = [];
  for (const line of seen) {
    const [type, first, , hex] = line.split(' ');
    if (first === 'true') whole.push(`${type} ${hex}`);
    else whole[whole.length - 1] += hex ?? '';
  }
  return whole;
}

describe('the message codec', () => {
  it('reads the same messages whether bytes come one by one or at once', () => {
    const messages = fc.array(
      fc.record({ type: fc.constantFrom(0x51, 0x50, COPY_DATA), body: fc.uint8Array({ maxLength: 200 }) }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(messages, (list) => {
        const bytes = Buffer.concat(list.map(({ type, body }) => message(type, body)));
        const expected = list.map(({ type, body }) => `${type} ${message(type, body).toString('hex')}`);
        expect(joined(readAll(createCodec('typed'), [bytes]))).toEqual(expected);
        expect(joined(readAll(createCodec('typed'), single(bytes)))).toEqual(expected);
      }),
    );
  });

  it.each(['startup', 'tls-answer', 'typed'] as const)(
    'throws nothing but a WireError for any bytes (%s)',
    (mode) => {
      const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
      fc.assert(
        fc.property(chunks, (list) => {
          const codec = createCodec(mode);
          try {
            readAll(codec, list.map(Buffer.from));
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
            expect(() => codec.next()).toThrow('codec-unusable');
          }
        }),
        { numRuns: 500 },
      );
    },
  );

  it.each([0, 1, 2, 3])(
    'refuses a typed message with length %i, which leaves no room for itself',
    (length) => {
      const codec = createCodec('typed');
      codec.push(Buffer.from([0x51, 0, 0, 0, length]));
      expect(() => codec.next()).toThrow('length-too-small');
    },
  );

  it.each([
    ['typed', Buffer.from([0x51, 0x00, 0x00, 0x10, 0x00]), 'frame-too-large'],
    ['typed', Buffer.from([0x51, 0xff, 0xff, 0xff, 0xff]), 'frame-too-large'],
    ['startup', Buffer.from([0xff, 0xff, 0xff, 0xff]), 'frame-too-large'],
    ['startup', Buffer.from([0, 0, 0x27, 0x11]), 'frame-too-large'],
    ['startup', Buffer.from([0, 0, 0, 7]), 'length-too-small'],
  ] as const)('refuses a lie in a length before the bytes have come (%s %#)', (mode, head, code) => {
    const codec = createCodec(mode);
    codec.push(head);
    expect(() => codec.next()).toThrow(code);
  });

  it('hands large messages over in pieces only where they may pass', () => {
    const body = Buffer.alloc(200, 1);
    const pieces = readAll(createCodec('typed'), [
      message(COPY_DATA, body).subarray(0, 100),
      message(COPY_DATA, body).subarray(100),
    ]);
    expect(pieces.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      '100 true false',
      '100 false true',
    ]);
    const whole = readAll(createCodec('typed'), [
      message(0x51, body).subarray(0, 100),
      message(0x51, body).subarray(100),
    ]);
    expect(whole).toEqual([`81 true true ${message(0x51, body).toString('hex')}`]);
  });

  it('refuses a message over 16 MiB that must be read whole, and passes one that need not be', () => {
    const limits = { wholeFrameBytes: 1024, maxFrameBytes: 1024 ** 3 };
    const head = (type: number): Buffer => Buffer.from([type, 0x01, 0x00, 0x00, 0x04, 0x00]);
    const codec = createCodec('typed', limits);
    codec.push(head(0x51));
    expect(() => codec.next()).toThrow('frame-too-large');
    expect(readAll(createCodec('typed', limits), [head(COPY_DATA)])).toHaveLength(1);
  });

  it('reports a TLS record once and consumes nothing of it', () => {
    const codec = createCodec('startup');
    codec.push(Buffer.from([0x16, 3, 1, 2, 0]));
    expect(codec.next()).toBe(true);
    expect(codec.frame.type).toBe(TLS_RECORD);
    expect(codec.drain().toString('hex')).toBe('1603010200');
  });

  it('takes 0x16 for a TLS record only as the first byte of the connection', () => {
    const codec = createCodec('startup');
    const gss = Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x30]);
    expect(readAll(codec, [gss])).toEqual([`${STARTUP_PACKET} true true ${gss.toString('hex')}`]);
    codec.push(Buffer.from([0x16, 3, 1, 2, 0]));
    expect(() => codec.next()).toThrow('frame-too-large');
  });

  it('reads one byte as the answer to SSLRequest and messages behind it', () => {
    const ready = message(0x5a, Buffer.from('I'));
    expect(readAll(createCodec('tls-answer'), [Buffer.from('N'), ready])).toEqual([
      `${TLS_ANSWER} true true 4e`,
      `90 true true ${ready.toString('hex')}`,
    ]);
  });
});
