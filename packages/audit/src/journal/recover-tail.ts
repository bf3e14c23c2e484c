/**
 * Finds where a journal ended and cuts off what a crash left half-written behind it.
 *
 * Only the end of the newest segment is looked at: everything before it was complete when the next
 * line was written. A line without line feed is cut silently, nobody was told that it is recorded.
 * Complete lines that are no events (a disk that lost pages) are put aside in a file
 * `….jsonl.cut-N` first, because they may be evidence.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { GatewayError } from '@gatehouse/model';
import { GENESIS, hashLine, parseLine } from './event-line.ts';
import { listSegments, type SegmentFile } from './segment-files.ts';

/** Where the next event goes. */
export interface RecoveredTail {
  readonly seq: number;
  /** Hash of the last line. */
  readonly hash: string;
  readonly segments: readonly SegmentFile[];
  /** Bytes that were cut off. */
  readonly cutBytes: number;
}

/** Gives the last good event of a node's journal after cutting. Throws GatewayError `journal-damaged` when no good event can be found where there must be one. */
export function recoverTail(dir: string, node: string): RecoveredTail {
  let cutBytes = 0;
  for (;;) {
    const segments = listSegments(dir, node);
    const last = segments.at(-1);
    if (last === undefined) return { seq: 0, hash: GENESIS, segments, cutBytes };
    const found = lastGoodLine(last, node);
    cutBytes += last.bytes - found.end;
    if (found.end < last.bytes) cutFile(last.path, found.end, found.aside);
    if (found.seq !== 0) {
      const { seq, hash } = found;
      return { seq, hash, segments: [...segments.slice(0, -1), { ...last, bytes: found.end }], cutBytes };
    }
    // An empty segment says nothing but its name; the one before has the last event.
    unlinkSync(last.path);
  }
}

interface GoodLine {
  readonly seq: number;
  readonly hash: string;
  /** Bytes up to and with the line feed of the good line. */
  readonly end: number;
  /** Complete lines behind it that are no events. */
  readonly aside: Buffer | null;
}

const BLOCK = 64 * 1024;

function lastGoodLine(segment: SegmentFile, node: string): GoodLine {
  const bytes = readTail(segment, node);
  const start = segment.bytes - bytes.length;
  let end = bytes.lastIndexOf(10) + 1;
  const complete = end;
  while (end > 0) {
    const from = end < 2 ? 0 : bytes.lastIndexOf(10, end - 2) + 1;
    const line = bytes.subarray(from, end - 1);
    const event = parseLine(line.toString('utf8'));
    if (event !== null && event.node === node && event.seq >= segment.first) {
      const aside = end < complete ? bytes.subarray(end) : null;
      return { seq: event.seq, hash: hashLine(line), end: start + end, aside };
    }
    end = from;
  }
  if (start > 0 || complete > 0) {
    throw new GatewayError(
      'audit',
      'journal-damaged',
      `no event can be read at the end of \`${segment.path}\``,
      {
        context: { path: segment.path },
      },
    );
  }
  return { seq: 0, hash: GENESIS, end: 0, aside: null };
}

/** Enough of the end to hold a good line, the whole segment if there is none. */
function readTail(segment: SegmentFile, node: string): Buffer {
  for (let length = BLOCK; ; length *= 8) {
    const size = Math.min(length, segment.bytes);
    const bytes = readAt(segment.path, segment.bytes - size, size);
    if (size === segment.bytes || hasGoodLine(bytes, node)) return bytes;
  }
}

function hasGoodLine(bytes: Buffer, node: string): boolean {
  const first = bytes.indexOf(10);
  if (first === -1) return false;
  const lines = bytes.toString('utf8', first + 1, bytes.lastIndexOf(10)).split('\n');
  return lines.some((line) => parseLine(line)?.node === node);
}

function readAt(path: string, position: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const fd = openSync(path, 'r');
  try {
    const read = size === 0 ? 0 : readSync(fd, bytes, 0, size, position);
    return bytes.subarray(0, read);
  } finally {
    closeSync(fd);
  }
}

function cutFile(path: string, end: number, aside: Buffer | null): void {
  if (aside !== null) writeAside(path, aside);
  const fd = openSync(path, 'r+');
  try {
    ftruncateSync(fd, end);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAside(path: string, bytes: Buffer): void {
  let number = 1;
  while (existsSync(`${path}.cut-${number}`)) number += 1;
  writeFileSync(`${path}.cut-${number}`, bytes, { flag: 'wx', mode: 0o600 });
}
