import { describe, expect, it } from 'vitest';
import { FrameBuffer } from './frame-buffer.ts';

describe('FrameBuffer', () => {
  it('lends a chunk that starts at a border as it came', () => {
    const buffer = new FrameBuffer();
    const chunk = Buffer.from('abc');
    buffer.append(chunk);
    expect(buffer.bytes).toBe(chunk);
    buffer.advance(3);
    const next = Buffer.from('de');
    buffer.append(next);
    expect(buffer.bytes).toBe(next);
    expect(buffer.length).toBe(2);
  });

  it('joins the unfinished tail with the next chunk', () => {
    const buffer = new FrameBuffer();
    buffer.append(Buffer.from('abc'));
    buffer.advance(2);
    buffer.append(Buffer.from('de'));
    expect(buffer.bytes.toString('utf8', buffer.offset)).toBe('cde');
  });

  it('does not join before as many bytes are there as are wanted', () => {
    const buffer = new FrameBuffer();
    buffer.append(Buffer.from('ab'));
    buffer.want(6);
    buffer.append(Buffer.from('cd'));
    expect(buffer.length).toBe(2);
    expect(buffer.heldBytes).toBe(4);
    buffer.append(Buffer.from('efg'));
    expect(buffer.bytes.toString('utf8', buffer.offset)).toBe('abcdefg');
  });

  it('gives back everything that waits', () => {
    const buffer = new FrameBuffer();
    buffer.append(Buffer.from('ab'));
    buffer.want(10);
    buffer.append(Buffer.from('cd'));
    expect(buffer.drain().toString()).toBe('abcd');
    expect(buffer.heldBytes).toBe(0);
  });

  it('refuses to step past what is there', () => {
    const buffer = new FrameBuffer();
    buffer.append(Buffer.from('ab'));
    expect(() => buffer.advance(3)).toThrow(RangeError);
  });
});
