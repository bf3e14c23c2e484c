/**
 * Inserts lines and looks whether they continue the chain of what the store has.
 *
 * Batches may come in any order, so each looks at both of its ends; whichever of two neighbours is
 * stored last sees the other. What does not fit is stored all the same: it is evidence. A hole is no
 * broken link; `verifyInfo` counts holes, and they close when what is missing arrives.
 */
import { GENESIS, hashLine } from '../journal/event-line.ts';
import type { AuditStore, InsertResult } from './audit-store.ts';

export interface LinkedResult extends InsertResult {
  /** Events that do not name the hash of the one before: `node/seq`. One of the two is not what a journal wrote. */
  readonly broken: readonly string[];
}

export type LinkedStore = Pick<AuditStore, 'insert' | 'lines'>;

/** Inserts once, all or none, and then compares. Throws what the store throws; the lines may be stored then. */
export async function insertLinked(store: LinkedStore, lines: readonly string[]): Promise<LinkedResult> {
  const result = await store.insert(lines);
  // What was not stored has nothing to fit into.
  const stored = lines.map(linkOf).filter(({ node, seq }) => !result.conflicts.includes(`${node}/${seq}`));
  const broken: string[] = [];
  for (const run of consecutiveRuns(stored)) broken.push(...(await brokenLinks(store, run)));
  return { ...result, broken };
}

interface Link {
  readonly node: string;
  readonly seq: number;
  /** Null in a line that is not as a journal writes it. */
  readonly prev: string | null;
  readonly line: string;
}

/** Only the beginning of a line is read: batches are large, and the store has parsed them already. */
function linkOf(line: string): Link {
  const match = /^\{"v":1,"node":"([^"]*)","seq":(\d{1,15}),"at":"[^"]*","prev":"([0-9a-f]{64})",/.exec(line);
  if (match !== null) return { node: match[1]!, seq: Number(match[2]), prev: match[3]!, line };
  const { node, seq } = JSON.parse(line) as { node: string; seq: number };
  return { node, seq, prev: null, line };
}

/** Lines whose numbers follow each other; a batch of a journal is one run. */
function consecutiveRuns(links: readonly Link[]): readonly (readonly Link[])[] {
  const runs: Link[][] = [];
  for (const link of links) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (last !== undefined && last.node === link.node && last.seq + 1 === link.seq) run!.push(link);
    else runs.push([link]);
  }
  return runs;
}

async function brokenLinks(store: LinkedStore, run: readonly Link[]): Promise<readonly string[]> {
  const { node, seq } = run[0]!;
  const [before, after] = await Promise.all([
    seq === 1 ? undefined : neighbour(store, node, seq - 1),
    neighbour(store, node, run.at(-1)!.seq + 1),
  ]);
  const chain = [before, ...run, after].filter((link) => link !== undefined);
  return chain
    .filter((link, index) => {
      const previous = chain[index - 1];
      if (previous === undefined) return link.prev === null || (link.seq === 1 && link.prev !== GENESIS);
      return link.prev !== hashLine(previous.line);
    })
    .map((link) => `${node}/${link.seq}`);
}

async function neighbour(store: LinkedStore, node: string, seq: number): Promise<Link | undefined> {
  const [line] = await store.lines(node, seq - 1, 1);
  const link = line === undefined ? undefined : linkOf(line);
  return link?.seq === seq ? link : undefined;
}
