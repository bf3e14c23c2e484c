/** Keeps lines by node and number as the store does, in memory, and counts how often each came. */
import { GatewayError } from '@gatehouse/model';
import { parseLine } from '../src/journal/event-line.ts';
import type { AuditStore } from '../src/store/audit-store.ts';
import { openBatch, runsOf } from '../src/store/event-batch.ts';

export interface MemoryStore extends Pick<AuditStore, 'insert' | 'lines'> {
  /** Lines by `node/seq`. */
  readonly kept: ReadonlyMap<string, string>;
  /** How many lines came, repeated ones included. */
  arrivals(): number;
  /** While true, every insert fails as if the server were away. */
  away: boolean;
}

export function createMemoryStore(): MemoryStore {
  const kept = new Map<string, string>();
  let arrivals = 0;
  return {
    kept,
    arrivals: () => arrivals,
    away: false,
    async insert(lines) {
      if (this.away) throw new GatewayError('unavailable', 'store-unavailable', 'away');
      if (lines.some((line) => parseLine(line) === null)) {
        throw new GatewayError('audit', 'line-malformed', 'expected the line of an event');
      }
      arrivals += lines.length;
      const conflicts: string[] = [];
      // Inside a batch only; the real store also looks at what is around it.
      const { broken } = runsOf(openBatch(lines, Date.now()).events);
      let inserted = 0;
      for (const line of lines) {
        const { node, seq } = parseLine(line)!;
        const key = `${node}/${seq}`;
        const old = kept.get(key);
        if (old === undefined) {
          kept.set(key, line);
          inserted += 1;
        } else if (old !== line) {
          conflicts.push(key);
        }
      }
      return { inserted, duplicates: lines.length - inserted - conflicts.length, conflicts, broken };
    },
    async lines(node, afterSeq, limit) {
      const prefix = `${node}/`;
      return [...kept]
        .filter(([key]) => key.startsWith(prefix) && Number(key.slice(prefix.length)) > afterSeq)
        .sort(([a], [b]) => Number(a.slice(prefix.length)) - Number(b.slice(prefix.length)))
        .slice(0, limit)
        .map(([, line]) => line);
    },
  };
}
