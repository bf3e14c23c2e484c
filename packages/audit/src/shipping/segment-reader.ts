/**
 * Reads a journal's lines in batches from a position on, while it is being written.
 *
 * The reader never looks beyond the position that it is given as end: what is behind it may be
 * taken back. It checks nothing; see verify-journal.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { GatewayError } from '@gatehouse/model';
import { type JournalPosition, listSegments } from '../journal/segment-files.ts';

export interface LineBatch {
  readonly lines: readonly string[];
  /** Sequence number of the first line. */
  readonly first: number;
  /** Behind the last line. */
  readonly end: JournalPosition;
}

export interface BatchLimits {
  readonly maxEvents: number;
  /** Of the lines; a longer single line makes a batch of its own. */
  readonly maxBytes: number;
}

export interface SegmentReader {
  /** Gives the lines after `from`, or null when there are none before `end`. Throws GatewayError `journal-unreadable`. */
  read(from: JournalPosition, end: JournalPosition, limits: BatchLimits): Promise<LineBatch | null>;
  close(): Promise<void>;
}

interface OpenSegment {
  readonly first: number;
  readonly path: string;
  readonly file: FileHandle;
}

export function openSegmentReader(dir: string, node: string): SegmentReader {
  let current: OpenSegment | null = null;

  const close = async () => {
    const open = current;
    current = null;
    await open?.file.close();
  };
  /** The segment in which a position lies, or the next one behind it. The folder is listed once per segment: it may hold the files of years. */
  const find = async (at: JournalPosition, end: JournalPosition): Promise<OpenSegment> => {
    if (current?.first === at.segment) return current;
    const segment = listSegments(dir, node).find(({ first }) => first >= at.segment);
    if (segment === undefined || segment.first > end.segment) throw unreadable(dir, at);
    await close();
    const { first, path } = segment;
    current = { first, path, file: await open(path, 'r') };
    return current;
  };
  const read = async (
    from: JournalPosition,
    end: JournalPosition,
    limits: BatchLimits,
  ): Promise<LineBatch | null> => {
    let at = from;
    while (at.segment < end.segment || (at.segment === end.segment && at.offset < end.offset)) {
      const { first, path, file } = await find(at, end);
      if (first > at.segment) at = { segment: first, offset: 0, seq: first - 1 };
      const stop = first === end.segment ? end.offset : (await file.stat()).size;
      if (at.offset < stop) return takeLines(file, at, stop, limits, path);
      at = { segment: first + 1, offset: 0, seq: at.seq };
    }
    return null;
  };
  return {
    read: (from, end, limits) =>
      read(from, end, limits).catch((cause: unknown) => {
        throw cause instanceof GatewayError ? cause : unreadable(dir, from, cause);
      }),
    close,
  };
}

async function takeLines(
  file: FileHandle,
  at: JournalPosition,
  stop: number,
  limits: BatchLimits,
  path: string,
): Promise<LineBatch> {
  for (let size = limits.maxBytes; ; size *= 4) {
    const length = Math.min(size, stop - at.offset);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, at.offset);
    const bytes = buffer.subarray(0, bytesRead);
    const lines: string[] = [];
    let offset = 0;
    for (let next = bytes.indexOf(10); next !== -1 && lines.length < limits.maxEvents; ) {
      lines.push(bytes.toString('utf8', offset, next));
      offset = next + 1;
      next = bytes.indexOf(10, offset);
    }
    if (lines.length > 0) {
      const end = { segment: at.segment, offset: at.offset + offset, seq: at.seq + lines.length };
      return { lines, first: at.seq + 1, end };
    }
    if (bytesRead < length || length === stop - at.offset) throw unreadable(path, at);
  }
}

function unreadable(path: string, at: JournalPosition, cause?: unknown): GatewayError {
  return new GatewayError(
    'audit',
    'journal-unreadable',
    `expected an event behind number ${at.seq} in \`${path}\``,
    {
      context: { path, segment: at.segment, offset: at.offset },
      cause,
    },
  );
}
