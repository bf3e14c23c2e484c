/** How far a node's events have come, read from the files of its journal without the process that writes them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseLine } from '../journal/event-line.ts';
import { listSegments } from '../journal/segment-files.ts';
import { readCursor } from './cursor-file.ts';

export interface JournalStages {
  /** Last event in the files. */
  readonly written: number;
  /** Last event that is in the queue for good, or in the store without one. */
  readonly passedOn: number;
  /** Last event that each sink has, by the sink's name. */
  readonly sinks: ReadonlyMap<string, number>;
}

/** Gives zeros for a node without a journal. Cursors are written about once a second. */
export function readStages(dir: string, node: string): JournalStages {
  let names: readonly string[];
  try {
    names = readdirSync(dir);
  } catch {
    return { written: 0, passedOn: 0, sinks: new Map() };
  }
  const prefix = `${node}.`;
  const sinks = names
    .filter((name) => name.startsWith(prefix) && name.endsWith('.cursor') && name !== `${node}.cursor`)
    .map((name) => [name.slice(prefix.length, -'.cursor'.length), readCursor(join(dir, name)).seq] as const);
  return {
    written: lastSeq(dir, node),
    passedOn: readCursor(join(dir, `${node}.cursor`)).seq,
    sinks: new Map(sinks),
  };
}

function lastSeq(dir: string, node: string): number {
  for (const { path } of listSegments(dir, node).toReversed()) {
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    const event = lines.length === 0 ? null : parseLine(lines.at(-1)!);
    if (event !== null) return event.seq;
  }
  return 0;
}
