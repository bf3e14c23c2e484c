/** Events for other programs: the lines themselves, or their columns for a spreadsheet. */
import { parseLine } from '../journal/event-line.ts';
import { type EventColumns, eventColumns } from '../store/event-columns.ts';
import { ocsfEvent } from './ocsf-event.ts';

/** What `exportEvents` can write. */
export const EXPORT_FORMATS = ['jsonl', 'csv', 'ocsf'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const CSV_COLUMNS = [
  'node',
  'seq',
  'at',
  'kind',
  'request',
  'session',
  'who',
  'database',
  'objects',
  'action',
  'effect',
  'rule',
  'result',
  'code',
  'verb',
  'text',
] as const satisfies readonly (keyof EventColumns)[];

type Lines = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * Gives pieces of text, each ending with a line end. `jsonl` is byte for byte what the journal
 * has, so that an export can be verified. OCSF is one event of class 6005 a line. CSV is RFC 4180 with a header. Lines that are no events
 * are left out of both.
 */
export async function* exportEvents(lines: Lines, format: ExportFormat): AsyncGenerator<string> {
  if (format === 'csv') yield `${CSV_COLUMNS.join(',')}\r\n`;
  for await (const bytes of lines) {
    const line = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
    if (format === 'jsonl') {
      yield `${line}\n`;
      continue;
    }
    if (format === 'ocsf') {
      const text = ocsfEvent(line);
      if (text !== null) yield `${text}\n`;
      continue;
    }
    const event = parseLine(line);
    if (event === null) continue;
    const columns = eventColumns(event, line);
    yield `${CSV_COLUMNS.map((name) => csvCell(columns[name])).join(',')}\r\n`;
  }
}

/** SECURITY: spreadsheets run a cell that begins like a formula; an apostrophe makes it a text. Test: `defuses formulas in CSV`. */
function csvCell(value: string | number | readonly string[] | null): string {
  if (value === null) return '';
  const text = Array.isArray(value) ? value.join(' ') : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
