/**
 * The files of a journal: `NODE-000000000001.jsonl`, the number being the sequence number of the
 * first event inside. Names in order are events in order.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface SegmentFile {
  readonly path: string;
  /** Sequence number of the first event, from the name. */
  readonly first: number;
  readonly bytes: number;
}

/** A place between two lines of a journal. */
export interface JournalPosition {
  /** First sequence number of the segment, 0 before there is one. */
  readonly segment: number;
  /** Bytes of that segment before this place. */
  readonly offset: number;
  /** The last event before this place, 0 for none. */
  readonly seq: number;
}

/** Before the first event. */
export const JOURNAL_START: JournalPosition = { segment: 0, offset: 0, seq: 0 };

export function segmentPath(dir: string, node: string, first: number): string {
  return join(dir, `${node}-${String(first).padStart(12, '0')}.jsonl`);
}

/** Segments of a node in order. A name can hold the prefix of another node's, so it must fit entirely. */
export function listSegments(dir: string, node: string): readonly SegmentFile[] {
  return listNames(dir)
    .flatMap(({ name, node: owner, first }) => (owner === node ? [{ path: join(dir, name), first }] : []))
    .map(({ path, first }) => ({ path, first, bytes: statSync(path).size }))
    .sort((a, b) => a.first - b.first);
}

/** Nodes that have segments in a folder. */
export function listNodes(dir: string): readonly string[] {
  return [...new Set(listNames(dir).map(({ node }) => node))].sort();
}

function listNames(dir: string): { name: string; node: string; first: number }[] {
  return readdirSync(dir).flatMap((name) => {
    const match = /^(.+)-(\d{12,15})\.jsonl$/.exec(name);
    return match === null ? [] : [{ name, node: match[1]!, first: Number(match[2]) }];
  });
}
