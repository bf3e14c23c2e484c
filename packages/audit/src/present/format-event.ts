/** One event as one line for people: time, node, number, kind, who, verdict, and what it was about. */
import type { AuditBody, OutcomeBody } from '@gatehouse/model';
import { type AuditEvent, parseLine } from '../journal/event-line.ts';
import { eventColumns } from '../store/event-columns.ts';
import { createPaint, verdictColour } from './paint.ts';
import { shortened, visibleText } from './visible-text.ts';

export interface FormatOptions {
  readonly colour?: boolean;
  /** Characters of a line; 160 when absent. Texts are cut, nothing else. */
  readonly width?: number;
}

const WIDTHS = { node: 8, seq: 8, kind: 9, who: 16, verdict: 9 };

/** Gives one line without line feed. A text that is no event is shown as such. */
export function formatEvent(line: string, options: FormatOptions = {}): string {
  const event = parseLine(line);
  if (event === null) return `not an event: ${shortened(visibleText(line), 100)}`;
  const paint = createPaint(options.colour ?? false);
  const { who } = eventColumns(event, line);
  const time = event.at.replace('T', ' ').replace('Z', '');
  const verdict = verdictOf(event.body);
  const head = [
    paint('dim', time),
    column(event.node, WIDTHS.node),
    String(event.seq).padStart(WIDTHS.seq),
    column(event.body.kind, WIDTHS.kind),
    column(who ?? '', WIDTHS.who),
    paint(verdictColour(verdict), column(verdict, WIDTHS.verdict)),
  ].join('  ');
  const used = time.length + Object.values(WIDTHS).reduce((sum, width) => sum + width + 2, 0) + 2;
  const room = Math.max(20, (options.width ?? 160) - used);
  return `${head}  ${shortened(visibleText(aboutText(event, line)), room)}`.trimEnd();
}

function column(text: string, width: number): string {
  return shortened(visibleText(text), width).padEnd(width);
}

function verdictOf(body: AuditBody): string {
  switch (body.kind) {
    case 'intent':
      return String(body.decision?.effect ?? '');
    case 'outcome':
    case 'login':
      return String(body.result ?? '');
    default:
      return '';
  }
}

function aboutText(event: AuditEvent, line: string): string {
  const { body } = event;
  const { database, action, objects, rule, code, request, text, verb, session } = eventColumns(event, line);
  const parts = (...values: readonly (string | null)[]) =>
    values.filter((value) => value !== null && value !== '').join('  ');
  switch (body.kind) {
    case 'intent':
      return parts(request, database, `${action} ${objects.join(' ')}`.trim(), rule, text ?? verb);
    case 'outcome':
      return parts(request, code, formatCounts(body));
    case 'login':
      return parts(session, database, code, body.session?.clientAddress ?? null);
    case 'gateway':
      return parts(body.what, JSON.stringify(body.detail ?? {}));
    case 'violation':
      return parts(session, code, body.detail ?? null);
    default:
      return parts(session, code);
  }
}

/** `3 rows, 2 masked cells, 310 bytes in 4 ms`; what is zero is left out, except for rows. */
export function formatCounts(body: OutcomeBody): string {
  const { rows, affectedRows, maskedCells, bytes, durationMs } = body;
  const counts = [
    counted(rows, 'row'),
    affectedRows > 0 ? `${affectedRows} affected` : '',
    maskedCells > 0 ? counted(maskedCells, 'masked cell') : '',
    counted(bytes, 'byte'),
  ];
  return `${counts.filter((count) => count !== '').join(', ')} in ${Math.round(durationMs * 10) / 10} ms`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
