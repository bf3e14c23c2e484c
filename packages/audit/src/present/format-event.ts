/**
 * One event as one line for people.
 *
 *   12:00:02.000  permit      bot for ada       demo-4f2a-1     read public.customers  select id, …
 *   12:00:02.004  ok                            demo-4f2a-1     20 rows, 20 masked cells, 1840 bytes in 3.4 ms
 *
 * A narrow screen keeps what a person looks for: time, verdict, who, and what it was about. Only the
 * last column is cut; the id of a request is never, because `audit show` wants it.
 */
import type { AuditBody, GatewayBody, OutcomeBody } from '@gatehouse/model';
import { type AuditEvent, parseLine } from '../journal/event-line.ts';
import { eventColumns } from '../store/event-columns.ts';
import { type Colour, createPaint, verdictColour } from './paint.ts';
import { shortened, visibleText } from './visible-text.ts';

export interface FormatOptions {
  readonly colour?: boolean;
  /** Characters of a line, 160 when absent; below 60 it is 60. */
  readonly width?: number;
}

const VERDICT = 10;
const ID = 22;
/** From this width on each line has its date, node and number; from the smaller one on the id stands in a column. */
const WIDE = 150;
const MEDIUM = 110;

/** Gives one line without line feed. A text that is no event is shown as such. */
export function formatEvent(line: string, options: FormatOptions = {}): string {
  const width = Math.max(60, options.width ?? 160);
  const event = parseLine(line);
  if (event === null) return `not an event: ${shortened(visibleText(line), width - 14)}`;
  const paint = createPaint(options.colour ?? false);
  const { who, request, session } = eventColumns(event, line);
  const { text: verdict, colour } = verdictOf(event.body);
  const id = request ?? session ?? '';
  const cells: { readonly text: string; readonly colour?: Colour }[] = [
    { text: timeOf(event.at, width), colour: 'dim' },
    { text: column(verdict, VERDICT), colour },
    { text: column(who ?? '', width >= MEDIUM ? 18 : 12) },
  ];
  if (width >= WIDE) cells.splice(1, 0, { text: column(`${event.node} ${event.seq}`, 14), colour: 'dim' });
  // An id is never cut: one that is longer moves the rest of its line.
  if (width >= MEDIUM) cells.push({ text: visibleText(id).padEnd(ID) });
  const used = cells.reduce((sum, { text }) => sum + text.length + 2, 0);
  const head = cells.map((cell) => (cell.colour === undefined ? cell.text : paint(cell.colour, cell.text)));
  const about = visibleText(aboutText(event, line, width >= MEDIUM ? null : id));
  return `${head.join('  ')}  ${shortened(about, Math.max(20, width - used))}`.trimEnd();
}

function timeOf(at: string, width: number): string {
  if (width >= WIDE) return at.replace('T', ' ').replace('Z', '');
  return at.slice(11, width >= MEDIUM ? 23 : 19);
}

function column(text: string, width: number): string {
  return shortened(visibleText(text), width).padEnd(width);
}

interface Verdict {
  readonly text: string;
  readonly colour: Colour;
}

function verdictOf(body: AuditBody): Verdict {
  switch (body.kind) {
    case 'intent': {
      const effect = String(body.decision?.effect ?? 'intent');
      return { text: effect, colour: verdictColour(effect) };
    }
    case 'outcome': {
      const result = String(body.result ?? 'outcome');
      return { text: result, colour: verdictColour(result) };
    }
    case 'login':
      return {
        text: body.result === 'refused' ? 'refused' : 'login',
        colour: verdictColour(String(body.result)),
      };
    case 'violation':
      return { text: 'violation', colour: 'red' };
    default:
      return { text: kindOf(body), colour: 'dim' };
  }
}

function kindOf({ kind }: { readonly kind: string }): string {
  return kind;
}

/** `id` where it has no column of its own. */
function aboutText(event: AuditEvent, line: string, id: string | null): string {
  const { body } = event;
  const { database, action, objects, rule, code, text, verb } = eventColumns(event, line);
  const parts = (...values: readonly (string | null)[]) =>
    values.filter((value) => value !== null && value !== '').join('  ');
  switch (body.kind) {
    case 'intent': {
      const touches = `${action} ${objects.join(', ')}`.trim();
      // What was not permitted is read for its rule, the rest for what it was.
      if (body.decision?.effect !== 'permit') return parts(id, rule ?? code, touches, text ?? verb);
      return id === null ? parts(database, touches, rule, text ?? verb) : parts(id, text ?? verb);
    }
    case 'outcome':
      return parts(id, body.result === 'ok' ? null : code, formatCounts(body, id === null));
    case 'login':
      return parts(id, database, code, body.method ?? null, `from ${body.session?.clientAddress}`);
    case 'gateway':
      return parts(body.what, detailText(body));
    case 'violation':
      return parts(id, code, body.detail ?? null);
    case 'logout':
      return parts(id, code, `after ${counted(body.statements, 'statement')}`);
    default:
      return parts(id, code);
  }
}

/** What the gateway says of itself: `policies-loaded  revision b5768ae0`. */
function detailText({ what, detail }: GatewayBody): string {
  const { from, to, key, through, node } = detail ?? {};
  if (what === 'checkpoint') return `events ${from} to ${to} signed by ${String(key).slice(0, 8)}`;
  if (what === 'journal-trimmed') return `events up to ${through} were taken away`;
  if (what === 'witnessed') return `a checkpoint of ${node}`;
  return Object.entries(detail ?? {})
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('  ');
}

/** `3 rows, 2 masked cells, 310 bytes in 4 ms`; what is zero is left out, except for rows. */
export function formatCounts(body: OutcomeBody, withBytes = true): string {
  const { rows, affectedRows, maskedCells, bytes, durationMs } = body;
  if (body.result === 'denied') return 'nothing was sent';
  const counts = [
    counted(rows, 'row'),
    affectedRows > 0 ? `${affectedRows} affected` : '',
    maskedCells > 0 ? counted(maskedCells, 'masked cell') : '',
    withBytes ? counted(bytes, 'byte') : '',
  ];
  return `${counts.filter((count) => count !== '').join(', ')} in ${Math.round(durationMs * 10) / 10} ms`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
