/**
 * Lines made ready for the store: in order, each number once, with the runs of numbers that follow
 * each other and what lies in which day.
 */
import { GatewayError } from '@gatehouse/model';
import { GENESIS, hashLine, parseLine } from '../journal/event-line.ts';
import { type EventColumns, eventColumns } from './event-columns.ts';
import { eventDay } from './event-day.ts';

export interface BatchEvent {
  readonly columns: EventColumns;
  readonly day: string;
  readonly prev: string;
  /** False for a line that is not as a journal writes it. */
  readonly regular: boolean;
  /** Where it is to stand, when it had a place before. */
  readonly id?: number;
}

export interface Batch {
  readonly events: readonly BatchEvent[];
  /** How often a line came a second time. */
  readonly repeated: number;
  /** Lines that have the number of another one in the batch: `node/seq`. */
  readonly conflicts: readonly string[];
}

/** Numbers of one node without a hole. */
export interface Run {
  readonly node: string;
  readonly first: number;
  readonly last: number;
  /** What the first line names as the hash of the one before. */
  readonly prev: string;
  /** Of the last line. */
  readonly hash: string;
}

/** Events of one node in one day. */
export interface DayPart {
  readonly day: string;
  readonly node: string;
  readonly first: number;
  readonly last: number;
  readonly events: number;
  readonly oldest: number | null;
  readonly newest: number | null;
  readonly earliest: string;
  readonly latest: string;
}

/** Throws GatewayError `line-malformed`, kind `audit`, for a text that is no event. `now` is in milliseconds since 1970. */
export function openBatch(lines: readonly string[], now: number, ids?: readonly number[]): Batch {
  const all = lines.map((line, index) => openEvent(line, now, ids?.[index]));
  const sorted = all.toSorted((a, b) => compareNumbers(a.columns, b.columns));
  const events: BatchEvent[] = [];
  const conflicts: string[] = [];
  let repeated = 0;
  for (const event of sorted) {
    const before = events.at(-1);
    if (before === undefined || compareNumbers(before.columns, event.columns) !== 0) events.push(event);
    else if (before.columns.line === event.columns.line) repeated += 1;
    else conflicts.push(nameOf(event.columns));
  }
  return { events, repeated, conflicts };
}

function openEvent(line: string, now: number, id: number | undefined): BatchEvent {
  const event = parseLine(line);
  if (event === null) {
    throw new GatewayError('audit', 'line-malformed', 'expected the line of an event', {
      context: { bytes: Buffer.byteLength(line) },
    });
  }
  const { node, seq, at, prev } = event;
  const head = `{"v":1,"node":"${node}","seq":${seq},"at":"${at}","prev":"${prev}",`;
  const opened = { columns: eventColumns(event, line), day: eventDay(at, now), prev };
  return { ...opened, regular: line.startsWith(head), ...(id === undefined ? {} : { id }) };
}

function compareNumbers(a: EventColumns, b: EventColumns): number {
  if (a.node === b.node) return a.seq - b.seq;
  return a.node < b.node ? -1 : 1;
}

/** `node/seq`. */
export function nameOf({ node, seq }: Pick<EventColumns, 'node' | 'seq'>): string {
  return `${node}/${seq}`;
}

/** Gives the runs of events in order, and those inside that do not name the hash of the one before. */
export function runsOf(events: readonly BatchEvent[]): {
  readonly runs: readonly Run[];
  readonly broken: readonly string[];
} {
  const runs: Run[] = [];
  const broken: string[] = [];
  for (const { columns, prev, regular } of events) {
    const { node, seq, line } = columns;
    const hash = hashLine(line);
    const run = runs.at(-1);
    const follows = run?.node === node && run.last + 1 === seq;
    const linked = follows ? run.hash === prev : seq !== 1 || prev === GENESIS;
    if (!linked || !regular) broken.push(nameOf(columns));
    if (follows) runs[runs.length - 1] = { ...run, last: seq, hash };
    else runs.push({ node, first: seq, last: seq, prev, hash });
  }
  return { runs, broken };
}

/** Gives what of the events lies in which day. */
export function dayPartsOf(events: readonly BatchEvent[]): readonly DayPart[] {
  const parts = new Map<string, DayPart>();
  for (const { day, columns, id = null } of events) {
    const { node, seq, at } = columns;
    const key = `${day}/${node}`;
    const part = parts.get(key);
    parts.set(key, {
      day,
      node,
      first: part?.first ?? seq,
      last: seq,
      events: (part?.events ?? 0) + 1,
      oldest: part?.oldest == null || id === null ? id : Math.min(part.oldest, id),
      newest: part?.newest == null || id === null ? id : Math.max(part.newest, id),
      earliest: part === undefined || at < part.earliest ? at : part.earliest,
      latest: part === undefined || at > part.latest ? at : part.latest,
    });
  }
  return [...parts.values()];
}
