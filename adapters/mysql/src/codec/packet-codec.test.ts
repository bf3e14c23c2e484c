import { WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePacket, payloadOf } from './packet.ts';
import { EMPTY_PACKET, FULL_PAYLOAD_BYTES, PacketCodec } from './packet-codec.ts';

const LIMITS = { wholeFrameBytes: 64, maxFrameBytes: 64 * 1024 * 1024 };

interface Seen {
  readonly type: number;
  readonly payload: Buffer;
}

function read(codec: PacketCodec, chunks: readonly Buffer[]): Seen[] {
  const seen: Seen[] = [];
  let pieces: Buffer[] = [];
  for (const chunk of chunks) {
    codec.push(chunk);
    while (codec.next()) {
      const { frame } = codec;
      if (frame.first) pieces = [];
      pieces.push(frame.bytes.subarray(frame.start, frame.end));
      if (frame.last) seen.push({ type: frame.type, payload: payloadOf(Buffer.concat(pieces)) });
    }
  }
  return seen;
}

describe('PacketCodec', () => {
  it('reads the same packets byte by byte as in one chunk', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (payloads) => {
        const bytes = Buffer.concat(payloads.map((payload, i) => encodePacket(i, Buffer.from(payload))));
        const whole = read(new PacketCodec(LIMITS), [bytes]);
        const single = read(
          new PacketCodec(LIMITS),
          Array.from(bytes, (byte) => Buffer.of(byte)),
        );
        expect(single).toEqual(whole);
        expect(whole.map(({ payload }) => payload)).toEqual(payloads.map((payload) => Buffer.from(payload)));
      }),
    );
  });

  it('tells an empty packet from one that begins with zero', () => {
    expect(
      read(new PacketCodec(LIMITS), [encodePacket(0, Buffer.alloc(0)), encodePacket(0, Buffer.of(0))]),
    ).toEqual([
      { type: EMPTY_PACKET, payload: Buffer.alloc(0) },
      { type: 0, payload: Buffer.of(0) },
    ]);
  });

  it.each([FULL_PAYLOAD_BYTES - 1, FULL_PAYLOAD_BYTES, FULL_PAYLOAD_BYTES + 1, 2 * FULL_PAYLOAD_BYTES])(
    'joins a payload of %i bytes that needs continuation packets',
    (size) => {
      const payload = Buffer.alloc(size, 0x41);
      const bytes = encodePacket(3, payload);
      const codec = new PacketCodec(LIMITS);
      const seen = read(codec, [bytes.subarray(0, 1000), bytes.subarray(1000)]);
      expect(seen).toHaveLength(1);
      expect(seen[0]!.type).toBe(0x41);
      expect(seen[0]!.payload.equals(payload)).toBe(true);
      expect(codec.sequence).toBe(3 + Math.floor(size / FULL_PAYLOAD_BYTES));
    },
  );

  it('refuses a continuation with another sequence id', () => {
    const bytes = Buffer.from(encodePacket(0, Buffer.alloc(FULL_PAYLOAD_BYTES)));
    bytes[FULL_PAYLOAD_BYTES + 4 + 3] = 9;
    expect(() => read(new PacketCodec(LIMITS), [bytes])).toThrow(new WireError('malformed', 'sequence id'));
  });

  it('refuses a declared length above its limit before anything of it has arrived', () => {
    const codec = new PacketCodec({ wholeFrameBytes: 64, maxFrameBytes: 128 });
    codec.push(Buffer.of(0xff, 0, 0, 0));
    expect(() => codec.next()).toThrow(new WireError('frame-too-large'));
  });

  it('refuses a packet that grows above the limit through continuations', () => {
    const codec = new PacketCodec({ wholeFrameBytes: 64, maxFrameBytes: FULL_PAYLOAD_BYTES + 100 });
    expect(() => read(codec, [encodePacket(0, Buffer.alloc(FULL_PAYLOAD_BYTES + 200))])).toThrow(
      new WireError('frame-too-large'),
    );
  });

  it('is unusable after it has thrown', () => {
    const codec = new PacketCodec({ wholeFrameBytes: 64, maxFrameBytes: 128 });
    codec.push(Buffer.of(0xff, 0, 0, 0));
    expect(() => codec.next()).toThrow();
    expect(() => codec.next()).toThrow(new WireError('codec-unusable'));
    expect(() => codec.push(Buffer.of(1))).toThrow(new WireError('codec-unusable'));
  });

  it('gives back what was not read and starts anew', () => {
    const codec = new PacketCodec(LIMITS);
    codec.push(Buffer.concat([encodePacket(0, Buffer.of(1)), Buffer.of(0x16, 3, 1)]));
    expect(codec.next()).toBe(true);
    expect(codec.drain()).toEqual(Buffer.of(0x16, 3, 1));
    expect(read(codec, [encodePacket(2, Buffer.of(7))])).toEqual([{ type: 7, payload: Buffer.of(7) }]);
  });
});
