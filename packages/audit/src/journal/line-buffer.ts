/**
 * The bytes of one batch: lines behind each other, each hashed where it stands.
 *
 * Text becomes bytes once, in memory that the next batch uses again: hashing a text costs three times
 * what hashing the same bytes does, and new memory for each batch costs more than both.
 */
import { hashLine } from './event-line.ts';

export interface LineBuffer {
  /** Forgets all lines. What `bytes` gave is overwritten from now on. */
  clear(): void;
  /** Adds a line and its line feed; gives the line's hash. */
  add(line: string): string;
  /** All lines, until `clear` is called. */
  bytes(): Buffer;
}

const START_BYTES = 64 * 1024;
/** One batch that was larger does not hold its memory for ever. */
const KEPT_BYTES = 1024 * 1024;
/** Of one UTF-16 unit as UTF-8. */
const MAX_BYTES_PER_UNIT = 3;
const LINE_FEED = 10;

export function createLineBuffer(): LineBuffer {
  let memory = Buffer.allocUnsafeSlow(START_BYTES);
  let used = 0;
  const reserve = (bytes: number) => {
    if (used + bytes <= memory.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * memory.length, used + bytes));
    memory.copy(larger, 0, 0, used);
    memory = larger;
  };
  return {
    clear() {
      used = 0;
      if (memory.length > KEPT_BYTES) memory = Buffer.allocUnsafeSlow(START_BYTES);
    },
    add(line) {
      reserve(line.length * MAX_BYTES_PER_UNIT + 1);
      const from = used;
      const to = from + memory.write(line, from);
      memory[to] = LINE_FEED;
      used = to + 1;
      return hashLine(memory.subarray(from, to));
    },
    bytes: () => memory.subarray(0, used),
  };
}
