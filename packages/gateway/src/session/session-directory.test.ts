import { describe, expect, it } from 'vitest';
import { SessionDirectory } from './session-directory.ts';

function entry(number: number) {
  return { number, secret: Buffer.alloc(32, 7), principalName: 'ana', cancelStatement() {}, close() {} };
}

describe('SessionDirectory', () => {
  it('finds a session by a prefix of its secret of at least four bytes', () => {
    const directory = new SessionDirectory();
    directory.add(entry(5));
    expect(directory.findByKey(5, Buffer.alloc(4, 7))?.number).toBe(5);
    expect(directory.findByKey(5, Buffer.alloc(32, 7))?.number).toBe(5);
  });

  it('refuses a wrong, a short and a long secret', () => {
    const directory = new SessionDirectory();
    directory.add(entry(5));
    expect(directory.findByKey(5, Buffer.alloc(4, 8))).toBeUndefined();
    expect(directory.findByKey(5, Buffer.alloc(3, 7))).toBeUndefined();
    expect(directory.findByKey(5, Buffer.alloc(0))).toBeUndefined();
    expect(directory.findByKey(5, Buffer.alloc(33, 7))).toBeUndefined();
    expect(directory.findByKey(6, Buffer.alloc(4, 7))).toBeUndefined();
  });

  it('never gives two live sessions the same number', () => {
    const directory = new SessionDirectory();
    const first = directory.reserve();
    directory.add(entry(first));
    expect(directory.reserve()).not.toBe(first);
  });
});
