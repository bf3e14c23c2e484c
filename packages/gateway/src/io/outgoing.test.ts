import { createFrame } from '@gatehouse/wire';
import { describe, expect, it } from 'vitest';
import { Outgoing } from './outgoing.ts';

function frameOf(bytes: Buffer, start: number, end: number) {
  return { ...createFrame(), bytes, start, end };
}

describe('Outgoing', () => {
  it('joins neighbouring frames of one buffer into one view', () => {
    const bytes = Buffer.from('abcdef');
    const out = new Outgoing();
    out.forward(frameOf(bytes, 0, 2));
    out.forward(frameOf(bytes, 2, 4));
    expect(out.length).toBe(4);
    const parts = out.take();
    expect(parts).toHaveLength(1);
    expect(parts[0]!.toString()).toBe('abcd');
    expect(parts[0]!.buffer).toBe(bytes.buffer);
  });

  it('keeps the order of own bytes and forwarded frames', () => {
    const bytes = Buffer.from('abcdef');
    const out = new Outgoing();
    out.forward(frameOf(bytes, 0, 2));
    out.push(Buffer.from('X'));
    out.forward(frameOf(bytes, 2, 4));
    expect(Buffer.concat(out.take()).toString()).toBe('abXcd');
    expect(out.length).toBe(0);
    expect(out.take()).toEqual([]);
  });

  it('does not join frames with a gap between them', () => {
    const bytes = Buffer.from('abcdef');
    const out = new Outgoing();
    out.forward(frameOf(bytes, 0, 2));
    out.forward(frameOf(bytes, 3, 4));
    expect(Buffer.concat(out.take()).toString()).toBe('abd');
  });
});
