/**
 * Adds events to the store, each number once, and looks whether they continue the chain.
 *
 *   lines ──> runs ──> known? ──no──> added ──> an outcome apart from its intent learns from it
 *                         └──yes──> the same line? nothing to do. another? the first stays.
 *                                   no row, and not taken away on purpose? put back.
 *
 * Batches come in any order and several times. The chain is compared at both ends of each run, by the
 * one of two neighbours that is stored last; a hole is no broken link.
 */
import { hashLine, parseLine } from '../journal/event-line.ts';
import type { InsertResult } from './audit-store.ts';
import { type BatchEvent, dayPartsOf, nameOf, openBatch, type Run, runsOf } from './event-batch.ts';
import { dayAfter, dayOf, tomorrow } from './event-day.ts';
import { createFactsOf } from './event-facts.ts';
import { type ApartRequests, insertParameters, joinInBatch } from './insert-rows.ts';
import { DAYS_AT_ONCE, inDays } from './over-days.ts';
import { readDays } from './read-days.ts';
import { createEventReader } from './read-event.ts';
import { readTrims } from './retention-facts.ts';
import { DAYS, TABLE } from './schema.ts';
import { INSERT_EVENTS, joinOutcomes } from './schema-functions.ts';
import type { RunSql } from './sql-connection.ts';

/** How long after its intent an outcome is still given what that says. */
const LONGEST_STATEMENT_DAYS = 31;

export interface WriteOptions {
  /** Places that the events had before, in the order of the lines. */
  readonly ids?: readonly number[];
}

/** Adds lines. Throws GatewayError `line-malformed` for a text that is no event, and then adds none. */
export type EventWriter = (lines: readonly string[], options?: WriteOptions) => Promise<InsertResult>;

export function createEventWriter(run: RunSql): EventWriter {
  const factsOf = createFactsOf();
  const read = createEventReader();

  const add = async (events: readonly BatchEvent[], again: boolean): Promise<Added> => {
    const { runs, broken } = runsOf(events);
    const { events: rows, apart } = joinInBatch(events);
    const parts = dayPartsOf(rows);
    const days = [...new Set([...parts.map(({ day }) => day), tomorrow(Date.now())])];
    const told = await run(
      INSERT_EVENTS,
      ...insertParameters({ events: rows, runs, parts, days }, factsOf),
      again,
    );
    const known = told.filter(({ what }) => what === 'known').map(rangeOf);
    if (known.length > 0) return { known, broken: [] };
    await joinApart(run, apart, [...new Set(parts.map(({ day }) => day))].sort());
    const links = told.filter(({ what }) => what === 'broken').map(rangeOf);
    return { known, broken: [...broken, ...links.map(({ node, first }) => `${node}/${first}`)] };
  };

  const putBack = async (events: readonly BatchEvent[]): Promise<readonly string[]> => {
    const { runs } = runsOf(events);
    const { broken } = await add(events, true);
    const around: string[] = [];
    for (const one of runs) around.push(...(await brokenAround(run, one)));
    return [...broken, ...around];
  };

  return async (lines, { ids } = {}) => {
    const batch = openBatch(lines, Date.now(), ids, read);
    let result: InsertResult = {
      inserted: 0,
      duplicates: batch.repeated,
      conflicts: batch.conflicts,
      broken: [],
    };
    let left = batch.events;
    while (left.length > 0) {
      const { known, broken } = await add(left, false);
      if (known.length === 0) {
        return { ...result, inserted: result.inserted + left.length, broken: [...result.broken, ...broken] };
      }
      const isKnown = ({ columns }: BatchEvent) => known.some((range) => isInside(columns, range));
      const { duplicates, conflicts, lost } = await compareKnown(run, left.filter(isKnown));
      result = {
        inserted: result.inserted + lost.length,
        duplicates: result.duplicates + duplicates,
        conflicts: [...result.conflicts, ...conflicts],
        broken: lost.length === 0 ? result.broken : [...result.broken, ...(await putBack(lost))],
      };
      left = left.filter((event) => !isKnown(event));
    }
    return result;
  };
}

interface Added {
  /** Numbers that are there already; nothing was added then. */
  readonly known: readonly Range[];
  readonly broken: readonly string[];
}

interface Range {
  readonly node: string;
  readonly first: number;
  readonly last: number;
}

function rangeOf(row: Readonly<Record<string, unknown>>): Range {
  return { node: String(row['of_node']), first: Number(row['of_first']), last: Number(row['of_last']) };
}

function isInside({ node, seq }: { readonly node: string; readonly seq: number }, range: Range): boolean {
  return node === range.node && seq >= range.first && seq <= range.last;
}

/** Intents and outcomes that came in different batches. Most of them stand in the days of this one: a query over few partitions is made ten times as fast. */
async function joinApart(
  run: RunSql,
  { intents, outcomes }: ApartRequests,
  days: readonly string[],
): Promise<void> {
  if (intents.length + outcomes.length === 0) return;
  const today = dayOf(Date.now());
  // What ended after midnight is here already only if that has passed.
  const endDays = [...days, dayAfter(days.at(-1)!)].filter((day) => days.includes(day) || day <= today);
  const rows = await run(joinOutcomes(endDays, days), [...intents, ...outcomes]);
  const joined = new Set(rows.map((row) => row['request']));
  const missing = outcomes.filter((request) => !joined.has(request));
  if (missing.length === 0) return;
  // The intent is still on its way, or the statement ran over midnight or for days.
  const before = Array.from({ length: LONGEST_STATEMENT_DAYS }, (_, index) => dayAfter(days[0]!, -1 - index));
  const known = new Set((await readDays(run)).days.map(({ day }) => day));
  const earlier = before.filter((day) => known.has(day));
  if (earlier.length > 0) await run(joinOutcomes(days, earlier), missing);
}

interface Compared {
  readonly duplicates: number;
  readonly conflicts: readonly string[];
  /** Known, and neither there nor taken away on purpose. */
  readonly lost: readonly BatchEvent[];
}

async function compareKnown(run: RunSql, events: readonly BatchEvent[]): Promise<Compared> {
  const kept = await keptLines(
    run,
    events.map(({ columns: { node, seq } }) => ({ node, seq })),
  );
  const trimmed = await readTrims(run);
  let duplicates = 0;
  const conflicts: string[] = [];
  const lost: BatchEvent[] = [];
  for (const event of events) {
    const { columns } = event;
    const line = kept.get(nameOf(columns));
    if (line === columns.line) duplicates += 1;
    else if (line !== undefined) conflicts.push(nameOf(columns));
    else if (columns.seq <= (trimmed.get(columns.node) ?? 0)) duplicates += 1;
    else lost.push(event);
  }
  return { duplicates, conflicts, lost };
}

/** What the store has under these numbers, wherever it lies, by `node/seq`. */
async function keptLines(
  run: RunSql,
  numbers: readonly { readonly node: string; readonly seq: number }[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = JSON.stringify(numbers);
  const parts = `select node, min(seq) as first, max(seq) as last from json_to_recordset($1::json) as r (node text, seq bigint) group by node`;
  const days = await run(
    `select distinct to_char(d.day, 'YYYY-MM-DD') as day from ${DAYS} d join (${parts}) w
      on d.node = w.node and d.first <= w.last and d.last >= w.first order by day`,
    wanted,
  );
  const kept = new Map<string, string>();
  for (let from = 0; from < days.length; from += DAYS_AT_ONCE) {
    const some = days.slice(from, from + DAYS_AT_ONCE).map(({ day }) => String(day));
    const rows = await run(
      `select e.node, e.seq, e.line from ${TABLE} e
        join json_to_recordset($1::json) as r (node text, seq bigint) using (node, seq) where ${inDays('e', some)}`,
      wanted,
    );
    for (const row of rows) kept.set(`${row['node']}/${row['seq']}`, String(row['line']));
  }
  return kept;
}

/** Compares a run that was put back with the rows around it. */
async function brokenAround(run: RunSql, { node, first, last, prev, hash }: Run): Promise<readonly string[]> {
  const neighbours = [first - 1, last + 1].map((seq) => ({ node, seq }));
  const kept = await keptLines(run, neighbours);
  const before = kept.get(`${node}/${first - 1}`);
  const behind = kept.get(`${node}/${last + 1}`);
  return [
    ...(before !== undefined && hashLine(before) !== prev ? [`${node}/${first}`] : []),
    ...(behind !== undefined && parseLine(behind)?.prev !== hash ? [`${node}/${last + 1}`] : []),
  ];
}
