/**
 * Records in this node's chain which numbers the store lacks, of any node, and when they have come.
 *
 *   numbers in the store ──hole──> suspect ──still there after a while──> `gap` ──filled──> `gap-closed`
 *
 * Batches arrive in any order, and those of a worker that died arrive late: a hole is told only when
 * it has been there for longer than that takes. What is before a node's first event, or behind its
 * last one, cannot be seen here; witnesses and `audit verify` see it.
 */
import type { GatewayBody, JsonValue } from '@gatehouse/model';
import { parseLine } from '../journal/event-line.ts';
import type { Journal } from '../journal/journal.ts';
import type { AuditStore, NumberRange } from '../store/audit-store.ts';
import { GAP, GAP_CLOSED, readGap } from './gap-event.ts';

export interface GapWatchOptions {
  /** Whose journal it is. */
  readonly node: string;
  readonly journal: Pick<Journal, 'append'>;
  readonly store: Pick<AuditStore, 'nodes' | 'holes' | 'present' | 'search'>;
  readonly everyMs?: number;
  /** How long a hole must have been there. */
  readonly graceMs?: number;
  /** Milliseconds since any moment. */
  readonly clock?: () => number;
}

export interface GapWatch {
  /** Looks now; rejects when the store is away or the journal takes nothing. What was not told is told the next time. */
  look(): Promise<void>;
  stop(): void;
}

const EVERY_MS = 30_000;
/** Twice as long as the batches of a worker that died stay with it. */
const GRACE_MS = 60_000;
/** Numbers looked at with one query, and queries in a row for one node: the first look at a large store takes several. */
const NUMBERS_AT_ONCE = 10_000;
const QUERIES_AT_ONCE = 50;
/** More holes of one node than this are told as one that spans them. */
const MAX_HOLES = 100;
const MAX_TOLD = 10_000;

interface Suspect extends NumberRange {
  readonly since: number;
}

interface NodeState {
  /** Looked at up to here. */
  through: number;
  suspects: readonly Suspect[];
  /** Told, and not closed yet. */
  open: readonly NumberRange[];
}

/** Looks into the store now and then. A store that is away is asked again the next time. */
export function startGapWatch(options: GapWatchOptions): GapWatch {
  const { everyMs = EVERY_MS } = options;
  const states = new Map<string, NodeState>();
  let told: Promise<void> | null = null;
  let looking: Promise<void> | null = null;
  const look = async () => {
    told ??= readTold(options, states).catch((error: unknown) => {
      told = null;
      throw error;
    });
    await told;
    for (const node of await options.store.nodes()) {
      const state = stateOf(states, node);
      await scan(options, node, state);
      await tellOld(options, node, state);
      await closeFilled(options, node, state);
    }
  };
  const lookOnce = () => {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  };
  const timer = setInterval(() => void lookOnce().catch(() => undefined), everyMs).unref();
  return { look: lookOnce, stop: () => clearInterval(timer) };
}

function stateOf(states: Map<string, NodeState>, node: string): NodeState {
  const known = states.get(node);
  if (known !== undefined) return known;
  const state: NodeState = { through: 0, suspects: [], open: [] };
  states.set(node, state);
  return state;
}

/** What an earlier process has told, so that it is not told again, and is closed. */
async function readTold({ node, store }: GapWatchOptions, states: Map<string, NodeState>): Promise<void> {
  const find = async (code: string) =>
    (await store.search({ node, kind: 'gateway', code, limit: MAX_TOLD })).flatMap(({ line }) => {
      const body = parseLine(line)?.body;
      return body?.kind === 'gateway' ? (readGap(body.detail) ?? []) : [];
    });
  // The closed ones first: what is closed in between is told open at worst, and closed again.
  const closed = new Set((await find(GAP_CLOSED)).map(keyOf));
  for (const gap of await find(GAP)) {
    if (closed.has(keyOf(gap))) continue;
    const state = stateOf(states, gap.node);
    state.open = [...state.open, { first: gap.first, last: gap.last }];
  }
}

function keyOf({ node, first, last }: NumberRange & { readonly node: string }): string {
  return `${node}/${first}-${last}`;
}

async function scan(
  { store, clock = performance.now.bind(performance) }: GapWatchOptions,
  node: string,
  state: NodeState,
): Promise<void> {
  for (let queries = 0; queries < QUERIES_AT_ONCE; queries += 1) {
    const { holes, through } = await store.holes(node, state.through, NUMBERS_AT_ONCE);
    const since = clock();
    const fresh = holes.filter((hole) => !state.open.some((gap) => isInside(hole, gap)));
    state.suspects = merged([...state.suspects, ...fresh.map((hole) => ({ ...hole, since }))]);
    if (through <= state.through) return;
    state.through = through;
  }
}

function isInside(hole: NumberRange, gap: NumberRange): boolean {
  return gap.first <= hole.first && hole.last <= gap.last;
}

function merged(suspects: readonly Suspect[]): readonly Suspect[] {
  if (suspects.length <= MAX_HOLES) return suspects;
  const rest = suspects.slice(MAX_HOLES - 1);
  const { first, since } = rest[0]!;
  return [...suspects.slice(0, MAX_HOLES - 1), { first, last: rest.at(-1)!.last, since }];
}

async function tellOld(options: GapWatchOptions, node: string, state: NodeState): Promise<void> {
  const { journal, store, graceMs = GRACE_MS, clock = performance.now.bind(performance) } = options;
  const now = clock();
  for (const suspect of state.suspects) {
    if (now - suspect.since < graceMs) continue;
    const { first, last } = suspect;
    const missing = last - first + 1 - (await store.present(node, first, last));
    if (missing > 0) {
      journal.append(gapBody(GAP, { node, first, last, missing }));
      state.open = [...state.open, { first, last }];
    }
    state.suspects = state.suspects.filter((other) => other !== suspect);
  }
}

async function closeFilled(
  { journal, store }: GapWatchOptions,
  node: string,
  state: NodeState,
): Promise<void> {
  for (const gap of state.open) {
    const { first, last } = gap;
    if ((await store.present(node, first, last)) < last - first + 1) continue;
    journal.append(gapBody(GAP_CLOSED, { node, first, last }));
    state.open = state.open.filter((other) => other !== gap);
  }
}

function gapBody(what: string, detail: Readonly<Record<string, JsonValue>>): GatewayBody {
  return { kind: 'gateway', what, detail };
}
