/**
 * Throttles failed logins, for each pair of name and address and for each address.
 *
 * The first few failures are free; from then on every further one doubles the time in which the pair
 * (or the address) has to wait. A success frees the pair and never the address, or one good account
 * would pay for guesses at others. Names are not throttled over all addresses: that would let
 * anybody lock anybody out, and a token's secret cannot be guessed.
 *
 * Memory is bounded: the entry that was used longest ago makes room. State lives in this process.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Clock } from './clock.ts';

export interface LoginGuardOptions {
  readonly clock: Clock;
  /** Failures without a delay, per name and address (default 5) and per address (default 20). */
  readonly freeFailures?: number;
  readonly freeFailuresPerAddress?: number;
  /** The first delay (default 1 s) and the longest (default 5 min). */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  /** Failures are forgotten when this long none was added (default 15 min). */
  readonly forgetAfterMs?: number;
  /** Default 10,000. */
  readonly maxEntries?: number;
}

export type GuardAnswer =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly retryAfterMs: number };

export interface LoginGuard {
  check(name: string, address: string): GuardAnswer;
  failed(name: string, address: string): void;
  succeeded(name: string, address: string): void;
  /** Entries held; for the metrics. */
  readonly size: number;
}

interface Failures {
  readonly count: number;
  readonly last: number;
  readonly blockedUntil: number;
}

export function createLoginGuard(options: LoginGuardOptions): LoginGuard {
  const { clock, freeFailures = 5, freeFailuresPerAddress = 20 } = options;
  const { baseDelayMs = 1000, maxDelayMs = 300_000 } = options;
  const { forgetAfterMs = 900_000, maxEntries = 10_000 } = options;
  /** In the order of use, the oldest first. */
  const entries = new Map<string, Failures>();

  function read(key: string, now: number): Failures | undefined {
    const entry = entries.get(key);
    if (entry === undefined || now - entry.last < forgetAfterMs || now < entry.blockedUntil) return entry;
    entries.delete(key);
    return undefined;
  }
  function add(key: string, free: number, now: number): void {
    const count = (read(key, now)?.count ?? 0) + 1;
    const delayMs = count <= free ? 0 : Math.min(maxDelayMs, baseDelayMs * 2 ** (count - free - 1));
    entries.delete(key);
    entries.set(key, { count, last: now, blockedUntil: now + delayMs });
    if (entries.size > maxEntries) entries.delete(entries.keys().next().value!);
  }

  return {
    check(name, address) {
      const now = clock();
      const waits = [pairKey(name, address), addressKey(address)].map(
        (key) => (read(key, now)?.blockedUntil ?? 0) - now,
      );
      const retryAfterMs = Math.max(...waits);
      return retryAfterMs > 0 ? { allowed: false, retryAfterMs } : { allowed: true };
    },
    failed(name, address) {
      const now = clock();
      add(pairKey(name, address), freeFailures, now);
      add(addressKey(address), freeFailuresPerAddress, now);
    },
    succeeded(name, address) {
      entries.delete(pairKey(name, address));
    },
    get size() {
      return entries.size;
    },
  };
}

/** Long names are hashed, so that the size of an entry does not depend on what a client sends. */
function pairKey(name: string, address: string): string {
  const short = name.length <= 128 ? name : `#${createHash('sha256').update(name).digest('base64')}`;
  return `${addressKey(address)}\0${short}`;
}

/** One IPv4 address, or the /64 of an IPv6 address: whoever has one of its addresses has all of them. */
function addressKey(address: string): string {
  const bare = address.slice(0, 64).split('%')[0]!.toLowerCase();
  const mapped = /^::ffff:([0-9.]+)$/.exec(bare);
  if (mapped !== null) return mapped[1]!;
  return isIPv6(bare) ? networkOf(bare) : bare;
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = tail === undefined ? left : [...left, ...missing, ...right];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
