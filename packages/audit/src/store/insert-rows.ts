/**
 * Events as the parameters of one insert: a text for each column, its values separated by a character
 * that none of them holds. Taking them apart costs the database a tenth of what JSON does.
 */
import type { BatchEvent, DayPart, Run } from './event-batch.ts';
import { type EventColumns, withIntent } from './event-columns.ts';
import { BETWEEN_FACTS } from './event-facts.ts';
import { ROW_COLUMNS } from './schema.ts';
import { DAY_COLUMNS, RUN_COLUMNS } from './schema-functions.ts';

/** Separates the rows in a parameter. */
export const BETWEEN_ROWS = '\x1f';
const NULL = '\x1d';

export interface InsertedRows {
  readonly events: readonly BatchEvent[];
  readonly runs: readonly Run[];
  readonly parts: readonly DayPart[];
  /** Days whose partitions must be there. */
  readonly days: readonly string[];
}

/** Gives the texts that `INSERT_EVENTS` takes; what comes behind them is up to the caller. */
export function insertParameters(
  { events, runs, parts, days }: InsertedRows,
  factsOf: (row: EventColumns) => string,
): readonly string[] {
  return [
    ...ROW_COLUMNS.map((name) => joined(events, (event) => textOf(event, name, factsOf))),
    ...RUN_COLUMNS.map((name) => joined(runs, (run) => run[name])),
    ...DAY_COLUMNS.map((name) => joined(parts, (part) => part[name])),
    days.join(BETWEEN_ROWS),
  ];
}

function joined<T>(rows: readonly T[], textFor: (row: T) => string | number | null): string {
  let text = '';
  for (const [index, row] of rows.entries()) {
    if (index > 0) text += BETWEEN_ROWS;
    text += textFor(row) ?? NULL;
  }
  return text;
}

function textOf(
  { columns, day, id }: BatchEvent,
  name: (typeof ROW_COLUMNS)[number],
  factsOf: (row: EventColumns) => string,
): string | number | null {
  switch (name) {
    case 'id':
      return id;
    case 'day':
      return day;
    case 'facts':
      return factsOf(columns);
    case 'objects':
      return columns.objects.join(BETWEEN_FACTS);
    default:
      return columns[name];
  }
}

/** Requests of which only one of intent and outcome is in a batch. */
export interface ApartRequests {
  readonly intents: readonly string[];
  readonly outcomes: readonly string[];
}

/** Gives outcomes what their intents in the same batch say, and the requests of which only one of the two is there. */
export function joinInBatch(events: readonly BatchEvent[]): {
  readonly events: readonly BatchEvent[];
  readonly apart: ApartRequests;
} {
  const intents = new Map<string, EventColumns>();
  const alone = new Set<string>();
  const outcomes: string[] = [];
  for (const { columns } of events) {
    if (columns.kind !== 'intent' || columns.request === null) continue;
    intents.set(columns.request, columns);
    alone.add(columns.request);
  }
  const joinedEvents = events.map((event) => {
    const { columns } = event;
    if (columns.kind !== 'outcome' || columns.request === null) return event;
    const intent = intents.get(columns.request);
    if (intent === undefined) {
      outcomes.push(columns.request);
      return event;
    }
    alone.delete(columns.request);
    const { day, prev, regular, id } = event;
    return { columns: withIntent(columns, intent), day, prev, regular, id };
  });
  return { events: joinedEvents, apart: { intents: [...alone], outcomes } };
}
