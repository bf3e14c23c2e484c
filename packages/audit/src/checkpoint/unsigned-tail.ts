/** Finds what of a node's files no checkpoint covers yet: the events behind the last one that does. */
import { readFileSync } from 'node:fs';
import { hashLine, parseLine } from '../journal/event-line.ts';
import { listSegments, type SegmentFile } from '../journal/segment-files.ts';
import { CHECKPOINT, readCheckpoint, SIGNING_KEY } from './checkpoint.ts';

export interface UnsignedTail {
  /** Number of the first event that is not signed. */
  readonly from: number;
  /** Hashes of the lines from there on. */
  readonly hashes: readonly string[];
  /** Id of the key that the newest events name, null for none. */
  readonly key: string | null;
  /** Number of the last checkpoint's own event, 0 for none. */
  readonly checkpoint: number;
}

/** Reads segments from the newest back to the one in which the last signed event lies; usually one. */
export function unsignedTail(dir: string, node: string): UnsignedTail {
  let hashes: readonly string[] = [];
  let oldest = 1;
  let key: string | null = null;
  let last: Signed | null = null;
  for (const file of listSegments(dir, node).toReversed()) {
    const segment = readSegment(file, node);
    hashes = [...segment.hashes, ...hashes];
    oldest = file.first;
    key ??= segment.key;
    last ??= segment.last;
    if (last !== null && last.to + 1 >= oldest) break;
  }
  const from = Math.max(oldest, last === null ? 1 : last.to + 1);
  return { from, hashes: hashes.slice(from - oldest), key, checkpoint: last?.seq ?? 0 };
}

interface Signed {
  readonly seq: number;
  readonly to: number;
}

interface Segment {
  readonly hashes: readonly string[];
  /** The last checkpoint inside. */
  readonly last: Signed | null;
  readonly key: string | null;
}

function readSegment({ path, first }: SegmentFile, node: string): Segment {
  const bytes = readFileSync(path);
  const hashes: string[] = [];
  let last: Signed | null = null;
  let key: string | null = null;
  for (let from = 0, end = bytes.indexOf(10); end !== -1; from = end + 1, end = bytes.indexOf(10, from)) {
    const line = bytes.subarray(from, end);
    hashes.push(hashLine(line));
    // Few lines are worth parsing; `body` begins right behind the chain's own fields.
    if (!line.subarray(0, HEAD_BYTES).includes('"body":{"kind":"gateway"')) continue;
    const body = parseLine(line.toString('utf8'))?.body;
    if (body?.kind !== 'gateway') continue;
    if (body.what === SIGNING_KEY) key = String(body.detail['key']);
    const checkpoint = body.what === CHECKPOINT ? readCheckpoint(node, body.detail) : null;
    if (checkpoint === null) continue;
    last = { seq: first + hashes.length - 1, to: checkpoint.to };
    key = checkpoint.key;
  }
  return { hashes, last, key };
}

/** No head of a line is longer. */
const HEAD_BYTES = 300;
