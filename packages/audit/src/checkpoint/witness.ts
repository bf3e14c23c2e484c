/**
 * Records in this node's chain what it has seen of other nodes' checkpoints in the shared store.
 *
 * From then on another node's chain can be neither cut off before that event nor made up anew,
 * without this node's chain, and those of all others, being forged as well.
 */
import type { GatewayBody, JsonValue } from '@gatehouse/model';
import { parseLine } from '../journal/event-line.ts';
import type { Journal } from '../journal/journal.ts';
import type { AuditReader } from '../store/audit-store.ts';
import { CHECKPOINT, type Checkpoint, checkpointDetail, readCheckpoint } from './checkpoint.ts';

/** `what` of the event that carries another node's checkpoint. */
export const WITNESSED = 'witnessed';

export interface WitnessOptions {
  readonly node: string;
  readonly journal: Journal;
  readonly store: Pick<AuditReader, 'checkpoints'>;
  readonly everyMs?: number;
}

export interface Witness {
  /** Looks now; rejects when the store is away. */
  look(): Promise<void>;
  stop(): void;
}

const EVERY_MS = 30_000;

/** Looks into the store now and then. A store that is away is asked again the next time. */
export function startWitness({ node, journal, store, everyMs = EVERY_MS }: WitnessOptions): Witness {
  const seen = new Map<string, number>();
  const look = async () => {
    for (const checkpoint of readLines(await store.checkpoints())) {
      if (checkpoint.node === node || checkpoint.to <= (seen.get(checkpoint.node) ?? 0)) continue;
      journal.append(witnessedBody(checkpoint));
      seen.set(checkpoint.node, checkpoint.to);
    }
  };
  const timer = setInterval(() => void look().catch(() => undefined), everyMs).unref();
  return { look, stop: () => clearInterval(timer) };
}

function readLines(lines: readonly string[]): Checkpoint[] {
  return lines.flatMap((line) => {
    const event = parseLine(line);
    if (event?.body.kind !== 'gateway' || event.body.what !== CHECKPOINT) return [];
    const checkpoint = readCheckpoint(event.node, event.body.detail);
    return checkpoint === null ? [] : [checkpoint];
  });
}

/** What a node records of another's checkpoint. */
export function witnessedBody(checkpoint: Checkpoint): GatewayBody {
  const detail = { node: checkpoint.node, checkpoint: checkpointDetail(checkpoint) };
  return { kind: 'gateway', what: WITNESSED, detail };
}

/** The other node's checkpoint in the detail of an event, or null for something else. */
export function readWitnessed(detail: Readonly<Record<string, JsonValue>>): Checkpoint | null {
  const { node, checkpoint } = detail;
  if (typeof node !== 'string' || typeof checkpoint !== 'object' || checkpoint === null) return null;
  return Array.isArray(checkpoint)
    ? null
    : readCheckpoint(node, checkpoint as Readonly<Record<string, JsonValue>>);
}
