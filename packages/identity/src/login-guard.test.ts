import { describe, expect, it } from 'vitest';
import { createLoginGuard } from './login-guard.ts';

function setUp(options: { maxEntries?: number; freeFailuresPerAddress?: number } = {}) {
  let now = 1_000_000;
  const guard = createLoginGuard({ clock: () => now, ...options });
  const fail = (count: number, name = 'ana', address = '10.0.0.1') => {
    for (let at = 0; at < count; at++) guard.failed(name, address);
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { guard, fail, pass };
}

describe('createLoginGuard', () => {
  it('lets the first failures pass and then doubles the delay up to its limit', () => {
    const { guard, fail, pass } = setUp({ freeFailuresPerAddress: 1000 });
    fail(5);
    expect(guard.check('ana', '10.0.0.1')).toEqual({ allowed: true });
    for (const retryAfterMs of [1000, 2000, 4000]) {
      fail(1);
      expect(guard.check('ana', '10.0.0.1')).toEqual({ allowed: false, retryAfterMs });
      pass(retryAfterMs);
      expect(guard.check('ana', '10.0.0.1')).toEqual({ allowed: true });
    }
    fail(100);
    expect(guard.check('ana', '10.0.0.1')).toEqual({ allowed: false, retryAfterMs: 300_000 });
  });

  it('throttles the pair and leaves other names and addresses alone', () => {
    const { guard, fail } = setUp();
    fail(6);
    expect(guard.check('ana', '10.0.0.1').allowed).toBe(false);
    expect(guard.check('ben', '10.0.0.1').allowed).toBe(true);
    expect(guard.check('ana', '10.0.0.2').allowed).toBe(true);
  });

  it('throttles an address that tries many names', () => {
    const { guard, fail } = setUp();
    for (let at = 0; at < 21; at++) fail(1, `name-${at}`);
    expect(guard.check('somebody', '10.0.0.1')).toEqual({ allowed: false, retryAfterMs: 1000 });
    expect(guard.check('somebody', '10.0.0.2').allowed).toBe(true);
  });

  it('frees the pair after a success and never the address', () => {
    const { guard, fail } = setUp();
    fail(6);
    guard.succeeded('ana', '10.0.0.1');
    expect(guard.check('ana', '10.0.0.1').allowed).toBe(true);
    fail(15, 'ben');
    guard.succeeded('ben', '10.0.0.1');
    expect(guard.check('ben', '10.0.0.1').allowed).toBe(false);
  });

  it('forgets after a time without failures', () => {
    const { guard, fail, pass } = setUp();
    fail(6);
    pass(900_000);
    fail(1);
    expect(guard.check('ana', '10.0.0.1').allowed).toBe(true);
  });

  it('counts one IPv6 network as one address, and a mapped IPv4 address as itself', () => {
    const { guard, fail } = setUp();
    for (let at = 0; at < 21; at++) fail(1, `name-${at}`, `2001:db8:0:1::${at.toString(16)}`);
    expect(guard.check('x', '2001:0db8::1:9:9:9:9').allowed).toBe(false);
    expect(guard.check('x', '2001:db8:0:2::1').allowed).toBe(true);
    fail(6, 'ana', '::ffff:10.0.0.1');
    expect(guard.check('ana', '10.0.0.1').allowed).toBe(false);
  });

  it('holds a bounded number of entries of bounded size', () => {
    const { guard, fail } = setUp({ maxEntries: 100 });
    for (let at = 0; at < 5000; at++) fail(1, `${at}`.repeat(50), `10.0.${at >> 8}.${at & 255}`);
    expect(guard.size).toBe(100);
    fail(6, 'x'.repeat(1 << 20));
    expect(guard.check('x'.repeat(1 << 20), '10.0.0.1').allowed).toBe(false);
  });

  it.each(['__proto__', 'constructor', 'a\0b', '', '\ud800'])('treats the name %j like any other', (name) => {
    const { guard, fail } = setUp();
    expect(guard.check(name, '10.0.0.1').allowed).toBe(true);
    fail(6, name);
    expect(guard.check(name, '10.0.0.1').allowed).toBe(false);
  });
});
