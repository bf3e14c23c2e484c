/**
 * Puts lines behind each other into segment files, continuing numbers and chain.
 *
 * INVARIANT: the position, the chain and the sizes here always describe whole batches. After a
 * write that failed the file may be longer; `cutBack` must have succeeded before the next write.
 */
import * as fs from 'node:fs';
import { formatLine } from './event-line.ts';
import { createLineBuffer } from './line-buffer.ts';
import { recoverTail } from './recover-tail.ts';
import { type JournalPosition, type SegmentFile, segmentPath } from './segment-files.ts';

/** Writes bytes, which change afterwards, at a position of a file and gives how many were written; `fs.writeSync`, or what a test puts in its place. */
export type WriteFile = (fd: number, bytes: Buffer, position: number) => number;

export interface SegmentWriterOptions {
  readonly dir: string;
  readonly node: string;
  readonly segmentBytes: number;
  readonly write: WriteFile;
  /** Told about the file that is written to from now on; whoever is told closes it. */
  readonly onFile: (fd: number) => void;
  /** Told the hash of each line that is in the file now, in order. */
  readonly onLine?: (hash: string) => void;
}

/** An event without its place in the chain. */
export interface PendingEvent {
  readonly at: string;
  /** JSON text. */
  readonly body: string;
}

export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  readonly cutBytes: number;
  readonly #lines = createLineBuffer();
  #segments: SegmentFile[];
  #fd: number | null = null;
  #bytes: number;
  #hash: string;
  #written: JournalPosition;

  /** Takes up where the files of the node end. Throws GatewayError `journal-damaged`, and what the file system throws. */
  constructor(options: SegmentWriterOptions) {
    this.#options = options;
    const tail = recoverTail(options.dir, options.node);
    const last = tail.segments.at(-1);
    this.cutBytes = tail.cutBytes;
    this.#segments = [...tail.segments];
    this.#bytes = tail.segments.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#hash = tail.hash;
    this.#written = { segment: last?.first ?? 0, offset: last?.bytes ?? 0, seq: tail.seq };
    if (last !== undefined) this.#use(fs.openSync(last.path, 'r+'));
  }

  /** Behind the last event. */
  get written(): JournalPosition {
    return this.#written;
  }

  /** Of all segments. */
  get bytes(): number {
    return this.#bytes;
  }

  get segments(): number {
    return this.#segments.length;
  }

  /** Bytes of all segments before a position. */
  bytesBefore({ segment, offset }: JournalPosition): number {
    let before = offset;
    for (const { first, bytes } of this.#segments) if (first < segment) before += bytes;
    return before;
  }

  /** Writes events with one call where the system takes them in one. Throws what the file system throws; none of them counts then. */
  writeBatch(events: readonly PendingEvent[]): void {
    let { seq } = this.#written;
    let hash = this.#hash;
    const hashes: string[] = [];
    this.#lines.clear();
    for (const { at, body } of events) {
      seq += 1;
      hash = this.#lines.add(formatLine(this.#options.node, seq, at, hash, body));
      hashes.push(hash);
    }
    const bytes = this.#lines.bytes();
    this.#writeAll(this.#fileFor(bytes.length), bytes);
    const last = this.#segments.at(-1)!;
    const offset = last.bytes + bytes.length;
    this.#segments[this.#segments.length - 1] = { ...last, bytes: offset };
    this.#bytes += bytes.length;
    this.#hash = hash;
    this.#written = { segment: last.first, offset, seq };
    const { onLine } = this.#options;
    if (onLine !== undefined) for (const one of hashes) onLine(one);
  }

  /** Deletes the oldest segment, which must end with this event, and gives its size. The one that is written to stays. */
  dropOldest(through: number): number {
    const [oldest, next] = this.#segments;
    if (oldest === undefined || next?.first !== through + 1) {
      throw new Error(`no segment ends with number ${through}`);
    }
    fs.unlinkSync(oldest.path);
    this.#segments = this.#segments.slice(1);
    this.#bytes -= oldest.bytes;
    return oldest.bytes;
  }

  /** Removes what a failed write left behind; false when that failed too. */
  cutBack(): boolean {
    const last = this.#segments.at(-1);
    if (this.#fd === null || last === undefined) return true;
    try {
      fs.ftruncateSync(this.#fd, last.bytes);
      return true;
    } catch {
      return false;
    }
  }

  #writeAll(fd: number, bytes: Buffer): void {
    const start = this.#segments.at(-1)!.bytes;
    for (let done = 0; done < bytes.length; ) {
      const count = this.#options.write(fd, bytes.subarray(done), start + done);
      if (count <= 0) throw new Error('nothing was written');
      done += count;
    }
  }

  /** The current segment, or a new one when this many bytes would make it too long. */
  #fileFor(bytes: number): number {
    const { dir, node, segmentBytes } = this.#options;
    const last = this.#segments.at(-1);
    const fits = last !== undefined && (last.bytes === 0 || last.bytes + bytes <= segmentBytes);
    if (fits && this.#fd !== null) return this.#fd;
    const first = this.#written.seq + 1;
    const path = segmentPath(dir, node, first);
    const fd = fs.openSync(path, 'wx+', 0o600);
    this.#use(fd);
    this.#segments.push({ path, first, bytes: 0 });
    return fd;
  }

  #use(fd: number): void {
    this.#fd = fd;
    this.#options.onFile(fd);
  }
}
