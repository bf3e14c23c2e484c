import { type CountedProbe, formatObject, type Principal } from '@gatehouse/model';

const BUCKET_MS = 5 * 60_000;
/** The last hour, and the piece of a bucket that may still belong to it. */
const BUCKETS = 13;
const MAX_METERS = 100_000;

/**
 * Counts guesses at masked columns for each principal, over all its sessions on this gateway.
 *
 * INVARIANT: in no hour does a principal get more than `perHour` guesses at a column, nor do all agents together that
 * act for the same person (probe-meter.test.ts).
 */
export class ProbeMeter {
  readonly #meters = new Map<string, Meter>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Counts all of them and returns null, or counts none and returns the first that is one too many. */
  spend(principal: Principal, probes: readonly CountedProbe[]): CountedProbe | null {
    const bucket = Math.floor(this.#now() / BUCKET_MS);
    const wanted = probes.flatMap((probe) => namesOf(principal).map((name) => ({ probe, name })));
    const meters: { readonly meter: Meter; readonly guesses: number }[] = [];
    for (const { probe, name } of wanted) {
      const meter = this.#meter(`${name}\0${formatObject(probe.object)}\0${probe.field}`, bucket);
      if (meter === null || meter.total(bucket) + probe.guesses > probe.perHour) return probe;
      meters.push({ meter, guesses: probe.guesses });
    }
    for (const { meter, guesses } of meters) meter.add(bucket, guesses);
    return null;
  }

  /** Null when there are more than anybody needs: what cannot be counted is not allowed. */
  #meter(key: string, bucket: number): Meter | null {
    const found = this.#meters.get(key);
    if (found !== undefined) return found;
    if (this.#meters.size >= MAX_METERS) {
      for (const [old, meter] of this.#meters) if (meter.total(bucket) === 0) this.#meters.delete(old);
      if (this.#meters.size >= MAX_METERS) return null;
    }
    const meter = new Meter();
    this.#meters.set(key, meter);
    return meter;
  }
}

/** A ring of counts. */
class Meter {
  readonly #counts = new Float64Array(BUCKETS);
  readonly #buckets = new Float64Array(BUCKETS).fill(-1);

  total(bucket: number): number {
    let sum = 0;
    for (let at = 0; at < BUCKETS; at += 1) {
      // A clock that was set back forgets nothing.
      if (this.#buckets[at]! > bucket - BUCKETS) sum += this.#counts[at]!;
    }
    return sum;
  }

  add(bucket: number, guesses: number): void {
    const at = bucket % BUCKETS;
    if (this.#buckets[at] !== bucket) {
      this.#buckets[at] = bucket;
      this.#counts[at] = 0;
    }
    this.#counts[at]! += guesses;
  }
}

function namesOf(principal: Principal): readonly string[] {
  const names = new Set<string>();
  for (let next: Principal | undefined = principal; next !== undefined; next = next.actingFor)
    names.add(next.name);
  return [...names];
}
