/**
 * Lines made ready for the store: in order, each number once, with the runs of numbers that follow
 * each other and what lies in which day.
 */
import { GatewayError } from '@gatehouse/model';
import { GENESIS, hashLine } from '../journal/event-line.ts';
import type { EventColumns } from './event-columns.ts';
import { eventDay, tomorrow } from './event-day.ts';
import { type EventReader, type OpenedEvent, readEvent } from './read-event.ts';

export interface BatchEvent {
  readonly columns: EventColumns;
  readonly day: string;
  readonly prev: string;
  /** False for a line that is not as a journal writes it. */
  readonly regular: boolean;
  /** Where it is to stand, when it had a place before. */
  readonly id: number | null;
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
export function openBatch(
  lines: readonly string[],
  now: number,
  ids?: readonly number[],
  read: EventReader = readEvent,
): Batch {
  const latest = tomorrow(now);
  const events = lines.map((line, index) => openEvent(read(line), line, latest, ids?.[index] ?? null));
  // A batch of a journal is in order.
  const inOrder = events.every(
    (event, index) => index === 0 || compareNumbers(events[index - 1]!.columns, event.columns) < 0,
  );
  return inOrder ? { events, repeated: 0, conflicts: [] } : sortBatch(events);
}

function sortBatch(all: readonly BatchEvent[]): Batch {
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

function openEvent(event: OpenedEvent | null, line: string, latest: string, id: number | null): BatchEvent {
  if (event === null) {
    throw new GatewayError('audit', 'line-malformed', 'expected the line of an event', {
      context: { bytes: Buffer.byteLength(line) },
    });
  }
  const { columns, prev, regular } = event;
  return { columns, day: eventDay(columns.at, latest), prev, regular, id };
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
  const runs: Writable<Run>[] = [];
  const broken: string[] = [];
  let run: Writable<Run> | undefined;
  for (const { columns, prev, regular } of events) {
    const { node, seq, line } = columns;
    const hash = hashLine(line);
    const follows = run?.node === node && run.last + 1 === seq;
    const linked = follows ? run!.hash === prev : seq !== 1 || prev === GENESIS;
    if (!linked || !regular) broken.push(nameOf(columns));
    if (follows) {
      run!.last = seq;
      run!.hash = hash;
    } else {
      run = { node, first: seq, last: seq, prev, hash };
      runs.push(run);
    }
  }
  return { runs, broken };
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Gives what of the events, which are in order, lies in which day. */
export function dayPartsOf(events: readonly BatchEvent[]): readonly DayPart[] {
  const parts = new Map<string, Writable<DayPart>>();
  let part: Writable<DayPart> | undefined;
  for (const { day, columns, id } of events) {
    const { node, seq, at } = columns;
    if (part?.day !== day || part.node !== node) {
      const key = `${day}/${node}`;
      const known = parts.get(key);
      part = known ?? {
        day,
        node,
        first: seq,
        last: seq,
        events: 0,
        oldest: id,
        newest: id,
        earliest: at,
        latest: at,
      };
      parts.set(key, part);
    }
    part.last = seq;
    part.events += 1;
    part.oldest = part.oldest === null || id === null ? null : Math.min(part.oldest, id);
    part.newest = part.newest === null || id === null ? null : Math.max(part.newest, id);
    if (at < part.earliest) part.earliest = at;
    if (at > part.latest) part.latest = at;
  }
  return [...parts.values()];
}
