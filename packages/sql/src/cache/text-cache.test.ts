import { describe, expect, it } from 'vitest';
import { TextCache } from './text-cache.ts';

describe('TextCache', () => {
  it('gives back the very object that was put in', () => {
    const cache = new TextCache<object>(100);
    const value = {};
    cache.set('a', value, 10);
    expect(cache.get('a')).toBe(value);
    expect(cache.get('b')).toBeUndefined();
  });

  it('stays below its bound and drops what was not used for longest', () => {
    const cache = new TextCache<number>(100);
    for (let i = 0; i < 10; i += 1) cache.set(`k${i}`, i, 10);
    cache.set('k0', 0, 10);
    cache.set('x', 1, 30);
    expect(cache.bytes).toBeLessThanOrEqual(100);
    expect(cache.get('k1')).toBeUndefined();
    expect(cache.get('k0')).toBe(0);
    expect(cache.get('x')).toBe(1);
  });

  it('keeps an entry that is used while others come and go', () => {
    const cache = new TextCache<number>(100);
    cache.set('hot', 1, 10);
    for (let i = 0; i < 1_000; i += 1) {
      cache.set(`k${i}`, i, 10);
      expect(cache.get('hot')).toBe(1);
    }
  });

  it('does not keep what is larger than the cache', () => {
    const cache = new TextCache<number>(100);
    cache.set('a', 1, 101);
    expect(cache.get('a')).toBeUndefined();
    expect(cache.bytes).toBe(0);
  });

  it('counts an entry once when it is replaced', () => {
    const cache = new TextCache<number>(100);
    cache.set('a', 1, 40);
    cache.set('a', 2, 50);
    expect(cache.bytes).toBe(50);
    expect(cache.get('a')).toBe(2);
  });

  it('takes the names of built-in properties for keys', () => {
    const cache = new TextCache<number>(100);
    expect(cache.get('__proto__')).toBeUndefined();
    cache.set('__proto__', 1, 10);
    expect(cache.get('__proto__')).toBe(1);
    expect(cache.get('constructor')).toBeUndefined();
  });
});
