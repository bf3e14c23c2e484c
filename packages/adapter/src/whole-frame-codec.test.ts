import { DEFAULT_FRAME_LIMITS, type WireError } from '@gatehouse/wire';
import { describe, expect, test } from 'vitest';
import { WholeFrameCodec } from './whole-frame-codec.ts';

/** One length byte, which counts itself. */
const create = (wholeFrameBytes = DEFAULT_FRAME_LIMITS.wholeFrameBytes) =>
  new WholeFrameCodec({ ...DEFAULT_FRAME_LIMITS, wholeFrameBytes }, (bytes, offset) => bytes[offset] ?? null);

function framesOf(codec: WholeFrameCodec): string[] {
  const frames: string[] = [];
  while (codec.next()) {
    const { bytes, start, end } = codec.frame;
    frames.push(bytes.toString('hex', start, end));
  }
  return frames;
}

function codeOf(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    return (error as WireError).code;
  }
}

describe('whole frames', () => {
  test('are the same however the bytes are cut', () => {
    const bytes = Buffer.from('02aa03bbcc01', 'hex');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const codec = create();
      codec.push(bytes.subarray(0, cut));
      const before = framesOf(codec);
      codec.push(bytes.subarray(cut));
      expect([...before, ...framesOf(codec)]).toEqual(['02aa', '03bbcc', '01']);
      expect(codec.bufferedBytes).toBe(0);
    }
  });

  test('are refused above the limit, by what they declare', () => {
    const codec = create(3);
    codec.push(Buffer.from('04', 'hex'));
    expect(codeOf(() => codec.next())).toBe('frame-too-large');
  });

  test('are refused when a length cannot be, and nothing is read after that', () => {
    const codec = create();
    codec.push(Buffer.from('00', 'hex'));
    expect(codeOf(() => codec.next())).toBe('length-too-small');
    codec.push(Buffer.from('01', 'hex'));
    expect(codeOf(() => codec.next())).toBe('codec-unusable');
  });

  test('give back what was not read', () => {
    const codec = create();
    codec.push(Buffer.from('0103aa', 'hex'));
    expect(codec.next()).toBe(true);
    expect(codec.drain().toString('hex')).toBe('03aa');
    expect(codec.next()).toBe(false);
  });
});
