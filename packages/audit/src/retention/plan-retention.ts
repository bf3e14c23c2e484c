/**
 * What of a store may go, from what the store itself holds.
 *
 * Nothing goes before
 *   - every number up to there is there, or a gap that a node has recorded;
 *   - a checkpoint covers it, and another node has witnessed one, where there is another node;
 *   - the rows are all there that were stored: what somebody has deleted is not to go under in what
 *     is taken away on purpose;
 *   - what went before is signed;
 *   - a signed tombstone of each node says so, which the caller sees by `signedBy`.
 */
import { CHECKPOINT, type Checkpoint, readCheckpoint } from '../checkpoint/checkpoint.ts';
import { parsePublicKey } from '../checkpoint/signing-key.ts';
import {
  isTombstoneSignedBy,
  readStoreTombstone,
  readTombstone,
  STORE_TRIMMED,
  type Tombstone,
  TRIMMED,
} from '../checkpoint/tombstone.ts';
import { readWitnessed, WITNESSED } from '../checkpoint/witness.ts';
import { GAP, readGap } from '../gaps/gap-event.ts';
import { hashLine, parseLine } from '../journal/event-line.ts';
import type { DueDays, DueNode, RetentionPlan, StoreLimits } from '../store/audit-store.ts';
import { type Barrier, chooseDays, lastNumbers, type StoredDay } from './choose-days.ts';

/** A node of which nothing has come for so long is taken for gone. */
const SILENT_MS = 7 * 86_400_000;

/** What a plan is made of. */
export interface StoreFacts {
  days(): Promise<readonly StoredDay[]>;
  /** Numbers that are known of each node, as stretches in order; those that were taken away included. */
  runs(): Promise<readonly { readonly node: string; readonly first: number; readonly last: number }[]>;
  /** Up to where each node's numbers were taken away. */
  trimmed(): Promise<ReadonlyMap<string, number>>;
  /** When the newest event of each node was written, in milliseconds since 1970. */
  newest(): Promise<ReadonlyMap<string, number>>;
  /** The line of each node's newest checkpoint. */
  checkpoints(): Promise<readonly string[]>;
  /** Lines of what gateways did, newest first; of the last days only, or of all. */
  told(code: string, where: 'lately' | 'ever'): Promise<readonly string[]>;
  /** How many rows of each node lie in these days. */
  counts(days: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** The line under a number. */
  line(node: string, seq: number): Promise<string | null>;
}

/** Gives what may go. Throws what reading throws. */
export async function planRetention(
  facts: StoreFacts,
  limits: StoreLimits,
  now: number,
): Promise<RetentionPlan> {
  const days = await facts.days();
  const all = {
    days: days.length,
    bytes: days.reduce((sum, { bytes }) => sum + bytes, 0),
    oldest: days[0]?.day ?? null,
  };
  // Most of the time nothing is old or too much.
  const wish = chooseDays(days, limits, new Map(), now);
  if (wish.why === null) return { ...all, due: null, kept: wish.kept };
  const nodes = await readNodes(facts, now);
  const { days: chosen, why, kept } = chooseDays(days, limits, barriersOf(nodes, await readGaps(facts)), now);
  if (why === null) return { ...all, due: null, kept };
  const counts = await facts.counts(chosen.map(({ day }) => day));
  const lost = lostRows(chosen, nodes, counts);
  if (lost !== null) return { ...all, due: null, kept: lost };
  const tombstones = await readTombstones(facts, nodes);
  const unproven = await unprovenBeginning(facts, chosen, nodes, tombstones);
  if (unproven !== null) return { ...all, due: null, kept: unproven };
  const bytes = chosen.reduce((sum, one) => sum + one.bytes, 0);
  const due = await dueNodes(facts, chosen, nodes, counts, tombstones);
  if (typeof due === 'string') return { ...all, due: null, kept: due };
  return { ...all, due: { days: chosen.map(({ day }) => day), bytes, why, nodes: due }, kept };
}

interface Stretch {
  readonly first: number;
  readonly last: number;
}

interface NodeFacts {
  /** Known numbers behind what was taken away. */
  readonly runs: readonly Stretch[];
  readonly silent: boolean;
  readonly checkpoint: Checkpoint | null;
  readonly checkpointLine: string | null;
  /** Up to where others have witnessed it; null when there is nobody else. */
  readonly witnessed: number | null;
}

type Nodes = ReadonlyMap<string, NodeFacts>;

async function readNodes(facts: StoreFacts, now: number): Promise<Nodes> {
  const trimmed = await facts.trimmed();
  const newest = await facts.newest();
  const runs = new Map<string, Stretch[]>();
  for (const { node, first, last } of await facts.runs()) {
    const from = Math.max(first, (trimmed.get(node) ?? 0) + 1);
    if (last >= from) runs.set(node, [...(runs.get(node) ?? []), { first: from, last }]);
  }
  const checkpoints = new Map<string, { readonly line: string; readonly checkpoint: Checkpoint }>();
  for (const line of await facts.checkpoints()) {
    const checkpoint = gatewayDetail(line, CHECKPOINT, readCheckpoint);
    if (checkpoint !== null) checkpoints.set(checkpoint.node, { line, checkpoint });
  }
  const witnessed = new Map<string, number>();
  for (const line of await facts.told(WITNESSED, 'lately')) {
    const seen = gatewayDetail(line, WITNESSED, (by, detail) => {
      const checkpoint = readWitnessed(detail);
      return checkpoint?.node === by ? null : checkpoint;
    });
    if (seen !== null) witnessed.set(seen.node, Math.max(seen.to, witnessed.get(seen.node) ?? 0));
  }
  const isSilent = (node: string) => now - (newest.get(node) ?? 0) > SILENT_MS;
  const awake = [...runs.keys()].filter((node) => !isSilent(node));
  return new Map(
    [...runs].map(([node, stretches]) => [
      node,
      {
        runs: stretches,
        silent: isSilent(node),
        checkpoint: checkpoints.get(node)?.checkpoint ?? null,
        checkpointLine: checkpoints.get(node)?.line ?? null,
        witnessed: awake.some((other) => other !== node) ? (witnessed.get(node) ?? 0) : null,
      },
    ]),
  );
}

type Gaps = readonly (Stretch & { readonly node: string })[];

async function readGaps(facts: StoreFacts): Promise<Gaps> {
  const lines = await facts.told(GAP, 'ever');
  return lines.flatMap((line) => gatewayDetail(line, GAP, (_by, detail) => readGap(detail)) ?? []);
}

/** Reads what a gateway tells in a line; null for anything else. */
function gatewayDetail<T>(
  line: string,
  what: string,
  read: (node: string, detail: Parameters<typeof readWitnessed>[0]) => T | null,
): T | null {
  const event = parseLine(line);
  if (event?.body.kind !== 'gateway' || event.body.what !== what) return null;
  return read(event.node, event.body.detail);
}

function barriersOf(nodes: Nodes, gaps: Gaps): ReadonlyMap<string, Barrier> {
  const barriers = new Map<string, Barrier>();
  const add = (node: string, through: number, why: string) => {
    if (through < (barriers.get(node)?.through ?? Number.POSITIVE_INFINITY))
      barriers.set(node, { through, why });
  };
  for (const [node, { runs, silent, checkpoint, witnessed }] of nodes) {
    const hole = untoldHole(
      runs,
      gaps.filter((gap) => gap.node === node),
    );
    if (hole !== null) {
      add(
        node,
        hole.first - 1,
        `numbers ${hole.first} to ${hole.last} of \`${node}\` are missing, and no gap is recorded`,
      );
    }
    // Nobody will sign or witness more of a node that has gone; whoever signs its tombstone witnesses it first.
    if (silent) continue;
    const signed = checkpoint?.to ?? 0;
    add(node, signed, `no checkpoint covers what follows number ${signed} of \`${node}\``);
    if (witnessed !== null)
      add(node, witnessed, `nobody has witnessed what follows number ${witnessed} of \`${node}\``);
  }
  return barriers;
}

function untoldHole(runs: readonly Stretch[], gaps: readonly Stretch[]): Stretch | null {
  for (const [index, run] of runs.entries()) {
    const before = runs[index - 1];
    if (before === undefined || before.last + 1 === run.first) continue;
    const hole = { first: before.last + 1, last: run.first - 1 };
    if (!gaps.some((gap) => gap.first <= hole.first && gap.last >= hole.last)) return hole;
  }
  return null;
}

/** Rows that were stored and are not there, in words; null when all are. */
function lostRows(
  days: readonly StoredDay[],
  nodes: Nodes,
  counts: ReadonlyMap<string, number>,
): string | null {
  for (const [node, through] of lastNumbers(days)) {
    const known = (nodes.get(node)?.runs ?? []).reduce(
      (sum, { first, last }) => sum + Math.max(0, Math.min(last, through) - first + 1),
      0,
    );
    const there = counts.get(node) ?? 0;
    if (there !== known)
      return `${known} events of \`${node}\` up to number ${through} were stored, and ${there} are there`;
  }
  return null;
}

/** SECURITY: a new tombstone would also cover what somebody has cut off before it without one. Test: `finds a deletion that looks like retention and is not signed`. */
async function unprovenBeginning(
  facts: StoreFacts,
  days: readonly StoredDay[],
  nodes: Nodes,
  tombstones: Tombstones,
): Promise<string | null> {
  for (const node of lastNumbers(days).keys()) {
    const first = nodes.get(node)?.runs[0]?.first ?? 1;
    if (first === 1) continue;
    const line = await facts.line(node, first);
    const prev = line === null ? undefined : parseLine(line)?.prev;
    const proven = tombstones.some(
      ({ tombstone }) =>
        tombstone.node === node && tombstone.through === first - 1 && tombstone.head === prev,
    );
    if (!proven)
      return `no signed tombstone says that numbers of \`${node}\` before ${first} were taken away`;
  }
  return null;
}

async function dueNodes(
  facts: StoreFacts,
  days: readonly StoredDay[],
  nodes: Nodes,
  counts: ReadonlyMap<string, number>,
  tombstones: Tombstones,
): Promise<readonly DueNode[] | string> {
  const due: DueNode[] = [];
  for (const [node, through] of lastNumbers(days)) {
    const line = await facts.line(node, through);
    const next = await facts.line(node, through + 1);
    if (line === null) return `number ${through} of \`${node}\` is missing`;
    const head = hashLine(line);
    if (next !== null && parseLine(next)?.prev !== head)
      return `number ${through + 1} of \`${node}\` does not name the hash of the one before`;
    const { silent = true, checkpointLine = null } = nodes.get(node) ?? {};
    const signed = tombstones.find(
      ({ by, what, tombstone }) =>
        what === STORE_TRIMMED &&
        tombstone.node === node &&
        tombstone.through === through &&
        tombstone.head === head &&
        (by === node || silent),
    );
    const signedBy = signed?.tombstone.key ?? null;
    due.push({
      node,
      events: counts.get(node) ?? 0,
      through,
      head,
      signedBy,
      silent,
      checkpoint: checkpointLine,
    });
  }
  return due;
}

type Tombstones = readonly { readonly by: string; readonly what: string; readonly tombstone: Tombstone }[];

/** Tombstones of the store and of journals whose signature is good, by the key that signs their node's checkpoints. */
async function readTombstones(facts: StoreFacts, nodes: Nodes): Promise<Tombstones> {
  const found: Tombstones[number][] = [];
  for (const [what, readIt] of [
    [STORE_TRIMMED, readStoreTombstone],
    [TRIMMED, readTombstone],
  ] as const) {
    for (const line of await facts.told(what, 'ever')) {
      const read = gatewayDetail(line, what, (by, detail) => {
        const tombstone = readIt(by, detail);
        const key = parsePublicKey(String(detail['publicKey']));
        const good =
          tombstone !== null &&
          key !== null &&
          key.id === nodes.get(by)?.checkpoint?.key &&
          isTombstoneSignedBy(tombstone, key);
        return good ? { by, what, tombstone } : null;
      });
      if (read !== null) found.push(read);
    }
  }
  return found;
}

/** True when every node has signed. */
export function isSigned({ nodes }: DueDays): boolean {
  return nodes.every(({ signedBy }) => signedBy !== null);
}
